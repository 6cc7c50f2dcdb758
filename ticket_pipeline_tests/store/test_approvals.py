from ticket_pipeline.store import approvals
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.store.bodies import NOON, minute

BOX = "sql:box"


def test_only_what_was_approved_is_let_through(state: SiteState) -> None:
    with state.writing() as tx:
        approvals.approve(tx, state.site, BOX, ["balcony", "stalls"], at=NOON)
        approvals.approve(tx, state.site, BOX, [], at=NOON)
    with state.reading() as tx:
        assert approvals.approved(tx, state.site, BOX) == {"balcony", "stalls"}
        assert approvals.approved(tx, state.site, "sql:other") == set()
        assert approvals.approved(tx, "other", BOX) == set()


def test_a_second_approval_adds_to_the_first(state: SiteState) -> None:
    with state.writing() as tx:
        approvals.approve(tx, state.site, BOX, ["balcony", "stalls"], at=NOON)
        approvals.approve(tx, state.site, BOX, ["stalls", "gallery"], at=minute(1))
        assert approvals.approved(tx, state.site, BOX) == {"balcony", "stalls", "gallery"}


def test_what_is_forgotten_is_approved_no_more(state: SiteState) -> None:
    with state.writing() as tx:
        for site, destination in ((state.site, BOX), (state.site, "sql:other"), ("other", BOX)):
            approvals.approve(tx, site, destination, ["balcony", "stalls"], at=NOON)
        approvals.forget(tx, state.site, BOX, ["balcony", "never approved"])
        assert approvals.approved(tx, state.site, BOX) == {"stalls"}
        assert approvals.approved(tx, state.site, "sql:other") == {"balcony", "stalls"}
        assert approvals.approved(tx, "other", BOX) == {"balcony", "stalls"}


def test_a_large_plan_is_approved_whole(state: SiteState) -> None:
    ids = {f"id{number:05}" for number in range(3_000)}
    with state.writing() as tx:
        approvals.approve(tx, state.site, BOX, ids, at=NOON)
        assert approvals.approved(tx, state.site, BOX) == ids
        approvals.forget(tx, state.site, BOX, ids)
        assert approvals.approved(tx, state.site, BOX) == set()
