"""What the page asks for each second while it is open: only what changed since it asked last."""

from pathlib import Path
from typing import Any

import requests

from ticket_pipeline.sandbox.desk import Desk
from ticket_pipeline.sandbox.entities import Document
from ticket_pipeline.sandbox.mail.letter import subject_of
from ticket_pipeline.sandbox.mail.mailbox import News
from ticket_pipeline.sandbox.site.programme import programme
from ticket_pipeline.sandbox.site.snapshot import snapshot
from ticket_pipeline.sandbox.site.ticketing_table import mark_of, read_table
from ticket_pipeline.sandbox.site.till import till

PATIENCE = 0.5


def live(desk: Desk, *, version: str, serial: int, table: str, mail: str) -> Document:
    """Tell what changed since this world's version, this delivery, this mark of the table and of the mailbox."""
    counts = {"changes": desk.world.version - desk.world.first_version, **desk.webhooks.document(0)["counts"]}
    document: Document = {"version": version, "counts": counts}
    if version != f"{desk.started}.{desk.world.version}":
        shown = snapshot(desk.world)
        seen = f"{desk.started}.{shown.version}"
        document |= {"version": seen, "programme": programme(shown), "till": till(shown)}
    document |= desk.webhooks.since(serial)
    if desk.settings.ticketing_database is not None:
        document["table"] = _table(desk.settings.ticketing_database, table)
    if desk.mail_server is not None:
        document["mail"] = _mail(desk.mailbox.since(mail))
    if desk.settings.counter_server_url is not None:
        document["inbox"] = inbox(desk.settings.counter_server_url)
    return document


def inbox(server_url: str) -> Document:
    """Ask the pipeline's server how many webhooks wait in its inbox; null while it does not say."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            health: Any = session.get(f"{server_url}/healthz", timeout=PATIENCE).json()
        return {"reachable": True, "depth": int(health["inbox"]["depth"])}
    except (requests.RequestException, ValueError, KeyError, TypeError):
        return {"reachable": False, "depth": None}


def _mail(news: News) -> Document:
    listed = [
        {"number": each.number, "at": each.at, "to": ", ".join(each.recipients), "subject": subject_of(each)}
        for each in news.mails
    ]
    return {"mark": news.mark, "anew": news.anew, "mails": listed, "total": news.total, "kept": news.kept}


def _table(path: Path, seen: str) -> Document:
    mark = mark_of(path)
    return {"mark": mark} if mark == seen else {"mark": mark, **read_table(path)}
