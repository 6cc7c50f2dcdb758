"""Sentences about unknown words, so that a slip of the pen is mended at once."""

import difflib
from collections.abc import Iterable


def unknown(what: str, word: object, allowed: Iterable[str]) -> str:
    """Say that a word is unknown, which one was probably meant, and which are allowed."""
    words = list(allowed)
    near = difflib.get_close_matches(str(word), words, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"unknown {what} {str(word)!r}; {hint}allowed: {', '.join(words)}"
