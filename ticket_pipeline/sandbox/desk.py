"""The sandbox as one value: settings, world, credentials, faults, counts, webhooks."""

from collections.abc import Callable
from datetime import datetime
from itertools import count
from threading import Event
from uuid import uuid4

from ticket_pipeline.sandbox.changes import Change
from ticket_pipeline.sandbox.definition_query import DefinitionQueries
from ticket_pipeline.sandbox.doorkeeper import Doorkeeper
from ticket_pipeline.sandbox.faults import FaultBox
from ticket_pipeline.sandbox.instants import to_the_minute
from ticket_pipeline.sandbox.mail.mailbox import Mailbox
from ticket_pipeline.sandbox.mail.server import MailServer
from ticket_pipeline.sandbox.paging import Cursors
from ticket_pipeline.sandbox.rate_limit import RateLimit
from ticket_pipeline.sandbox.seeding.seed import seeded_world
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline.sandbox.stats import Stats
from ticket_pipeline.sandbox.storage import Storage
from ticket_pipeline.sandbox.webhooks.compose import compose
from ticket_pipeline.sandbox.webhooks.post_office import PostOffice
from ticket_pipeline.sandbox.webhooks.senders import Senders
from ticket_pipeline.sandbox.world import World


class Desk:
    """All that the routes work on."""

    def __init__(self, settings: SandboxSettings, clock: Callable[[], datetime]) -> None:
        self.settings = settings
        self.clock = clock
        #: another one in each process, so that what a page remembers of the last one is not taken for this one's
        self.started = uuid4().hex[:8]
        self.closing = Event()
        self.world = World(Storage(settings.database), clock, settings.seed)
        self.queries = DefinitionQueries(self.world)
        self.cursors = Cursors()
        self.doorkeeper = Doorkeeper(settings, clock)
        self.faults = FaultBox(settings.faults)
        self.stats = Stats()
        self.rate_limit = RateLimit(settings.requests_per_minute, clock)
        now = to_the_minute(settings.now or clock())
        self.world.open(lambda: seeded_world(settings, now), now)
        self.webhooks = PostOffice(settings, clock)
        self._senders = Senders(self.webhooks, self.world, settings.webhook_senders)
        self._webhook_serial = count()
        self.world.subscribe(self._tell)
        self.mailbox = Mailbox()
        port = settings.mail_port
        self.mail_server = None if port is None else MailServer(self.mailbox, port, clock)

    def open(self) -> None:
        """Begin to send webhooks and to take mails."""
        self._senders.start()
        if self.mail_server is not None:
            self.mail_server.start()

    def close(self) -> None:
        """Stop sending webhooks and taking mails, and let go of the database."""
        self.closing.set()
        if self.mail_server is not None:
            self.mail_server.stop()
        self._senders.stop()
        self.webhooks.shut()
        self.world.close()

    def reset(self) -> None:
        """Seed the world anew around the same instant, forget counts and put the first faults in force."""
        self.world.restart(seeded_world(self.settings, self.world.seeded_at), self.world.seeded_at)
        self.faults.set(self.settings.faults)
        self.stats.reset()
        self.webhooks.reset()
        self.mailbox.clear()

    def _tell(self, change: Change) -> None:
        if self.webhooks.subscriptions:
            webhook = compose(self.world, change, next(self._webhook_serial))
            if webhook is not None:
                self.webhooks.post(webhook)
