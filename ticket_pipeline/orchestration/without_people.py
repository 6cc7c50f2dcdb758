"""What keeps people out of Dagster's logs, which anybody who looks at a run may read."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from ticket_pipeline.errors import TicketPipelineError


class DefectError(Exception):
    """A mistake of ours: which, and where, without the words it was told with."""


@contextmanager
def without_people() -> Iterator[None]:
    """Let our own errors through, whose sentences name nobody, and of others only the kind and the place."""
    try:
        yield
    except (TicketPipelineError, dg.DagsterError, DefectError):
        raise
    except Exception as error:  # noqa: BLE001  nothing of it is lost but its words
        raise defect(error) from None


def defect(error: Exception) -> DefectError:
    """Tell of an error what cannot be somebody's address."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.name} ({frame.filename}:{frame.lineno})" for frame in reversed(frames[-5:]))
    return DefectError(f"{type(error).__name__} in {places}; its words are left out, for they may name somebody")
