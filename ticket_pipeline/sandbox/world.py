"""The world: all that the sandbox's site holds, and the one way in which it changes."""

from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from threading import RLock

from ticket_pipeline.sandbox.alarms import Alarms, passing, still_meant
from ticket_pipeline.sandbox.chance import guid
from ticket_pipeline.sandbox.changes import Change, Observer
from ticket_pipeline.sandbox.entities import Definition, Entity, Event, Order, Reservation
from ticket_pipeline.sandbox.holds import expiry
from ticket_pipeline.sandbox.instants import to_the_millisecond
from ticket_pipeline.sandbox.shelf import Shelf
from ticket_pipeline.sandbox.storage import Storage

JOURNAL_LENGTH = 10_000
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class World:
    """Events, ticket definitions, reservations and orders. Every method may be called from any thread."""

    def __init__(self, storage: Storage, clock: Callable[[], datetime], seed: int) -> None:
        self.lock = RLock()
        self.clock = clock
        self.seed = seed
        self.sequence = 0
        #: rises with each change, so that what was computed from the world can be kept while it holds
        self.version = 0
        #: the version that this world began with
        self.first_version = 0
        self._storage = storage
        self._observers: list[Observer] = []
        self._clear()

    @property
    def now(self) -> datetime:
        """Tell the world's instant, to the millisecond."""
        return to_the_millisecond(self.clock())

    def open(self, seeded: Callable[[], Iterable[Entity]], seeded_at: datetime) -> None:
        """Go on with what is stored, or begin with a seeded world."""
        notes = self._storage.notes()
        if "sequence" not in notes:
            return self.restart(seeded(), seeded_at)
        with self.lock:
            self.sequence = int(notes["sequence"])
            self.seeded_at = datetime.fromisoformat(notes["seeded_at"])
            self._fill(self._storage.read(), datetime.fromisoformat(notes["settled_at"]))
        return None

    def restart(self, entities: Iterable[Entity], seeded_at: datetime) -> None:
        """Forget everything and hold these entities instead; observers stay."""
        with self.lock:
            held = list(entities)
            self.sequence = 0
            self.seeded_at = seeded_at
            self._fill(held, self.now)
            self._storage.replace(held, self._notes())

    def subscribe(self, observer: Observer) -> Callable[[], None]:
        """Call the observer with each Change from now on, in order; returns how to end that."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer)

    def apply(self, *changes: Change) -> None:
        """Let things happen: remember, store, tell the observers."""
        if not changes:
            return
        with self.lock:
            for change in changes:
                self._hold(change, self.now)
            self.version += 1
            self.sequence += len(changes)
            self.journal.extend(changes)
            self._storage.write(changes, self._notes())
            for observer in tuple(self._observers):
                for change in changes:
                    observer(change)

    def settle(self) -> None:
        """Let happen what the clock has brought about since the last call."""
        with self.lock:
            now = self.now
            for alarm in self._alarms.due(now):
                instant, key, kind = alarm
                entity = self.find(key)
                if entity is None or not still_meant(entity, alarm):
                    continue
                self._settled_at = instant
                if isinstance(entity, Reservation):
                    self.apply(*expiry(self.definitions, entity, instant))
                else:
                    self.apply(passing(kind, entity, instant))
            self._settled_at = now

    def find(self, key: str) -> Entity | None:
        """Find an event, definition or reservation by its id."""
        return self.definitions.get(key) or self.events.get(key) or self.reservations.get(key)

    def new_id(self, label: str) -> str:
        """Make an id that this world has not used, the same in each run of the same story."""
        self.sequence += 1
        return guid(self.seed, label, self.sequence)

    def close(self) -> None:
        """Let go of the database."""
        with self.lock:
            self._storage.close()

    def _clear(self) -> None:
        self.events: dict[str, Event] = {}
        self.definitions: Shelf[Definition] = Shelf()
        self.orders: Shelf[Order] = Shelf()
        self.reservations: dict[str, Reservation] = {}
        self.journal: deque[Change] = deque(maxlen=JOURNAL_LENGTH)
        self._alarms = Alarms()
        self._settled_at = NEVER
        self.seeded_at = NEVER

    def _fill(self, entities: Iterable[Entity], settled_at: datetime) -> None:
        seeded_at = self.seeded_at
        self._clear()
        self.seeded_at = seeded_at
        self.version += 1
        self.first_version = self.version
        self._settled_at = settled_at
        for entity in entities:
            self._put(entity)
            self._alarms.watch(entity, settled_at)
        self.definitions.ordered()

    def _notes(self) -> dict[str, str]:
        return {
            "sequence": str(self.sequence),
            "settled_at": self._settled_at.isoformat(),
            "seeded_at": self.seeded_at.isoformat(),
        }

    def _hold(self, change: Change, settled_at: datetime) -> None:
        if change.after is not None:
            self._put(change.after)
            self._alarms.watch(change.after, settled_at)
        elif isinstance(change.before, Definition):
            self.definitions.remove(change.before.id)
        elif isinstance(change.before, Order):
            self.orders.remove(change.before.number)
        elif isinstance(change.before, Event):
            self.events.pop(change.before.id, None)
        elif isinstance(change.before, Reservation):
            self.reservations.pop(change.before.id, None)

    def _put(self, entity: Entity) -> None:
        if isinstance(entity, Definition):
            self.definitions.put(entity.id, entity)
        elif isinstance(entity, Order):
            self.orders.put(entity.number, entity)
        elif isinstance(entity, Event):
            self.events[entity.id] = entity
        else:
            self.reservations[entity.id] = entity
