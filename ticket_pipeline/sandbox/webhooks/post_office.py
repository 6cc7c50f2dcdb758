"""Takes webhooks in, hands them to the senders, and hears from them how it went."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from threading import Condition, Lock

from ticket_pipeline.sandbox.entities import Document
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline.sandbox.webhooks.compose import again_with_old_data
from ticket_pipeline.sandbox.webhooks.delivery_log import DeliveryLog
from ticket_pipeline.sandbox.webhooks.faults import WebhookFaultBox, WebhookFaults
from ticket_pipeline.sandbox.webhooks.outbox import Delivery, Outbox
from ticket_pipeline.sandbox.webhooks.pending_store import PendingStore
from ticket_pipeline.sandbox.webhooks.signing import signer_for
from ticket_pipeline.sandbox.webhooks.subscriptions import checked_url
from ticket_pipeline.sandbox.webhooks.webhook import Webhook

#: Seconds after which collected webhooks are sent though fewer came than were to be mixed.
LONGEST_COLLECTING = 0.5
DELIVERED = 200
#: More than these nobody reads.
MOST_AT_ONCE = 200


class PostOffice:
    """All webhooks of a sandbox. Every method may be called from any thread; delivery runs on the machine's clock."""

    def __init__(
        self, settings: SandboxSettings, clock: Callable[[], datetime], timer: Callable[[], float] = time.time
    ) -> None:
        self.signer = signer_for(settings)
        self._settings = settings
        self._clock, self._timer = clock, timer
        self._guard = Lock()
        self._work, self._quiet = Condition(self._guard), Condition(self._guard)
        self._open = True
        self._faults = WebhookFaultBox(settings.webhook_faults)
        self._log = DeliveryLog()
        self._outbox = Outbox(settings.resend_scale)
        self._store = PendingStore(settings.database)
        self._collected: list[int] = []
        self._urls = list(dict.fromkeys([*map(checked_url, settings.webhook_urls), *self._store.urls()]))
        self._number = 0
        #: when what is being sent was taken out
        self._begun: dict[int, float] = {}
        self._take_up(self._store.deliveries())

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """List the subscribers' addresses."""
        return tuple(self._urls)

    @property
    def faults(self) -> WebhookFaults:
        """Give the webhook faults in force."""
        return self._faults.faults

    def set_faults(self, faults: WebhookFaults) -> None:
        """Put webhook faults in force."""
        with self._guard:
            self._release()
            self._faults.set(faults)
            self._work.notify_all()

    def subscribe(self, url: object) -> str:
        """Send all webhooks from now on to this address, too.

        Raises:
            ValueError: it is not on this machine.
        """
        checked = checked_url(url)
        with self._guard:
            if checked not in self._urls:
                self._urls.append(checked)
                self._store.subscribe(checked)
        return checked

    def unsubscribe(self, url: object) -> bool:
        """Send nothing more to this address; tell whether anything was sent there so far."""
        with self._guard:
            if not isinstance(url, str) or url not in self._urls:
                return False
            self._urls.remove(url)
            self._store.unsubscribe(url)
            self._drop(delivery for delivery in self._outbox.pending() if delivery.url == url)
            self._quiet.notify_all()
            return True

    def post(self, webhook: Webhook) -> None:
        """Take a webhook in for every subscriber, with whatever the faults make of it."""
        with self._guard:
            self._faults.remember(webhook)
            for url in self._urls:
                self._post_to(url, webhook)
            self._work.notify(len(self._urls))

    def next(self) -> Delivery | None:
        """Wait for a delivery that is due and take it out; None: the office has closed."""
        with self._guard:
            while self._open:
                now = self._timer()
                delivery = self._outbox.take(now)
                if delivery is not None:
                    self._begun[delivery.number] = now
                    return delivery
                due = self._outbox.soonest()
                self._work.wait(None if due is None else max(0.0, due - now))
        return None

    def signed(self, delivery: Delivery) -> str:
        """Give what is sent: signed now, or as it was signed at first."""
        return delivery.token or self.signer.token(delivery.webhook, self._clock())

    def settle(self, delivery: Delivery, token: str, answer: int | str) -> None:
        """Hear what a subscriber answered: 200 is the end of it, anything else will be repeated."""
        with self._guard:
            now = self._timer()
            seconds = max(0.0, now - self._begun.pop(delivery.number, now))
            if not self._outbox.is_being_sent(delivery):
                return
            if answer == DELIVERED:
                self._end(delivery, "delivered", answer, seconds)
            else:
                kept = delivery if self._settings.webhooks_signed_anew else replace(delivery, token=token)
                self._repeat(kept, answer, seconds)
            self._quiet.notify_all()

    def flush(self, timeout: float, *, resends: bool = False) -> bool:
        """Wait until all was sent once, with resends until nothing waits either; tell whether it came to that."""
        with self._guard:
            self._release()
            self._work.notify_all()
            self._quiet.wait_for(lambda: not self._open or self._is_quiet(resends), timeout)
            return self._is_quiet(resends)

    def resend(self, webhook_id: str | None) -> int:
        """Send a webhook again now, or all that wait for their next attempt; tell how many are sent."""
        with self._guard:
            wanted = self._outbox.waiting() if webhook_id is None else self._log.of_webhook(webhook_id)
            pending = {delivery.number for delivery in self._outbox.pending()}
            self._outbox.hurry((delivery.number for delivery in wanted), self._timer())
            for delivery in wanted:
                if delivery.number not in pending and not self._outbox.is_being_sent(delivery):
                    self._queue(delivery.url, delivery.webhook, self._timer())
            self._work.notify_all()
            return len(wanted)

    def reset(self) -> None:
        """Forget what is under way and what was counted; subscriptions stay."""
        with self._guard:
            self._outbox.clear()
            self._store.clear()
            self._log.clear()
            self._collected.clear()
            self._faults.forget()
            self._faults.set(self._settings.webhook_faults)
            self._quiet.notify_all()

    def document(self, most: int) -> Document:
        """Write the counts and the last deliveries."""
        with self._guard:
            waiting = len(self._outbox.waiting())
            queued = len(self._outbox.pending()) - waiting
            counts = {"queued": queued, "sending": self._outbox.sending, "waiting": waiting, **self._log.counts()}
            return {"subscriptions": list(self._urls), "counts": counts, "last": self._log.last(most)}

    def since(self, serial: int) -> Document:
        """Write the deliveries noted since a serial number, and the last such number."""
        with self._guard:
            known = serial if serial <= self._log.serial else 0
            return {"serial": self._log.serial, "deliveries": self._log.since(known, MOST_AT_ONCE)}

    def close(self) -> None:
        """Send the senders home; what is pending stays in the database."""
        with self._guard:
            self._open = False
            self._work.notify_all()
            self._quiet.notify_all()

    def shut(self) -> None:
        """Let go of the database, once the senders have gone."""
        with self._guard:
            self._store.close()

    def _is_quiet(self, resends: bool) -> bool:
        return self._outbox.is_quiet(self._timer(), resends=resends)

    def _take_up(self, stored: Iterable[tuple[Delivery, float]]) -> None:
        for delivery, due in stored:
            self._number = max(self._number, delivery.number)
            if delivery.url in self._urls:
                self._outbox.add(delivery, due)
                self._log.note(delivery, "waiting" if delivery.failures else "queued", at=self._timer())
            else:
                self._store.remove(delivery)

    def _post_to(self, url: str, webhook: Webhook) -> None:
        fate, now = self._faults.draw(webhook), self._timer()
        if not fate.delays:
            self._number += 1
            self._log.count("dropped")
            self._log.note(Delivery(number=self._number, webhook=webhook, url=url), "dropped", at=now)
        for position, delay in enumerate(fate.delays):
            number = self._queue(url, webhook, now + delay + (LONGEST_COLLECTING if fate.held else 0.0))
            self._collected += [number] if fate.held else []
            if position:
                self._log.count("duplicated")
                self._work.notify()
        if fate.old is not None:
            self._work.notify()
            self._queue(url, again_with_old_data(fate.old), now)
            self._log.count("outdated")
        if len(self._collected) >= self.faults.reorder:
            self._release()

    def _queue(self, url: str, webhook: Webhook, due: float) -> int:
        self._number += 1
        delivery = Delivery(number=self._number, webhook=webhook, url=url)
        self._outbox.add(delivery, due)
        self._store.save(delivery, due)
        self._log.note(delivery, "queued", at=self._timer())
        return delivery.number

    def _release(self) -> None:
        if self._collected:
            self._outbox.hurry(self._faults.shuffled(self._collected), self._timer())
            self._collected.clear()
            self._work.notify_all()

    def _repeat(self, delivery: Delivery, answer: int | str, seconds: float) -> None:
        self._log.count("failed")
        again = self._outbox.failed(delivery, self._timer())
        if again is None:
            self._end(replace(delivery, failures=delivery.failures + 1), "lost", answer, seconds)
        else:
            self._store.save(*again)
            self._work.notify()  # whoever waits may be waiting for something later
            self._log.note(again[0], "waiting", answer, at=self._timer(), seconds=seconds)

    def _end(self, delivery: Delivery, status: str, answer: int | str, seconds: float) -> None:
        self._outbox.delivered(delivery)
        self._store.remove(delivery)
        self._log.count(status)
        self._log.note(delivery, status, answer, at=self._timer(), seconds=seconds)

    def _drop(self, deliveries: Iterable[Delivery]) -> None:
        gone = list(deliveries)
        self._outbox.discard(delivery.number for delivery in gone)
        for delivery in gone:
            self._store.remove(delivery)
