"""Generated parts of a page: what stands between `<!-- generated: NAME -->` and `<!-- end -->`."""

import re
from collections.abc import Callable, Mapping

from docs.generate import commands, mapping, settings

_PART = re.compile(r"(?P<head><!-- generated: (?P<name>[^\n]+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)

#: What can be generated; a name that ends with a dot takes the rest of the name as its argument.
PARTS: Mapping[str, Callable[..., str]] = {
    "commands": commands.reference,
    "mapping paths": mapping.paths,
    "mapping options": mapping.option_paths,
    "mapping converters": mapping.converters,
    "mapping default ": mapping.default,
    "settings pipeline": settings.pipeline,
    "settings ": settings.kind,
}


def renewed(text: str) -> str:
    """Give the page with its generated parts as the code has them now."""
    return _PART.sub(lambda found: f"{found['head']}\n{_made(found['name'])}\n\n{found['end']}", text)


def generated(text: str) -> list[str]:
    """List the names of a page's generated parts."""
    return [found["name"] for found in _PART.finditer(text)]


def _made(name: str) -> str:
    if name in PARTS:
        return PARTS[name]().strip()
    stem = next(each for each in PARTS if each.endswith(" ") and name.startswith(each))
    return PARTS[stem](name.removeprefix(stem)).strip()
