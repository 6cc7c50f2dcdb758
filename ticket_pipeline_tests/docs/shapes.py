"""Whether an output has the shape that a page shows: numbers, ids and what is left out may differ, no exit status."""

import re

_GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
#: What may differ, and what it may be; the first that is found counts.
_MEANS = {
    "exit": None,
    "rest": r"(?:.*(?:\n|$))*?",
    "some": r".*?",
    "guid": _GUID,
    "number": r"[\d.,:-]+",
    "end": r"[^\S\n]*\n\s*",
    "space": r"[^\S\n]+",
}
_LOOKS = {
    "exit": r"exit status \d+",
    "rest": r"^…$\n?",
    "some": r"…",
    "guid": _GUID,
    "number": r"\d[\d.,:-]*",
    "end": r"[^\S\n]*\n\s*",
    "space": r"[^\S\n]+",
}
_PIECE = re.compile("|".join(f"(?P<{name}>{look})" for name, look in _LOOKS.items()), re.MULTILINE)


def fits(shown: str, output: str) -> bool:
    """Compare; nothing shown fits anything, `…` stands for the rest of a line, alone for any lines."""
    return not shown or re.fullmatch(_pattern(shown), output.strip()) is not None


def _pattern(shown: str) -> str:
    found, end = [], 0
    for piece in _PIECE.finditer(shown):
        found += [re.escape(shown[end : piece.start()]), _MEANS[piece.lastgroup or ""] or re.escape(piece[0])]
        end = piece.end()
    return "".join([*found, re.escape(shown[end:])])
