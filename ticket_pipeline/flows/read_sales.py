"""Read sales: what Wix says now of some ticket definitions, in as few requests as there can be."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from ticket_pipeline.errors import NotFoundError, RejectedError
from ticket_pipeline.model.ticket_definition import TicketDefinition
from ticket_pipeline.wix.answer import AccessError
from ticket_pipeline.wix.client import WixClient
from ticket_pipeline.wix.ticket_definitions import IDS_AT_ONCE, SALES_AND_EVENT, get_ticket_definition, query_by_id

#: So many refusals and nothing else: then it is not these definitions that are at fault.
_MOST_REFUSED = 10
#: No definition has it; whoever may read any is told that there is none.
_NOBODY = "00000000-0000-0000-0000-000000000000"


@dataclass(kw_only=True)
class SalesRead:
    """What has been read so far: each definition with the instant at which Wix was asked for it."""

    wix: WixClient
    clock: Callable[[], datetime]
    #: Whether the reserve of the request budget may be used.
    urgent: bool
    #: How many may be read by their ids where a query does not answer; None: all.
    most_by_id: int | None = None
    found: dict[str, tuple[TicketDefinition, datetime]] = field(default_factory=dict)
    #: Those that Wix does not know.
    gone: dict[str, datetime] = field(default_factory=dict)
    #: Those that we may not see, a draft's.
    closed: dict[str, tuple[datetime, RejectedError]] = field(default_factory=dict)
    refused: dict[str, RejectedError] = field(default_factory=dict)
    #: Those that were one too many.
    left: list[str] = field(default_factory=list)
    #: Seconds from asking to the answer.
    latencies: list[float] = field(default_factory=list)
    _by_id: int = 0

    def read(self, definition_ids: Sequence[str]) -> None:
        """Read definitions in the way that suits their number.

        Raises:
            TransientError, ConfigError, RejectedError: as `one` and `many` say.
        """
        if len(definition_ids) == 1:
            self.one(definition_ids[0])
        else:
            self.many(definition_ids)

    def one(self, definition_id: str) -> None:
        """Read one definition by its id, which is never stale.

        Raises:
            TransientError: Wix is unwell.
            ConfigError: Wix refuses everything; a person must act.
        """
        asked = self.clock()
        self._by_id += 1
        try:
            definition = get_ticket_definition(self.wix, definition_id, fields=SALES_AND_EVENT, urgent=self.urgent)
            # Wix's spelling of the id may be another.
            self.found[definition_id] = replace(definition, id=definition_id), asked
        except NotFoundError:
            self.gone[definition_id] = asked
        except AccessError as error:
            self._refuse_if_all_is_closed()
            self.closed[definition_id] = asked, RejectedError(str(error), code="not_readable")
        except RejectedError as error:
            self.refused[definition_id] = error
        self._answered(asked)

    def many(self, definition_ids: Sequence[str]) -> None:
        """Read definitions, a hundred per request; what a query leaves out or refuses is read by id.

        Raises:
            TransientError, ConfigError: as `one` says; what was read until then is kept.
            RejectedError: Wix refuses one after the other.
        """
        for start in range(0, len(definition_ids), IDS_AT_ONCE):
            some = definition_ids[start : start + IDS_AT_ONCE]
            try:
                self._queried(some)
            except (AccessError, RejectedError) as error:
                self.one_by_one(some, error)
            else:
                self.one_by_one(some)

    def _queried(self, some: Sequence[str]) -> None:
        asked = self.clock()
        pages = list(query_by_id(self.wix, some, fields=SALES_AND_EVENT, urgent=self.urgent))
        self._answered(asked)
        wanted = set(some)
        self.found |= {each.id: (each, asked) for page in pages for each in page.items if each.id in wanted}
        for each in (refused for page in pages for refused in page.refused):
            if each.id in wanted:
                self.refused[each.id] = RejectedError(each.reason, code=each.code)

    def one_by_one(self, some: Sequence[str], error: AccessError | RejectedError | None = None) -> None:
        """Read what is not yet answered, as far as it may be; where the query failed and this goes no better, say so.

        Raises:
            TransientError, ConfigError, RejectedError: as `many` says.
        """
        unread = [each for each in some if each not in self.found and each not in self.refused]
        most = self._most_now(len(unread), at_least=_MOST_REFUSED if error else 0)
        self.left += unread[most:]
        for number, each in enumerate(unread[:most]):
            self.one(each)
            if error and number + 1 == _MOST_REFUSED and not any(each in self.found for each in unread):
                raise error

    def _most_now(self, wanted: int, *, at_least: int) -> int:
        """Tell how many may still be read by id: where a query failed, enough to see what is at fault."""
        if self.most_by_id is None:
            return wanted
        return max(at_least, self.most_by_id - self._by_id)

    def _refuse_if_all_is_closed(self) -> None:
        """Tell a thing that we may not see from credentials that are refused altogether, once.

        Raises:
            AccessError: Wix refuses everything.
        """
        if not self.closed and not self.found:
            with suppress(RejectedError):
                next(query_by_id(self.wix, [_NOBODY], urgent=self.urgent), None)

    def _answered(self, asked: datetime) -> None:
        self.latencies.append((self.clock() - asked).total_seconds())
