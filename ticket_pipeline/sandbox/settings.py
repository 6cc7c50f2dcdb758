"""How a sandbox is set up, and the credentials it accepts unless told otherwise."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.sandbox.faults import Faults
from ticket_pipeline.sandbox.published_key import SANDBOX_WEBHOOK_PRIVATE_KEY
from ticket_pipeline.sandbox.webhooks.faults import WebhookFaults

ADDRESS = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/%?=&-]*)?")

SANDBOX_API_KEY = "sandbox-api-key"
SANDBOX_SITE_ID = "5a4db0c5-0001-4000-8000-000000000001"
SANDBOX_ACCOUNT_ID = "5a4db0c5-0002-4000-8000-000000000002"
SANDBOX_APP_ID = "5a4db0c5-0003-4000-8000-000000000003"
SANDBOX_APP_SECRET = "sandbox-app-secret"  # noqa: S105 - opens nothing but a sandbox
SANDBOX_INSTANCE_ID = "5a4db0c5-0004-4000-8000-000000000004"


@dataclass(frozen=True, kw_only=True)
class SandboxSettings:
    """What a sandbox starts with."""

    #: a SQLite file that outlives the process; None: in memory
    database: Path | None = None
    seed: int = 7
    #: the seeded world's reference instant; None: when the world is first made
    now: datetime | None = None
    #: a generated world of this size instead of the dozen showcase events; either implies the other
    events: int | None = None
    definitions: int | None = None
    api_key: str = SANDBOX_API_KEY
    site_id: str = SANDBOX_SITE_ID
    account_id: str = SANDBOX_ACCOUNT_ID
    app_id: str = SANDBOX_APP_ID
    app_secret: str = SANDBOX_APP_SECRET
    instance_id: str = SANDBOX_INSTANCE_ID
    #: whether the app holds WIX_EVENTS.READ_DRAFT_EVENTS; the API key always does
    app_reads_drafts: bool = False
    requests_per_minute: int | None = None
    faults: Faults = field(default_factory=Faults)
    #: where webhooks go from the start, on this machine; more can subscribe over HTTP
    webhook_urls: tuple[str, ...] = ()
    #: PEM; the public half of the usual one is SANDBOX_WEBHOOK_PUBLIC_KEY
    webhook_private_key: str = SANDBOX_WEBHOOK_PRIVATE_KEY
    #: what each step of Wix's resend schedule is multiplied by; 0.001 makes a minute 60 ms
    resend_scale: float = 1.0
    #: whether a resend is signed anew, or sent with the token of the first attempt and its expiry
    webhooks_signed_anew: bool = True
    #: how many webhooks are sent at once; with 1 they go out in order
    webhook_senders: int = 4
    webhook_faults: WebhookFaults = field(default_factory=WebhookFaults)
    #: the pipeline's own server, where the box office's counters come from, such as http://127.0.0.1:8787
    counter_server_url: str | None = None
    #: where Dagster's pages are
    dagster_url: str | None = None
    #: a SQLite file whose table `tickets` the box office shows, as the external ticketing system would
    ticketing_database: Path | None = None
    #: where mails are taken and shown instead of sent, on this machine; 0: any free port; None: nowhere
    mail_port: int | None = None

    def __post_init__(self) -> None:
        """Refuse an address that could be anything else in a page.

        Raises:
            ConfigError: naming it.
        """
        for url in (self.counter_server_url, self.dagster_url):
            if url is not None and not ADDRESS.fullmatch(url):
                raise ConfigError(f"sandbox: {url!r} is no address; give one such as http://127.0.0.1:8787")
