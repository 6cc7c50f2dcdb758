from ticket_pipeline.store import dead_letters
from ticket_pipeline.store.dead_letters import DeadLetter
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.store.bodies import minute


def letter(subject: str, reason: str = "the name is too long") -> DeadLetter:
    return DeadLetter(subject=subject, event_id="gala", code="refused", reason=reason, payload={"name": "x" * 40})


def bury(state: SiteState, *letters: DeadLetter, at: int = 0, flow: str = "publish") -> None:
    with state.writing() as tx:
        dead_letters.bury(tx, state.site, flow=flow, letters=letters, at=minute(at))


def resolve(state: SiteState, *subjects: str, flow: str = "publish") -> int:
    with state.writing() as tx:
        return dead_letters.resolve(tx, state.site, flow=flow, subjects=subjects, at=minute(9))


def open_letters(state: SiteState) -> list[DeadLetter]:
    with state.reading() as tx:
        return dead_letters.open_letters(tx, state.site)


def test_a_buried_letter_is_open(state: SiteState) -> None:
    bury(state, letter("a"))
    (kept,) = open_letters(state)
    assert kept.id is not None
    assert kept == DeadLetter(
        id=kept.id,
        flow="publish",
        subject="a",
        event_id="gala",
        code="refused",
        reason="the name is too long",
        payload={"name": "x" * 40},
        attempts=1,
        first_at=minute(0),
        last_at=minute(0),
    )


def test_a_repeat_is_another_attempt_of_the_same_letter(state: SiteState) -> None:
    bury(state, letter("a"), at=0)
    bury(state, letter("a", "now something else"), at=5)
    (kept,) = open_letters(state)
    assert (kept.attempts, kept.reason) == (2, "now something else")
    assert (kept.first_at, kept.last_at) == (minute(0), minute(5))


def test_a_letter_twice_in_one_go_is_two_attempts(state: SiteState) -> None:
    bury(state, letter("a"), letter("a"))
    assert [each.attempts for each in open_letters(state)] == [2]


def test_a_resolved_letter_is_closed_and_a_later_refusal_starts_over(state: SiteState) -> None:
    bury(state, letter("a"), letter("b"))
    assert resolve(state, "a", "unknown") == 1
    assert resolve(state, "a") == 0
    bury(state, letter("a"), at=7)
    assert [(each.subject, each.attempts) for each in open_letters(state)] == [("b", 1), ("a", 1)]


def test_flows_have_letters_of_their_own(state: SiteState) -> None:
    bury(state, letter("a"))
    bury(state, letter("a"), flow="map")
    assert resolve(state, "a", flow="map") == 1
    assert [each.flow for each in open_letters(state)] == ["publish"]


def test_sites_do_not_see_each_other(state: SiteState) -> None:
    bury(state, letter("a"))
    assert open_letters(SiteState(database=state.database, site="other")) == []


def test_nothing_to_bury_is_nothing(state: SiteState) -> None:
    bury(state)
    assert open_letters(state) == []
