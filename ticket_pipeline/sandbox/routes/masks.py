"""Field masks: which parts of an entity a caller asks for."""

from collections.abc import Sequence
from typing import Any

from ticket_pipeline.sandbox.refusals import Violation, invalid, required, wrong_format


def read_mask(given: Any, allowed: Sequence[str], *, most: int, field: str = "fields") -> frozenset[str]:
    """Read a mask.

    Raises:
        Refusal: 400, unknown or too many names.
    """
    if given is None:
        return frozenset()
    if not isinstance(given, list):
        raise invalid([wrong_format(field, "must be an array")])
    if len(given) > most:
        said = f"has size {len(given)}, expected {most} or less"
        raise invalid([Violation(field=field, description=said, rule="MAX_SIZE", threshold=most)])
    unknown = [required(f"{field}[{i}]") for i, name in enumerate(given) if name not in allowed]
    if unknown:
        raise invalid(unknown)
    return frozenset(given)
