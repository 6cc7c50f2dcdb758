"""Markdown, as the generated parts need it."""

import re
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def code(text: str) -> str:
    """Write text in the letters of a machine."""
    return f"`{text}`" if text else ""


def sentence(text: str) -> str:
    """Write text with a capital at its beginning; signs mean something to Markdown between backticks only."""
    first = text.split(" ", 1)[0]
    if first.rstrip(",;").isalpha():
        text = text[:1].upper() + text[1:]
    return _OUTSIDE_CODE.sub(lambda found: _escaped(found[0]), text)


_OUTSIDE_CODE = re.compile(r"[^`]+(?=(?:[^`]*`[^`]*`)*[^`]*$)")


def _escaped(text: str) -> str:
    return re.sub(r"([<*_])", r"\\\1", text)
