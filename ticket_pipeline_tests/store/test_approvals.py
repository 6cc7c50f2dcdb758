from ticket_pipeline.store import approvals
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.store.bodies import NOON


def test_only_the_approved_plan_is_let_through(state: SiteState) -> None:
    with state.writing() as tx:
        approvals.approve(tx, state.site, "sql:box", "abc", at=NOON)
        approvals.approve(tx, state.site, "sql:box", "abc", at=NOON)
    with state.reading() as tx:
        assert approvals.approved(tx, state.site, "sql:box", "abc")
        assert not approvals.approved(tx, state.site, "sql:box", "abd")
        assert not approvals.approved(tx, state.site, "sql:other", "abc")
        assert not approvals.approved(tx, "other", "sql:box", "abc")
