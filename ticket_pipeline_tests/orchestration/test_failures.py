"""Our errors in Dagster's terms."""

import dagster as dg
import pytest

from ticket_pipeline.errors import ConfigError, RejectedError, TicketPipelineError, TransientError
from ticket_pipeline.orchestration.failures import LONGEST_WAIT, explained
from ticket_pipeline.orchestration.watch import Watch


def raised(error: TicketPipelineError) -> BaseException:
    watch = Watch()
    with pytest.raises(Exception, match=r".*") as caught, explained(watch):
        raise error
    assert watch.error is error
    return caught.value


def test_a_transient_error_goes_to_the_retry_policy_as_it_is() -> None:
    error = TransientError("busy")
    assert raised(error) is error


def test_the_wait_the_other_side_asks_for_is_honoured() -> None:
    asked = raised(TransientError("busy", retry_after=7.0))
    assert isinstance(asked, dg.RetryRequested)
    assert asked.seconds_to_wait == 7.0


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ConfigError("bad key"), id="config"),
        pytest.param(RejectedError("no such page", code="x"), id="rejected"),
        pytest.param(TransientError("come back tomorrow", retry_after=LONGEST_WAIT + 1), id="a wait too long"),
    ],
)
def test_what_no_retry_mends_fails_at_once_with_its_sentence(error: TicketPipelineError) -> None:
    failure = raised(error)
    assert isinstance(failure, dg.Failure)
    assert not failure.allow_retries
    assert failure.description == str(error)


def test_what_somebody_stops_is_not_tried_again() -> None:
    watch = Watch()
    with pytest.raises(dg.Failure) as caught, explained(watch):
        raise KeyboardInterrupt
    assert not caught.value.allow_retries
    assert watch.interrupted


def test_what_went_well_forgets_the_error_before() -> None:
    watch = Watch(error=TransientError("busy"))
    with explained(watch):
        pass
    assert watch.error is None
