"""The pages, and the blocks of code in them, in their order."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block of code."""

    page: str
    line: int
    language: str
    #: The file that the block is, as in ```yaml pipeline.yaml; none where it is only shown.
    file: str | None
    text: str

    @property
    def place(self) -> str:
        """Name it, for messages and test ids."""
        return f"{self.page}:{self.line}"


@dataclass(frozen=True, kw_only=True)
class Command:
    """What is typed at a prompt, and what is shown to come of it."""

    place: str
    typed: str
    shown: str


@cache
def blocks(page: Path) -> tuple[Block, ...]:
    """Read a page's blocks."""
    return tuple(_blocks(page))


def _blocks(page: Path) -> Iterator[Block]:
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        if token.type not in {"fence", "code_block"} or token.map is None:
            continue
        language, _, file = token.info.strip().partition(" ")
        yield Block(
            page=page.name, line=token.map[0] + 1, language=language, file=file.strip() or None, text=token.content
        )


def every_block() -> list[Block]:
    """List the blocks of all pages."""
    return [block for page in PAGES for block in blocks(page)]


def commands(block: Block) -> Iterator[Command]:
    """Read what is typed in a console block: lines that begin with `$ `, and `> ` for those that go on."""
    typed: list[str] = []
    shown: list[str] = []
    begun = 0
    for number, line in enumerate(block.text.splitlines(), block.line + 1):
        if line.startswith("$ "):
            if typed:
                yield _command(block, begun, typed, shown)
            typed, shown, begun = [line[2:]], [], number
        elif line.startswith("> ") and not shown:
            typed.append(line[2:])
        else:
            assert typed, f"{block.page}:{number}: output before any command"
            shown.append(line)
    if typed:
        yield _command(block, begun, typed, shown)


def _command(block: Block, line: int, typed: list[str], shown: list[str]) -> Command:
    return Command(place=f"{block.page}:{line}", typed="\n".join(typed), shown="\n".join(shown).strip())
