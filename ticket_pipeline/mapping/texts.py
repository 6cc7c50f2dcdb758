"""The transforms that make text of text: text, markdown, lower, upper, slug."""

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from ticket_pipeline.mapping.transform import Transform
from ticket_pipeline.mapping.values import as_text
from ticket_pipeline.mapping.view import FieldType, Source

#: A backslash where every Markdown knows it, an entity elsewhere.
_INLINE = str.maketrans(
    {mark: f"\\{mark}" for mark in "\\`*_{}[]()!"}
    | {mark: f"&#{ord(mark)};" for mark in "~|"}
    | {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
)
_BLOCK_START = re.compile(r"^(?:([#+=:-])|(\d{1,9})\.(?=\s|$))")


@dataclass(frozen=True, kw_only=True)
class Text(Transform):
    """Make text; longer than `limit` characters it is cut and ends with `ellipsis`, within the limit."""

    takes: ClassVar[frozenset[FieldType]] = frozenset({"text", "decimal", "integer", "boolean", "instant"})
    limit: int | None = None
    ellipsis: str = "…"

    def __post_init__(self) -> None:
        """Refuse a limit that leaves no room, with a ValueError."""
        if self.limit is not None and self.limit <= len(self.ellipsis):
            raise ValueError(f"limit must be more than the ellipsis is long, not {self.limit}")

    def __call__(self, value: object, _: Source) -> str:
        """Write the value and cut it, never between a letter and its accents."""
        text = as_text(value)
        if self.limit is None or len(text) <= self.limit:
            return text
        end = self.limit - len(self.ellipsis)
        while end and (_joins(text[end]) or text[end - 1] == "\u200d"):
            end -= 1
        return text[:end].rstrip() + self.ellipsis


def _joins(character: str) -> bool:
    """Whether a character belongs to the one before it."""
    return unicodedata.category(character) in {"Mn", "Me", "Mc"} or character == "\u200d"


@dataclass(frozen=True, kw_only=True)
class Markdown(Transform):
    """Escape plain text so that Markdown shows it letter by letter, line breaks included."""

    def __call__(self, value: object, _: Source) -> str:
        """Escape line by line."""
        lines = [_escape(line) for line in as_text(value).splitlines()]
        ends = ["  \n" if line and after else "\n" for line, after in pairwise(lines)]
        return "".join(line + end for line, end in zip(lines, [*ends, ""], strict=False))


def _escape(line: str) -> str:
    return _BLOCK_START.sub(_escape_start, line.strip().translate(_INLINE))


def _escape_start(found: re.Match[str]) -> str:
    return f"&#{ord(found[1])};" if found[1] else f"{found[2]}&#46;"


@dataclass(frozen=True, kw_only=True)
class Lower(Transform):
    """Make small letters."""

    def __call__(self, value: object, _: Source) -> str:
        """Make small letters."""
        return as_text(value).lower()


@dataclass(frozen=True, kw_only=True)
class Upper(Transform):
    """Make capital letters."""

    def __call__(self, value: object, _: Source) -> str:
        """Make capital letters."""
        return as_text(value).upper()


@dataclass(frozen=True, kw_only=True)
class Slug(Transform):
    """Make a word for addresses: small letters and digits parted by hyphens; accents go, other scripts stay."""

    def __call__(self, value: object, _: Source) -> str:
        """Make the word."""
        letters = unicodedata.normalize("NFKD", as_text(value).lower())
        bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
        return re.sub(r"[\W_]+", "-", bare).strip("-")
