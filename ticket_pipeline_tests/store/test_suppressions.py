"""Suppressions: who wants no more, remembered by a name only we can make."""

from ticket_pipeline.store import suppressions
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.store.bodies import minute


def suppress(state: SiteState, *recipients: str, why: str = "asked") -> None:
    with state.writing() as tx:
        suppressions.suppress(tx, state.site, recipients, why=why, at=minute(0))


def test_whoever_is_listed_is_found_however_often_they_were_listed(state: SiteState) -> None:
    suppress(state, "ann", "ben", "ann")
    suppress(state, "ann", why="asked again")
    suppress(state)
    with state.reading() as tx:
        assert suppressions.suppressed(tx, state.site, ["ann", "cid"]) == {"ann"}
        assert suppressions.suppressed(tx, "other", ["ann"]) == set()
        assert (suppressions.count(tx), suppressions.count(tx, "other")) == (2, 0)


def test_what_the_tool_took_needs_no_passing_on(state: SiteState) -> None:
    suppress(state, "ann", "ben")
    with state.writing() as tx:
        suppressions.passed_on(tx, state.site, "ann", at=minute(1))
        assert not suppressions.to_pass_on(tx, state.site, "ann")
        assert suppressions.to_pass_on(tx, state.site, "ben")
        assert not suppressions.to_pass_on(tx, state.site, "nobody")
