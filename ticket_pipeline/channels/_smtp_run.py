"""One blast over as many connections as it takes, at the declared pace."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from ticket_pipeline.channels._smtp_session import Answer, Session
from ticket_pipeline.errors import ConfigError, TicketPipelineError, TransientError
from ticket_pipeline.model.message import Delivery, Fate, Message

#: So many connections in a row that broke: the server is down, not the mails.
_GIVE_UP_AFTER = 3


@dataclass(kw_only=True)
class Run:
    """The connections of one `send`."""

    open_: Callable[[], Session]
    hand_over: Callable[[Session, Message], Answer]
    per_connection: int
    session: Session | None = None
    used: int = 0
    broken: int = 0
    #: What is to be raised once the delivery in hand was taken.
    failure: TicketPipelineError | None = None

    def ready(self) -> None:
        """Have an open connection before a message is taken.

        Raises:
            TransientError, ConfigError: there is none to be had.
        """
        if self.failure is not None:
            raise self.failure
        if self.session is not None and self.used >= self.per_connection:
            self.close()
        if self.session is None:
            self.session, self.used = self.open_(), 0

    def deliver(self, message: Message) -> Delivery:
        """Hand one mail over; once more where an old connection turns out to be closed before it was."""
        answer = self._once(message)
        if answer.over and answer.fate is Fate.POSTPONED and self.used > 1:
            try:
                self.ready()
                answer = self._once(message)
            except TicketPipelineError as error:
                self.failure = error
        self._learn(answer)
        return Delivery(key=message.key, fate=answer.fate, code=answer.code, reason=answer.reason)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self.session is not None:
            self.session.close()
        self.session = None

    def _once(self, message: Message) -> Answer:
        assert self.session is not None  # noqa: S101  ready() was called
        answer = self.hand_over(self.session, message)
        self.used += 1
        if answer.over:
            self.close()
        return answer

    def _learn(self, answer: Answer) -> None:
        self.broken = self.broken + 1 if answer.over else 0
        if answer.about_us:
            self.failure = ConfigError(f"smtp: {answer.reason}: it takes no mail from us; check the url and the sender")
        elif self.broken >= _GIVE_UP_AFTER and self.failure is None:
            self.failure = TransientError(f"smtp: {answer.reason}; so did the mails before")


class Pace:
    """Keeps mails apart, over all threads."""

    def __init__(self, seconds: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        """Keep the distance; the first mail need not wait."""
        self._seconds, self._clock, self._sleep = seconds, clock, sleep
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Wait for the next mail's turn."""
        if not self._seconds:
            return
        with self._lock:
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + self._seconds
        if turn > now:
            self._sleep(turn - now)
