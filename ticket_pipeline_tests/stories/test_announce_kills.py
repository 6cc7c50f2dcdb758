"""Real processes, killed in mid-blast at random moments: nobody is told twice, nobody is missing.

All but the one who was caught between DATA and its answer, at most one per kill: who is reported as unknown, and
written to once more only where that was declared.
"""

import multiprocessing
import os
import re
import sqlite3
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from signal import SIGKILL

import pytest

from ticket_pipeline.model.announcement import StartKey
from ticket_pipeline.store import announcements
from ticket_pipeline.store.announcements import State
from ticket_pipeline_tests.channels.mail_server import HANG_UP, MailServer, mail_server
from ticket_pipeline_tests.flows.announcing import EVENT, SITE
from ticket_pipeline_tests.stories.announce_life import START, SUBSCRIBERS, Life, live, open_office

PEOPLE, KILLS, CUTS = 2_000, 6, 3
#: What is heard of a mail when its sender is killed; END is after the mail, before the answer.
MOMENTS = ("MAIL", "RCPT", "DATA", "END")
#: Seconds after such a moment; a mail takes about one thousandth.
AFTERWARDS = 0.004
PATIENCE = 300.0
SEED_VARIABLE = "ANNOUNCE_KILLS_SEED"

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["pytest", "ticket_pipeline_tests.stories.announce_life"])


@dataclass
class Blast:
    """An announcement to two thousand, the processes that work on it one after the other, and what arrives."""

    life: Life
    server: MailServer
    dice: Random
    #: Mails that were heard whole, by address, whether or not their sender was still there for the answer.
    heard: Counter[str] = field(default_factory=Counter)
    message_ids: defaultdict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    kills: int = 0
    cuts: int = 0
    _victim: BaseProcess | None = None
    #: At which moment of a mail, and from which mail on, the sender is killed.
    _moment: str = ""
    _from: int = 0

    def __post_init__(self) -> None:
        """Listen to what is said to the mail server."""
        self._cut_at = sorted(self.dice.sample(range(PEOPLE - 200), CUTS))
        for each in MOMENTS:
            self.server.answers[each] = partial(self._hear, each)

    def run(self) -> None:
        """Kill again and again, wherever the blast is; then let it come to its end."""
        for mails in sorted(self.dice.sample(range(PEOPLE - 200), KILLS - 1)):
            self._moment, self._from = self.dice.choice(MOMENTS), mails
            self._live()
        self._moment = ""
        self._live(killed_after=self.dice.uniform(0, 0.1))
        self._live()

    def _live(self, killed_after: float | None = None) -> None:
        """Let a process live until it is killed or done."""
        process = _processes.Process(target=live, args=(self.life,))
        self._victim = process
        process.start()
        if killed_after is not None:
            time.sleep(killed_after)
            process.kill()
        process.join(PATIENCE)
        assert process.exitcode in {0, -SIGKILL}
        self.kills += process.exitcode == -SIGKILL
        self.life = replace(self.life, number=self.life.number + 1)

    def _hear(self, verb: str, address: str) -> str | None:
        if verb == "END":
            self.heard[address] += 1
            mail = next(each for each in reversed(self.server.read) if f"<{address}>\r\n".encode() in each)
            self.message_ids[address] |= set(re.findall(rb"^Message-ID: (\S+)\r$", mail, re.MULTILINE))
        if verb == self._moment and self.heard.total() >= self._from:
            self._moment = ""
            self._kill()
        elif verb == "END" and self._cut_at and self.heard.total() >= self._cut_at[0]:
            self._cut_at.pop(0)
            self.cuts += 1
            return HANG_UP
        return None

    def _kill(self) -> None:
        """Kill now, or in a moment."""
        assert self._victim is not None
        if self.dice.random() < 0.5:
            self._victim.kill()
        else:
            threading.Timer(self.dice.uniform(0, AFTERWARDS), self._victim.kill).start()


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """What the pipeline says of the blast."""

    state: State
    report: dict[str, object]
    #: Addresses that are said to be of unknown fate.
    unknown: set[str]
    #: Of each address, how often a mail was begun.
    attempts: dict[str, int]


def read_ledger(life: Life) -> Ledger:
    office = open_office(life)
    names, (channel,) = office.parts.names, office.parts.channels
    addresses = {names.receipt(channel, each).recipient: each.id for each in office.parts.audience.subscribers()}
    with office.state.reading() as tx:
        row = announcements.get(tx, SITE, StartKey(EVENT, START))
    office.state.database.close()
    assert row is not None
    with closing(sqlite3.connect(life.folder / "state.db")) as connection:
        found = connection.execute("select recipient, state, attempts from receipts").fetchall()
    return Ledger(
        state=row.state,
        report=row.report,
        unknown={addresses[recipient] for recipient, state, _ in found if state == "unknown"},
        attempts={addresses[recipient]: attempts for recipient, _, attempts in found},
    )


def write_people(folder: Path) -> set[str]:
    """Write the subscribers, and among them some who want no mail; give those who do."""
    eligible = {f"someone.{number}@example.org" for number in range(PEOPLE)}
    rows = [f"{each},Someone,subscribed,en,event:{EVENT}" for each in sorted(eligible)]
    others = (f"unsubscribed,en,event:{EVENT}", f"pending,en,event:{EVENT}", "subscribed,en,event:other")
    rows += [f"other.{number}@example.org,Other,{others[number % len(others)]}" for number in range(100)]
    Random(1).shuffle(rows)
    (folder / SUBSCRIBERS).write_text("\n".join(["email,name,status,locale,opt_ins", *rows, ""]))
    return eligible


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.mark.parametrize(
    ("number", "resend"),
    [(1, False), (2, False), (3, False), (4, True), (5, True)],
    ids=["skip 1", "skip 2", "skip 3", "resend 1", "resend 2"],
)
def test_whoever_is_killed_each_is_told_once(tmp_path: Path, server: MailServer, number: int, resend: bool) -> None:
    seed = int(os.environ.get(SEED_VARIABLE, time.time_ns() % 10**9))
    print(f"{SEED_VARIABLE}={seed}; state: {tmp_path}")  # noqa: T201 - shown when it fails
    eligible = write_people(tmp_path)
    life = Life(folder=tmp_path, port=server.port, number=0, resend=resend)
    blast = Blast(life=life, server=server, dice=Random(seed + number))
    blast.run()
    ledger = read_ledger(blast.life)
    interruptions = blast.kills + blast.cuts
    again = {address for address, attempts in ledger.attempts.items() if attempts > 1}

    assert (blast.kills, blast.cuts) == (KILLS, CUTS)
    assert ledger.state is State.DONE
    assert ledger.report["unknown"] == len(ledger.unknown)
    assert set(blast.heard) <= eligible
    assert eligible - set(blast.heard) <= ledger.unknown
    assert all(len(each) == 1 for each in blast.message_ids.values())
    if resend:
        assert eligible == set(blast.heard)
        assert {address for address, mails in blast.heard.items() if mails > 1} <= again
        assert sum(ledger.attempts[each] - 1 for each in again) <= interruptions
    else:
        assert max(blast.heard.values()) == 1
        assert not again
        assert len(ledger.unknown) <= interruptions
