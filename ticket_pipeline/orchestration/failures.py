"""Our errors in Dagster's terms: what is retried, what is not, and the sentence a person reads."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from ticket_pipeline.errors import TicketPipelineError, TransientError
from ticket_pipeline.model.report import Hold
from ticket_pipeline.orchestration.watch import Watch

RETRIES = 3
#: A longer wait than this is left to the next run.
LONGEST_WAIT = 600.0


def retry_policy(delay: float, retries: int = RETRIES) -> dg.RetryPolicy:
    """Try again a few times, ever later; `delay` is the first wait's upper bound in seconds."""
    return dg.RetryPolicy(max_retries=retries, delay=delay, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.FULL)


@contextmanager
def explained(watch: Watch) -> Iterator[None]:
    """Let a transient error be retried, as late as the other side asked; fail at once, with the sentence, on others."""
    try:
        yield
    except TransientError as error:
        watch.error = error
        if error.retry_after is None:
            raise
        if error.retry_after > LONGEST_WAIT:
            raise _final(str(error)) from error
        raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=error.retry_after) from error
    except TicketPipelineError as error:
        watch.error = error
        raise _final(str(error)) from error
    except (dg.DagsterExecutionInterruptedError, KeyboardInterrupt) as interrupt:
        # Left alone, the retry policy would begin again what somebody has just stopped.
        watch.interrupted = True
        raise _final("stopped while it ran") from interrupt
    watch.error = None


def refuse_held(site: str, hold: Hold | None) -> None:
    """Fail, for a person to look at it, when a plan is held."""
    if hold is None:
        return
    raise _final(
        f"{site}: nothing was written, because {hold.deletes} of {hold.of} records would be taken away; look at them "
        f"with `ticket-pipeline plan --site {site}`, and let them go with --approve added to it",
        {"deletes": hold.deletes, "linked": hold.of, "digest": hold.digest},
    )


def _final(sentence: str, metadata: dict[str, int | str] | None = None) -> dg.Failure:
    return dg.Failure(description=sentence, metadata=metadata, allow_retries=False)
