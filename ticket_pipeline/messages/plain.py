"""Texts of others, made fit to be shown: one line, no control characters, not too long; links that are only links."""

import re
import unicodedata
from urllib.parse import urlsplit

#: Control, format (bidi tricks), private use, surrogates, unassigned.
_UNSEEN = {"Cc", "Cf", "Co", "Cs", "Cn"}
#: What joins letters and pictures of several signs.
_JOINERS = {"\u200c", "\u200d"}
#: What mail programs make a link of: somebody else may have put it where a name belongs.
_LINK = re.compile(r"[/\\@:]|\w{2}\.\w{2}")
#: A line of a mail holds 998 letters.
_LONGEST_LINK = 900
_LONGEST_NAME = 80


def one_line(text: str, limit: int) -> str:
    """Fold white space to single spaces, drop what cannot be seen, and cut to `limit` characters, ending in `…`."""
    if len(text) <= limit and text.isprintable() and "  " not in text:
        return text.strip()
    # What is cut anyway need not be looked at.
    looked_at = text[: limit * 4 + 100]
    seen = "".join(_shown(character) for character in looked_at)
    folded = " ".join(seen.split())
    return folded if len(folded) <= limit else _cut(folded, limit - 1) + "…"


def name_of(text: str | None) -> str | None:
    """Give a person's name as it may stand in a greeting; None where there is none, or a link pretends to be one."""
    name = one_line(text or "", _LONGEST_NAME)
    return None if not name or _LINK.search(name) else name


def safe_link(url: str | None) -> str | None:
    """Give the address if it is one of http or https and can stand in a message; None for anything else."""
    if not url or len(url) > _LONGEST_LINK or not url.isprintable() or set(url) & set(' "<>\\^`{|}'):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.hostname else None


def _shown(character: str) -> str:
    if character.isspace():
        return " "
    return "" if unicodedata.category(character) in _UNSEEN and character not in _JOINERS else character


def _cut(text: str, end: int) -> str:
    """Cut, never between a letter and its accents."""
    while end and (unicodedata.combining(text[end]) or text[end] in _JOINERS or text[end - 1] in _JOINERS):
        end -= 1
    return text[:end].rstrip()
