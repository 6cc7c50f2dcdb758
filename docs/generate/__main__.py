"""Write the generated parts of all pages anew, or say which are out of date (`--check`)."""

import sys
from pathlib import Path

from docs.generate.pages import renewed

PAGES = Path(__file__).parent.parent


def main() -> int:
    """Go through the pages; with `--check` nothing is written."""
    stale = {
        page: text for page in sorted(PAGES.glob("*.md")) if (text := renewed(page.read_text())) != page.read_text()
    }
    for page, text in stale.items():
        if "--check" in sys.argv:
            sys.stderr.write(f"{page.name}: a generated part is out of date; run `make docs`\n")
        else:
            page.write_text(text)
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
