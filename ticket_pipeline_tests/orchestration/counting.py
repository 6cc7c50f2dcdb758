"""What a server would do: read counters, while Dagster looks elsewhere."""

from collections.abc import Iterable
from datetime import datetime

from ticket_pipeline.flows.count import count
from ticket_pipeline.flows.shown import shown
from ticket_pipeline.model.counting import Cause, CountReport, Why
from ticket_pipeline.model.tally import Tally
from ticket_pipeline.sandbox import box_office
from ticket_pipeline.sandbox.entities import Definition, Line
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline.store import tallies
from ticket_pipeline_tests.orchestration.stage import Stage


def serve(stage: Stage, *, at: datetime, ids: Iterable[str] | None = None) -> CountReport:
    """Read these counters (None: all) as a server does."""
    site = stage.site
    read = shown(site.state, site.counters.rules).event_of if ids is None else ids
    wanted = {each: Cause(why=Why.SWEEP, at=at) for each in read}
    return count(site.state, site.wix, site.counters.rules, wanted, clock=lambda: at)


def tally(stage: Stage, definition_id: str) -> Tally | None:
    """Look at what a counter shows."""
    with stage.site.state.reading() as tx:
        return tallies.get(tx, stage.site.name, definition_id)


def left(stage: Stage, definition_id: str) -> int:
    """Tell how many a counter says are left."""
    shown_now = tally(stage, definition_id)
    assert shown_now is not None
    assert shown_now.remaining is not None
    return shown_now.remaining


def scarce(stage: Stage, sandbox: RunningSandbox) -> Definition:
    """Pick a definition that is limited, of an event that has a partition."""
    return next(each for each in definitions(stage, sandbox) if (each.unsold or 0) > 5)


def definitions(stage: Stage, sandbox: RunningSandbox) -> list[Definition]:
    """List the definitions of events that have a partition."""
    found = [each for each in sandbox.world.definitions if each.event_id in stage.partitions]
    return sorted(found, key=lambda each: each.id)


def buy(sandbox: RunningSandbox, definition: Definition, quantity: int = 1) -> None:
    """Buy tickets at the sandbox."""
    line = Line(definition_id=definition.id, quantity=quantity)
    box_office.buy(sandbox.world, box_office.hold(sandbox.world, [line], force=True).id)
