"""Which site a verified webhook belongs to (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ticket_pipeline.webhooks.keys import PublicKey
from ticket_pipeline.webhooks.refused import Refusal, RefusedWebhook


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One site that webhooks may come for."""

    site: str
    #: What its app's webhooks are signed with; several while keys rotate.
    keys: tuple[PublicKey, ...] = field(repr=False)
    #: Of the app on this site; None where only the address tells the site.
    instance_id: str | None = None
    #: Compared with a token's audience, where both are known.
    app_id: str | None = None


def all_keys(endpoints: Sequence[Endpoint]) -> list[PublicKey]:
    """List the keys behind an address, each once: sites of one app share theirs."""
    keys: list[PublicKey] = []
    for endpoint in endpoints:
        keys.extend(key for key in endpoint.keys if key not in keys)
    return keys


def choose(endpoints: Sequence[Endpoint], key: PublicKey, instance_id: str | None) -> Endpoint:
    """Find the site among those an address stands for: of this key, and by the instance that sent the webhook.

    A site whose instance we do not know, or a webhook that does not name its instance, fits when no other does.

    Raises:
        RefusedWebhook: wrong_site: no site fits, or more than one.
    """
    signed = [each for each in endpoints if key in each.keys]
    same = [each for each in signed if instance_id and _folded(each.instance_id) == _folded(instance_id)]
    fitting = same or [each for each in signed if instance_id is None or each.instance_id is None]
    if len(fitting) != 1:
        raise RefusedWebhook(Refusal.WRONG_SITE, "it is for none of the sites behind this address")
    return fitting[0]


def _folded(instance_id: str | None) -> str | None:
    return instance_id and instance_id.casefold()
