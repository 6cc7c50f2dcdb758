"""A few threads that carry webhooks to their subscribers, and one that lets time pass while nobody asks.

Wix's documentation: get started, webhook resend policy: exactly 200, within 1,250 ms.
"""

from threading import Event, Thread
from time import monotonic

import requests

from ticket_pipeline.sandbox.webhooks.post_office import PostOffice
from ticket_pipeline.sandbox.world import World

#: Seconds that a subscriber has to answer in.
PATIENCE = 1.25
#: Express, as Wix's own examples use it, reads a text body only if it is called one.
HEADERS = {"Content-Type": "text/plain", "User-Agent": "ticket-pipeline-sandbox"}
#: Seconds after which a kept connection is not trusted any more: servers close idle ones.
IDLE = 2.0
#: Seconds between two looks at the clock, for sales and shows that start by themselves.
TICK = 0.2


class Senders:
    """The threads of a post office, between start and stop."""

    def __init__(self, office: PostOffice, world: World, count: int) -> None:
        self._office = office
        self._world = world
        self._stopped = Event()
        self._threads = [Thread(target=self._send, name=f"webhooks-{n}", daemon=True) for n in range(count)]
        self._threads.append(Thread(target=self._tick, name="webhooks-clock", daemon=True))

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish what is being sent and leave the rest."""
        self._stopped.set()
        self._office.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _send(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            used = monotonic()
            while (delivery := self._office.next()) is not None:
                if monotonic() - used > IDLE:
                    session.close()
                token = self._office.signed(delivery)
                self._office.settle(delivery, token, deliver(session, delivery.url, token))
                used = monotonic()

    def _tick(self) -> None:
        while not self._stopped.wait(TICK):
            if self._office.subscriptions:
                self._world.settle()


def deliver(session: requests.Session, url: str, token: str, *, patience: float = PATIENCE) -> int | str:
    """Send a token: what the subscriber answered, or why there was no answer in time."""
    began = monotonic()
    try:
        answer = session.post(url, data=token, headers=HEADERS, timeout=patience, allow_redirects=False)
    except requests.Timeout:
        return "timeout"
    except requests.RequestException:
        return "unreachable"
    return "timeout" if monotonic() - began > patience else answer.status_code
