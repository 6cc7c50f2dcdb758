"""Send an announcement: consent read again for each batch, a receipt claimed before each message.

A batch is some people of whom the marketing tool has just said that they may be written to. Whoever cannot be told
now is tried again in a later round.
"""

import logging
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ticket_pipeline.channels.base import Channel
from ticket_pipeline.errors import TransientError
from ticket_pipeline.flows.announce_parts import AnnounceParts
from ticket_pipeline.flows.eligible import opt_in_mark, ways, why_no_way, why_not_told
from ticket_pipeline.flows.hold_claim import Holding, LostClaimError
from ticket_pipeline.flows.progress import Progress, unwatched
from ticket_pipeline.messages.sale_messages import SaleMessages
from ticket_pipeline.model.announcement import PlannedStart, Skip
from ticket_pipeline.model.message import Delivery, Fate, Message, message_key
from ticket_pipeline.model.subscriber import Subscriber
from ticket_pipeline.store import announcements, receipts, suppressions
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.receipts import Receipt, State
from ticket_pipeline.tracing import span

log = logging.getLogger(__name__)

_BATCH = 100
#: Consent that was read longer ago is read again.
_FRESH = timedelta(seconds=10)
_STATES = {
    Fate.SENT: State.SENT,
    Fate.REFUSED: State.REFUSED,
    Fate.POSTPONED: State.POSTPONED,
    Fate.UNKNOWN: State.UNKNOWN,
}


@dataclass(frozen=True, kw_only=True)
class _Recipient:
    """One person, and the channel that is tried now."""

    subscriber: Subscriber = field(repr=False)
    channel: Channel
    receipt: Receipt
    #: The channels that are left should this one refuse.
    others: tuple[Channel, ...]


@dataclass(kw_only=True)
class Sending:
    """One announcement under way: whom it still has to reach, and what came of it so far."""

    parts: AnnounceParts
    holding: Holding
    planned: PlannedStart
    skipped: Counter[Skip] = field(default_factory=Counter)
    progress: Progress = unwatched
    _messages: SaleMessages = field(init=False)
    _mark: str = field(init=False)
    #: The message whose fate is known, and not written down yet.
    _settled: tuple[Receipt, State, str | None] | None = None
    #: The message that is under way.
    _under_way: _Recipient | None = None
    #: People to be tried again in the next round, by the tool's id.
    _again: list[str] = field(default_factory=list, repr=False)
    #: Channels that were down in this round, and why.
    _down: dict[str, TransientError] = field(default_factory=dict)
    #: Who was sent a message of unknown fate once more already.
    _resent: set[str] = field(default_factory=set, repr=False)
    #: Seconds a channel asked us to wait.
    _retry_after: float | None = None
    _first: bool = True
    _done: int = 0

    def __post_init__(self) -> None:
        """Make the message ready to be filled in."""
        self._messages = SaleMessages(self.parts.templates, self.planned.start)
        self._mark = opt_in_mark(self.parts.opt_in, self.planned.start)

    def tell(self, ids: Sequence[str]) -> None:
        """Tell these people, round after round, until nobody is left who may be told later.

        Raises:
            TransientError: the audience or every way is down, and stays so until the deadline.
            ConfigError: a side refuses us altogether.
        """
        left, attempt = list(ids), 0
        while left:
            done = self._done
            self._round(left)
            left, attempt = self._again, 1 if self._done > done else attempt + 1
            if not left:
                return
            try:
                self.holding.pause("send", attempt, self._trouble(len(left)))
            except TransientError:
                if self._down:
                    raise
                return  # each has a receipt that says why

    def _round(self, ids: Sequence[str]) -> None:
        """Try everybody once."""
        self._again, self._down, self._retry_after = [], {}, None
        queue = deque(ids)
        while queue:
            batch = [queue.popleft() for _ in range(min(_BATCH, len(queue)))]
            self.holding.alive()
            try:
                waiting = self._consenting(batch)
            except TransientError as error:
                self._down["audience"] = error
                self._again += [*batch, *queue]
                return
            self._tell_each(waiting, until=self.holding.now() + _FRESH)
            queue.extendleft(reversed([each.subscriber.id for group in waiting.values() for each in group]))
            self.progress("people", self._done, None)

    def _tell_each(self, waiting: dict[str, deque[_Recipient]], *, until: datetime) -> None:
        """Tell each by their channel, and whom it refuses by the next; leave those whose consent grew old."""
        while (kind := next((each for each, group in waiting.items() if group), None)) is not None:
            if kind in self._down:
                self._again += [each.subscriber.id for each in waiting[kind]]
                waiting[kind].clear()
            elif self.holding.now() > until:
                return
            else:
                for refused in self._send(waiting[kind], until=until):
                    waiting[refused.channel.kind].append(refused)

    def _consenting(self, ids: Sequence[str]) -> dict[str, deque[_Recipient]]:
        """Read these people as they are this moment, and sort those who may be told by channel."""
        found = {each.id: each for each in self.parts.audience.consent(ids)}
        self.skipped[Skip.NOT_LISTED] += len(set(ids) - found.keys())
        person = {each.id: self.parts.names.person(each) for each in found.values()}
        state, key = self.parts.state, self.planned.key
        with state.reading() as tx:
            unsubscribed = suppressions.suppressed(tx, state.site, person.values())
            known = receipts.states(tx, state.site, key, person.values())
        groups: dict[str, deque[_Recipient]] = {each.kind: deque() for each in self.parts.channels}
        for each in (found[one] for one in dict.fromkeys(ids) if one in found):
            held = known.get(person[each.id], {})
            why = why_not_told(each, self._mark) or self._why_not(person[each.id], unsubscribed, held)
            recipient = None if why else self._recipient(each, held)
            if recipient is not None:
                groups[recipient.channel.kind].append(recipient)
            elif why or not held:
                self.skipped[why or why_no_way(each)] += 1
        return groups

    def _why_not(self, person: str, unsubscribed: set[str], held: dict[str, State]) -> Skip | None:
        if person in unsubscribed:
            return Skip.UNSUBSCRIBED_HERE
        told = receipts.TOLD - {State.UNKNOWN} if self.parts.resend else receipts.TOLD
        return Skip.ALREADY_TOLD if told & set(held.values()) else None

    def _recipient(self, subscriber: Subscriber, held: dict[str, State]) -> _Recipient | None:
        """Find the first way that has not refused this person; None when none is left."""
        left = [each for each in ways(self.parts.channels, subscriber) if held.get(each.kind) is not State.REFUSED]
        return self._by(subscriber, left) if left else None

    def _by(self, subscriber: Subscriber, channels: Sequence[Channel]) -> _Recipient:
        first, *others = channels
        receipt = self.parts.names.receipt(first, subscriber)
        left = tuple(each for each in others if each.kind != first.kind)
        return _Recipient(subscriber=subscriber, channel=first, receipt=receipt, others=left)

    def _send(self, group: deque[_Recipient], *, until: datetime) -> list[_Recipient]:
        """Send through one channel; give those it refused for whom another is left."""
        channel, refused = group[0].channel, list[_Recipient]()
        try:
            with span("announcement.batch", site=self.parts.state.site, channel=channel.kind, people=len(group)):
                for delivery in channel.send(self._supply(group, until)):
                    refused += self._take(delivery)
        except LostClaimError:
            raise
        except TransientError as error:
            self._down[channel.kind] = error
        finally:
            self._write_down()
        return refused

    def _supply(self, group: deque[_Recipient], until: datetime) -> Iterator[Message]:
        """Claim a receipt, then give its message, as the channel asks for them.

        The first is given however long the channel took to open: something must come of each consent that was read.
        """
        first = True
        while group and (first or self.holding.now() <= until):
            first, recipient = False, group[0]
            message = self._message(recipient)
            claimed = self._claim(recipient.receipt)
            group.popleft()
            if claimed:
                self._under_way = recipient
                yield message
            else:
                self.skipped[Skip.DUPLICATE] += 1

    def _message(self, recipient: _Recipient) -> Message:
        start, to = self.planned.start, recipient.receipt
        key = message_key(start.site, start.event_id, start.at, recipient=to.recipient, channel=to.channel)
        link = self.parts.unsubscribe_url(recipient.subscriber)
        return self._messages.to(recipient.subscriber, key=key, unsubscribe_url=link)

    def _claim(self, receipt: Receipt) -> bool:
        """Write down the fate of the message before, and claim this one, in one transaction."""
        state, now = self.parts.state, self.holding.now()
        with state.noting() as tx:
            self.holding.sign(tx)
            self._settle(tx)
            claimed = receipts.claim(tx, state.site, self.planned.key, receipt, resend=self.parts.resend, at=now)
        self._settled = None
        return claimed

    def _take(self, delivery: Delivery) -> list[_Recipient]:
        """Learn the fate of the message under way; give its recipient on another channel where one is left to try."""
        recipient, self._under_way = self._under_way, None
        if recipient is None:
            return []
        fate, subscriber = delivery.fate, recipient.subscriber
        self._settled = (recipient.receipt, _STATES[fate], delivery.code)
        if fate is Fate.SENT:
            self._done += 1
            self.holding.deadline = self.holding.now() + self.parts.late_limit
        elif fate is Fate.REFUSED:
            self._done += 1
            return [self._by(subscriber, recipient.others)] if recipient.others else []
        elif fate is Fate.POSTPONED or (self.parts.resend and subscriber.id not in self._resent):
            self._again.append(subscriber.id)
            self._retry_after = max(self._retry_after or 0.0, delivery.retry_after or 0.0) or None
            self._resent.update([subscriber.id] if fate is Fate.UNKNOWN else [])
        return []

    def _write_down(self) -> None:
        """Write down the fate of the last message; one that never got an answer is unknown."""
        if self._under_way is not None:
            self._settled, self._under_way = (self._under_way.receipt, State.UNKNOWN, "no_answer"), None
        if self._settled is not None:
            with self.parts.state.noting() as tx:
                self._settle(tx)
            self._settled = None

    def _settle(self, tx: Transaction) -> None:
        if self._settled is None:
            return
        receipt, became, code = self._settled
        now = self.holding.now()
        receipts.settle(tx, self.parts.state.site, self.planned.key, receipt, became, code=code, at=now)
        if became is State.SENT and self._first:
            announcements.first_sent(tx, self.holding.claim, at=now)
            self._first = False

    def _trouble(self, left: int) -> TransientError:
        """Say why some are left."""
        for error in self._down.values():
            return error
        return TransientError(f"{left} people could not be told yet", retry_after=self._retry_after)
