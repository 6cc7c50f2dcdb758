"""A collection of entities that belong to events: by id, by event, in order of creation."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Generic, Protocol, TypeVar


class Shelved(Protocol):
    """What a shelf needs to know of an entity."""

    @property
    def event_id(self) -> str:
        """Name the event it belongs to."""

    @property
    def created(self) -> datetime:
        """Tell when it was created; this never changes."""


T = TypeVar("T", bound=Shelved)


class Shelf(Generic[T]):
    """Entities by id; the order of creation is kept, so that queries need not sort."""

    def __init__(self, items: Iterable[tuple[str, T]] = ()) -> None:
        self._items: dict[str, T] = {}
        self._by_event: dict[str, dict[str, None]] = {}
        self._ordered: list[str] | None = None
        for key, item in items:
            self.put(key, item)

    def put(self, key: str, item: T) -> None:
        """Add or replace."""
        if key not in self._items:
            self._by_event.setdefault(item.event_id, {})[key] = None
            self._append(key, item)
        self._items[key] = item

    def remove(self, key: str) -> None:
        """Take out; nothing happens if it is not there."""
        item = self._items.pop(key, None)
        if item is not None:
            del self._by_event[item.event_id][key]
            if self._ordered is not None:
                self._ordered.remove(key)

    def get(self, key: str) -> T | None:
        """Find by id."""
        return self._items.get(key)

    def items(self) -> Iterable[tuple[str, T]]:
        """List ids and entities, in no particular order."""
        return self._items.items()

    def ordered(self) -> list[T]:
        """List all by creation, oldest first."""
        if self._ordered is None:
            self._ordered = sorted(self._items, key=lambda key: (self._items[key].created, key))
        items = self._items
        return [items[key] for key in self._ordered]

    def of_event(self, event_id: str) -> list[T]:
        """List those of one event by creation, oldest first."""
        keys = self._by_event.get(event_id, {})
        return [self._items[key] for key in sorted(keys, key=lambda key: (self._items[key].created, key))]

    def _append(self, key: str, item: T) -> None:
        if self._ordered:
            last = self._ordered[-1]
            if (item.created, key) < (self._items[last].created, last):
                self._ordered = None
        if self._ordered is not None:
            self._ordered.append(key)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items.values())
