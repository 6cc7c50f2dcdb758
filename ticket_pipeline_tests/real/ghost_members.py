"""The members of a real Ghost as a test wants them, and the audience that reads them.

They are written into Ghost's own tables: its API takes a quarter of a second for each, refuses the addresses that a
test must see refused, and leaves suppressions to Mailgun.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import requests
from pydantic import SecretStr
from requests.adapters import HTTPAdapter

from ticket_pipeline.audiences.ghost import Config, GhostAudience
from ticket_pipeline_tests.audiences.people import SUBSCRIBED, SUPPRESSED, Person
from ticket_pipeline_tests.real.ghost_server import Ghost

#: Ghost's own, of a new site.
_NEWSLETTER = "default-newsletter"
_AT = "2026-01-01 00:00:00"


class GhostMembers:
    """A Ghost, and an audience connected to it."""

    def __init__(self, ghost: Ghost, **settings: Any) -> None:
        """Connect."""
        self.ghost = ghost
        self.session = CountedSession()
        config = Config(url=ghost.url, admin_api_key=SecretStr(ghost.admin_api_key), **settings)
        self.audience = GhostAudience(config, self.session, sleep=lambda _: None)

    def hold(self, people: Iterable[Person]) -> None:
        """List these people, and nobody else; who was listed before keeps their id."""
        with self._tables() as tables:
            known = dict(tables.db.execute("SELECT email, id FROM members"))
            for table in ("suppressions", "members_newsletters", "members_labels", "members"):
                tables.db.execute(f"DELETE FROM {table}")
            for person in people:
                tables.add(person, known.get(person.email) or _new_id())

    def fold_odd_status(self) -> None:
        """List one person who gets nothing any more but an archived newsletter: Ghost knows no other odd status."""
        archived = self.ghost.add_newsletter(f"Old {uuid4().hex}")
        self.ghost.call("PUT", f"newsletters/{archived}/", newsletters=[{"status": "archived"}])
        self.hold([Person(email="odd@example.org", opt_ins=("gala",))])
        with self._tables() as tables:
            tables.db.execute("UPDATE members_newsletters SET newsletter_id = ?", (archived,))

    def fail_midway(self) -> None:
        """Be cut off from Ghost after a few calls."""
        self.session.last = self.session.calls + 3

    def suppress(self, email: str) -> None:
        """Suppress an address, as Ghost does when Mailgun tells of a bounce, whoever becomes a member by it later."""
        with self._tables() as tables:
            tables.suppress(email)

    @contextmanager
    def _tables(self) -> Iterator["_Tables"]:
        with closing(sqlite3.connect(self.ghost.database, timeout=30)) as db, db:
            yield _Tables(db)


class CountedSession(requests.Session):
    """Counts calls, and fails after the last one."""

    def __init__(self) -> None:
        """Let everything pass."""
        super().__init__()
        self.calls = 0
        self.last = 1_000_000
        self.mount("http://", _Adapter(self))


class _Adapter(HTTPAdapter):
    def __init__(self, counted: CountedSession) -> None:
        super().__init__()
        self._counted = counted

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        self._counted.calls += 1
        if self._counted.calls > self._counted.last:
            raise requests.ConnectionError("cut off")
        return super().send(request, **options)


@dataclass(frozen=True)
class _Tables:
    """Ghost's tables, in one transaction."""

    db: sqlite3.Connection

    def add(self, person: Person, member_id: str) -> None:
        """Add a member, subscribed to Ghost's usual newsletter unless they left."""
        suppressed = person.status == SUPPRESSED
        member = (member_id, str(uuid4()), str(uuid4()), person.email, person.name or None, suppressed, _AT)
        self.db.execute(
            "INSERT INTO members (id, uuid, transient_id, email, name, email_disabled, created_at, created_by)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, '1')",
            member,
        )
        if suppressed:
            self.suppress(person.email)
        if person.status in {SUBSCRIBED, SUPPRESSED}:
            self.db.execute(
                "INSERT INTO members_newsletters SELECT ?, ?, id FROM newsletters WHERE slug = ?",
                (_new_id(), member_id, _NEWSLETTER),
            )
        for order, mark in enumerate(person.opt_ins):
            row = (_new_id(), member_id, self._label(mark), order)
            self.db.execute("INSERT INTO members_labels VALUES (?, ?, ?, ?)", row)

    def suppress(self, email: str) -> None:
        """Suppress an address."""
        row = (_new_id(), email, "bounce", _AT)
        self.db.execute("INSERT INTO suppressions (id, email, reason, created_at) VALUES (?, ?, ?, ?)", row)

    def _label(self, slug: str) -> str:
        for (label_id,) in self.db.execute("SELECT id FROM labels WHERE slug = ?", (slug,)):
            return str(label_id)
        row = (_new_id(), slug, slug, _AT)
        self.db.execute("INSERT INTO labels (id, name, slug, created_at, created_by) VALUES (?, ?, ?, ?, '1')", row)
        return row[0]


def _new_id() -> str:
    return uuid4().hex[:24]
