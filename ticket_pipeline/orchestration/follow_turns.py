"""Whether it is time to ask for a run that follows the webhooks; from values alone."""

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime

from ticket_pipeline.orchestration.follow_runs import EVERYTHING, Runs
from ticket_pipeline.store.backlog import Backlog

#: One at work, and one queued for what landed since.
MOST_LIVE = 2
#: Seconds. A run that was killed is begun again by Dagster itself sooner than this.
FIRST_WAIT, LONGEST_WAIT = 10.0, 300.0
#: Seconds that work must lie around before it is taken for left over, and how long until it is tried once more.
LIES_AROUND, FIRST_REST, LONGEST_REST = 60.0, 600.0, 7_200.0


@dataclass(frozen=True, kw_only=True)
class Left:
    """Work left over without an entry in the inbox, as it was last seen."""

    digest: str = ""
    #: Timestamps: since when it is the same, when it was last looked for, and when a run was last asked for.
    since: float = 0.0
    looked: float = 0.0
    asked: float = 0.0
    attempts: int = 0

    @property
    def due(self) -> float:
        """When a run for it may be asked for, as a timestamp."""
        if not self.attempts:
            return self.since + LIES_AROUND
        return self.asked + doubled(FIRST_REST, self.attempts, LONGEST_REST)


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What the sensor's cursor remembers; losing it costs a repeated or an early run, never a webhook."""

    #: Number of the newest entry a run was asked for, how often in a row, and when last, as a timestamp.
    asked: int = 0
    attempt: int = 0
    at: float = 0.0
    left: Left = field(default_factory=Left)

    @classmethod
    def read(cls, cursor: str | None) -> "Memory":
        """Read a cursor."""
        if not cursor:
            return cls()
        kept = json.loads(cursor)
        return cls(**{**kept, "left": Left(**kept["left"])})

    def written(self) -> str:
        """Write the cursor."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, kw_only=True)
class Ask:
    """It is time: the number of the newest entry, and which attempt it is."""

    seq: int
    attempt: int


def turn(backlog: Backlog | None, runs: Runs, memory: Memory, *, at: datetime) -> Ask | str:
    """Decide whether to ask for a run; if not, say why in a sentence. `backlog` is what no live run covers."""
    if runs.covered == EVERYTHING:
        return "A run takes all that lands, or is about to."
    if backlog is None:
        return "A run is at work on all that has landed." if runs.live else "No webhook waits."
    failures, due = _due(backlog, runs, memory)
    if at.timestamp() < due:
        left = due - at.timestamp()
        return f"{backlog.count} webhooks wait; {failures} runs came to nothing, the next is due in {left:.0f} s."
    if runs.live >= MOST_LIVE:
        return f"{backlog.count} webhooks wait for {runs.live} runs to end."
    return Ask(seq=backlog.last, attempt=failures + 1)


def see(left: Left, digest: str, *, at: datetime) -> Left:
    """Remember what lies around now; something else than before begins its own waiting."""
    now = at.timestamp()
    if digest == left.digest:
        return Left(digest=digest, since=left.since, looked=now, asked=left.asked, attempts=left.attempts)
    return Left(digest=digest, since=now, looked=now)


def doubled(first: float, times: int, longest: float) -> float:
    """Give the wait after so many attempts, the first being 1."""
    wait: float = min(first * 2.0 ** (times - 1), longest)
    return wait


def _due(backlog: Backlog, runs: Runs, memory: Memory) -> tuple[int, float]:
    """Tell how many attempts came to nothing, and until when to wait for the next."""
    asked_before = memory.attempt if backlog.first <= memory.asked else 0
    failures = max(runs.failures, asked_before)
    if not failures:
        return 0, 0.0
    ended = runs.failed_at.timestamp() if runs.failed_at else 0.0
    return failures, max(ended, memory.at if asked_before else 0.0) + doubled(FIRST_WAIT, failures, LONGEST_WAIT)
