"""One call's changes, each brought to the event and the item it is about."""

from collections import Counter
from collections.abc import Callable, Sequence
from threading import Lock

from ticket_pipeline.destinations._pretix_api import lacks_right
from ticket_pipeline.destinations._pretix_copy import Copy, in_force
from ticket_pipeline.destinations._pretix_events import PretixEvent, PretixEvents
from ticket_pipeline.destinations._pretix_items import Items
from ticket_pipeline.destinations._pretix_together import Once
from ticket_pipeline.errors import NotFoundError, RejectedError
from ticket_pipeline.model.change import Action, Change, Outcome

#: From so many changes on, an event is read whole: a page tells fifty.
_WORTH_A_PAGE = 3


class Applying:
    """Looks up what there is before each write, whole events at a time where that is cheaper."""

    def __init__(
        self, events: PretixEvents, items_of: Callable[[PretixEvent], Items], changes: Sequence[Change]
    ) -> None:
        """Keep what is to be done; nothing is read yet."""
        self._events = events
        self._items_of = items_of
        self._per_event = Counter(change.event_id for change in changes)
        self._everything: Once[PretixEvent, dict[str, list[Copy]]] = Once(lambda event: items_of(event).all_copies())
        self._touched: set[str] = set()
        self._lock = Lock()

    def make(self, change: Change) -> Outcome:
        """Make one change; a refusal is its outcome.

        Raises:
            TransientError, ConfigError: pretix failed, or refuses us altogether.
        """
        try:
            return Outcome(change=change, external_id=self._make(change))
        except RejectedError as error:
            return Outcome(change=change, code=error.code, reason=str(error))

    def _make(self, change: Change) -> str | None:
        event = self._event(change)
        if event is None:
            return _gone(change)
        try:
            return self._make_in(event, change)
        except RejectedError as error:
            if not lacks_right(error):
                raise
            raise self._events.shut_out(event.slug, "event.items:write ('Can change items')") from error

    def _make_in(self, event: PretixEvent, change: Change) -> str | None:
        items = self._items_of(event)
        copies = self._copies(items, change)
        if not copies:
            if change.action is Action.CREATE and change.record is not None:
                return _external_id(event, items.create(change.record))
            return _gone(change)
        copy = in_force(copies, _item_id(change))
        if change.record is not None:
            return _external_id(event, items.bring(change.record, copy))
        if change.action is Action.DELETE:
            for each in copies:
                items.delete(each)
        else:
            items.archive(copy)
        return _external_id(event, copy.id)

    def _event(self, change: Change) -> PretixEvent | None:
        """Find the event of a change; only a create makes one."""
        slug, _, item = (change.external_id or "").partition("/")
        if item and (event := self._events.named(slug)) is not None:
            return event
        if change.action is Action.CREATE and change.record is not None:
            return self._events.place(change.record)
        return next(iter(self._events.ours([change.event_id])), None)

    def _copies(self, items: Items, change: Change) -> list[Copy]:
        """Give what there is of one ticket, the copy in force last, read anew after each write to it."""
        with self._lock:
            again = change.definition_id in self._touched
            self._touched.add(change.definition_id)
        worth_a_page = self._per_event[change.event_id] >= _WORTH_A_PAGE
        if not again and (change.action is Action.CREATE or worth_a_page):
            return self._everything(items.event).get(change.definition_id, [])
        found = items.copies(change.definition_id)
        known = {_external_id(items.event, copy.id) for copy in found}
        if found and (again or change.external_id in {None, *known}):
            return found
        return items.all_copies().get(change.definition_id, [])


def _external_id(event: PretixEvent, item_id: int) -> str:
    return f"{event.slug}/{item_id}"


def _item_id(change: Change) -> int | None:
    _, _, number = (change.external_id or "").partition("/")
    return int(number) if number.isdecimal() else None


def _gone(change: Change) -> str | None:
    if change.action is Action.DELETE:
        return change.external_id
    raise NotFoundError(f"pretix: nothing holds the Wix id {change.definition_id}")
