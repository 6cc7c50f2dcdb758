"""The installation's secret: what unsubscribe links are signed, and recipients remembered, with."""

import hashlib
import secrets
from datetime import datetime

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.store import checkpoints, suppressions
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.schema import checkpoints as table
from ticket_pipeline.store.upsert import insert_into

_KEPT, _FINGERPRINT = "secret", "secret_fingerprint"


def installation_secret(tx: Transaction, *, declared: str | None, at: datetime) -> str:
    """Give the declared secret, or else the one kept in the state, made when it is first asked for.

    Raises:
        ConfigError: it is another than before, and whoever unsubscribed could not be recognised any more.
    """
    secret = declared or _kept(tx, at)
    fingerprint = hashlib.sha256(f"fingerprint of {secret}".encode()).hexdigest()[:16]
    known = checkpoints.get(tx, "", _FINGERPRINT)
    if known not in {None, fingerprint} and suppressions.count(tx):
        raise ConfigError(
            "server.secret is another than the one by which those who unsubscribed are remembered, so they would be "
            f"written to again; put the old one back{'' if declared else ' (it was declared, and is missing now)'}"
        )
    if known != fingerprint:
        checkpoints.put(tx, "", _FINGERPRINT, fingerprint, at=at)
    return secret


def _kept(tx: Transaction, at: datetime) -> str:
    row = {"site": "", "name": _KEPT, "value": secrets.token_hex(32), "updated_at": at}
    tx.execute(insert_into(tx, table).on_conflict_do_nothing(), row)
    return str(checkpoints.get(tx, "", _KEPT))
