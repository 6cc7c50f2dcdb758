"""The unsubscribe links of one site's messages."""

from dataclasses import dataclass, field

from ticket_pipeline.unsubscribe.token import Unsubscription, sign

PATH = "/unsubscribe"


@dataclass(frozen=True, kw_only=True)
class UnsubscribeLinks:
    """Makes links that one click unsubscribes by (RFC 8058): the same for a person in every message."""

    site: str
    #: Where the server is found: `https://tickets.example.org`.
    url: str
    secret: str = field(repr=False)

    def __call__(self, recipient: str, subscriber_id: str | None) -> str:
        """Make the link of one person, by the name in our ledger and the marketing tool's id."""
        wanted = Unsubscription(site=self.site, recipient=recipient, subscriber_id=subscriber_id)
        return f"{self.url.rstrip('/')}{PATH}/{sign(self.secret, wanted)}"
