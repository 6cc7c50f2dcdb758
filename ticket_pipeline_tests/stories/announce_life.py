"""One life of a process that announces: from its start to the end of the blast, unless it is killed before."""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from ticket_pipeline.audiences import csv
from ticket_pipeline.channels import smtp
from ticket_pipeline.flows.announce import announce
from ticket_pipeline.flows.hold_claim import LEASE
from ticket_pipeline.flows.sale_starts import due
from ticket_pipeline_tests.flows.announcing import BoxOffice, box_office
from ticket_pipeline_tests.store.bodies import minute

START = minute(30)
#: The first life begins before the sale does, each other one when the one before is taken for dead.
_EARLY, _APART = timedelta(seconds=20), LEASE + timedelta(seconds=30)
SUBSCRIBERS = "subscribers.csv"


@dataclass(frozen=True, kw_only=True)
class Life:
    """What a life finds: the folder of the state and the subscribers, and a mail server."""

    folder: Path
    port: int
    #: Lives before this one.
    number: int
    resend: bool


def live(life: Life) -> None:
    """Do what the schedule does."""
    office = open_office(life)
    office.opens("stalls", "balcony", at=START)
    for each in due(office.state, now=office.parts.clock()):
        announce(office.parts, each)
    office.state.database.close()


def open_office(life: Life) -> BoxOffice:
    """Open the box office: the people are those of the file, and time passes by itself."""
    sender = {"url": f"smtp://127.0.0.1:{life.port}", "sender": "Box Office <tickets@example.org>"}
    clock = _Clock(START - _EARLY + life.number * _APART)
    return box_office(
        life.folder,
        channels=(smtp.connect(smtp.Config.model_validate(sender)),),
        audience=csv.connect(csv.Config(path=life.folder / SUBSCRIBERS)),
        resend=life.resend,
        clock=clock,
        sleep=clock.sleep,
    )


@dataclass
class _Clock:
    """Goes at the usual pace; whoever would sleep finds that the time has passed."""

    begins: datetime
    _slept: float = 0.0
    _started: float = field(default_factory=time.monotonic)

    def __call__(self) -> datetime:
        return self.begins + timedelta(seconds=self._slept + time.monotonic() - self._started)

    def sleep(self, seconds: float) -> None:
        self._slept += seconds
