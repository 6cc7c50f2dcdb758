"""A flow's runs, recorded: how often it ended how and when it last did well, for whoever was not there."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

from ticket_pipeline.errors import ConfigError, TicketPipelineError, TransientError
from ticket_pipeline.store import figures
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline.tracing import span

_P = ParamSpec("_P")
_R = TypeVar("_R")
_Flow = Callable[Concatenate[SiteState, _P], _R]

#: Name of the figures of a flow, before the flow's own.
RUNS = "runs."
#: When a flow that ended well began, in seconds of the epoch: what it saw is as old as that.
SUCCEEDED_AT = "succeeded_at"


class Ended(StrEnum):
    """How a run of a flow ended."""

    DONE = "done"
    #: Done, save that a plan waits for a person.
    HELD = "held"
    #: A side was unwell; the next run goes on.
    POSTPONED = "postponed"
    #: A setting, a credential or a right is wrong: no run will do better.
    STOPPED = "stopped"
    #: In a way that nobody thought of.
    FAILED = "failed"
    #: By a signal, or by a person.
    INTERRUPTED = "interrupted"


def recorded(flow: str) -> Callable[[_Flow[_P, _R]], _Flow[_P, _R]]:
    """Record each run of a flow, which is called with its site's state first and `now` by name, and trace it."""

    def decorate(act: _Flow[_P, _R]) -> _Flow[_P, _R]:
        @wraps(act)
        def run(state: SiteState, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
            now, ended = cast("datetime", kwargs["now"]), Ended.INTERRUPTED
            try:
                with span(f"flow.{flow}", site=state.site):
                    report = act(state, *args, **kwargs)
                ended = Ended.HELD if _is_held(report) else Ended.DONE
                return report
            except Exception as error:
                ended = _how(error)
                raise
            finally:
                _record(state, flow, ended, at=now)

        return run

    return decorate


def _record(state: SiteState, flow: str, ended: Ended, *, at: datetime) -> None:
    """Write it down; where that is impossible a figure is lost, and nothing with it."""
    with suppress(TicketPipelineError), state.noting() as tx:
        held = figures.locked(tx, state.site, RUNS + flow, at=at)
        held[ended] = held.get(ended, 0) + 1
        if ended is Ended.DONE:
            held[SUCCEEDED_AT] = at.timestamp()
        figures.put(tx, state.site, RUNS + flow, held, at=at)


def _how(error: Exception) -> Ended:
    if isinstance(error, TransientError):
        return Ended.POSTPONED
    return Ended.STOPPED if isinstance(error, ConfigError) else Ended.FAILED


def _is_held(report: object) -> bool:
    published = getattr(report, "published", report)
    return getattr(published, "hold", None) is not None
