"""The rig itself: Ghost answers, and a member can be made."""

from ticket_pipeline_tests.real.ghost_server import Ghost


def test_ghost_answers_and_a_member_has_a_way_out(ghost: Ghost) -> None:
    member = ghost.add_member("rig@example.org", name="Rig", labels=["event-rig"])
    assert member["unsubscribe_url"].startswith(ghost.url)
