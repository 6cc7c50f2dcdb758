"""Figures, and the targets they are held against (pure)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Target:
    """A bound on a figure; just one of the two."""

    at_least: float | None = None
    at_most: float | None = None

    def __str__(self) -> str:
        """Write it as people do."""
        return f">= {self.at_least:g}" if self.at_least is not None else f"<= {self.at_most:g}"

    def met_by(self, value: float) -> bool:
        """Tell whether a figure is good enough."""
        low = self.at_least is None or value >= self.at_least
        return low and (self.at_most is None or value <= self.at_most)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the report; `met` is None where nothing was promised."""

    name: str
    value: Any
    target: Target | None = None

    @property
    def met(self) -> bool | None:
        """Tell whether the target was met; a figure that is missing, or no number, meets nothing."""
        if self.target is None:
            return None
        number = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        return bool(number) and self.target.met_by(self.value)


def rows(figures: Mapping[str, Any], targets: Mapping[str, Target]) -> list[Row]:
    """Lay figures out line by line; a target's name is a dotted path and may hold `*`.

    A target whose figure is not there is a line too: it was not met.
    """
    found = list(_flat(figures, ""))
    lines = [Row(name=name, value=value, target=_target_of(name, targets)) for name, value in found]
    names = [name for name, _ in found]
    absent = [each for each in targets if not any(fnmatchcase(name, each) for name in names)]
    return lines + [Row(name=each, value="not measured", target=targets[each]) for each in absent]


def missed(lines: Sequence[Row]) -> list[Row]:
    """Pick the lines whose target was not met."""
    return [line for line in lines if line.met is False]


def _flat(figures: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _target_of(name: str, targets: Mapping[str, Target]) -> Target | None:
    return next((target for pattern, target in targets.items() if fnmatchcase(name, pattern)), None)
