from datetime import datetime

from ticket_pipeline.model.event import Event
from ticket_pipeline.store import events
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.store.bodies import NOON, event, minute


def put(state: SiteState, *some: Event, read_at: datetime = NOON) -> int:
    with state.writing() as tx:
        return events.put(tx, state.site, some, read_at=read_at)


def mark_gone(state: SiteState, *ids: str, at: datetime = NOON) -> int:
    with state.writing() as tx:
        return events.mark_gone(tx, state.site, ids, at=at)


def title(state: SiteState, event_id: str = "gala") -> str | None:
    with state.reading() as tx:
        found = events.get(tx, state.site, event_id)
    return found.title if found else None


class TestPut:
    def test_an_event_comes_back_as_it_was_read(self, state: SiteState) -> None:
        sent = event("gala", starts=minute(90))
        assert put(state, sent) == 1
        with state.reading() as tx:
            kept = events.get(tx, state.site, "gala")
        assert kept == sent
        assert kept is not None
        assert kept.body == sent.body

    def test_only_new_and_changed_events_are_counted(self, state: SiteState) -> None:
        assert put(state, event("gala"), event("ball")) == 2
        assert put(state, event("gala"), event("ball"), read_at=minute(1)) == 0
        assert put(state, event("gala", title="Grand Gala", updated=minute(1)), event("ball")) == 1
        assert put(state) == 0

    def test_what_wix_changed_later_wins_whenever_it_was_read(self, state: SiteState) -> None:
        put(state, event("gala", title="new", updated=minute(5)), read_at=minute(6))
        assert put(state, event("gala", title="old", updated=minute(4)), read_at=minute(9)) == 0
        assert title(state) == "new"
        assert put(state, event("gala", title="newest", updated=minute(6)), read_at=minute(6)) == 1
        assert title(state) == "newest"

    def test_of_one_change_the_later_reading_wins(self, state: SiteState) -> None:
        put(state, event("gala", status="UPCOMING"), read_at=minute(0))
        assert put(state, event("gala", status="STARTED"), read_at=minute(20)) == 1
        assert put(state, event("gala", status="UPCOMING"), read_at=minute(10)) == 0

    def test_an_unchanged_reading_counts_as_the_later_one(self, state: SiteState) -> None:
        put(state, event("gala", title="right"), read_at=minute(0))
        put(state, event("gala", title="right"), read_at=minute(20))
        assert put(state, event("gala", title="late and old"), read_at=minute(10)) == 0
        assert title(state) == "right"

    def test_events_without_a_time_of_change_are_ordered_by_their_reading(self, state: SiteState) -> None:
        put(state, event("gala", title="first", updated=None), read_at=minute(5))
        assert put(state, event("gala", title="older", updated=None), read_at=minute(4)) == 0
        assert put(state, event("gala", title="later", updated=None), read_at=minute(6)) == 1
        assert put(state, event("gala", title="dated", updated=NOON), read_at=minute(1)) == 1
        assert put(state, event("gala", title="undated", updated=None), read_at=minute(9)) == 0

    def test_an_event_twice_in_a_page_is_kept_once(self, state: SiteState) -> None:
        newer, older = event("gala", title="new", updated=minute(1)), event("gala", title="old")
        assert put(state, newer, older) == 1
        assert title(state) == "new"

    def test_text_that_no_database_holds_is_kept_in_the_body(self, state: SiteState) -> None:
        put(state, event("gala", title="half an emoji \ud83c, a nul \x00"))
        assert title(state) == "half an emoji \ud83c, a nul \x00"


class TestGone:
    def test_a_gone_event_is_only_shown_on_request(self, state: SiteState) -> None:
        put(state, event("gala"), event("ball"))
        assert mark_gone(state, "gala", "unknown") == 1
        assert mark_gone(state, "gala", at=minute(1)) == 0
        assert title(state) is None
        with state.reading() as tx:
            assert events.ids(tx, state.site) == {"ball"}
            assert [each.id for each in events.all_events(tx, state.site)] == ["ball"]
            assert [each.id for each in events.all_events(tx, state.site, gone=True)] == ["ball", "gala"]

    def test_an_event_read_again_is_back(self, state: SiteState) -> None:
        put(state, event("gala"))
        mark_gone(state, "gala", at=minute(5))
        assert put(state, event("gala"), read_at=minute(6)) == 1
        assert title(state) == "Gala"

    def test_a_reading_from_before_does_not_bring_it_back(self, state: SiteState) -> None:
        put(state, event("gala"))
        mark_gone(state, "gala", at=minute(5))
        assert put(state, event("gala", title="Grand Gala", updated=minute(1)), read_at=minute(4)) == 0
        assert title(state) is None


class TestReading:
    def test_events_come_by_their_start_those_without_one_last(self, state: SiteState) -> None:
        put(state, event("someday"), event("late", starts=minute(9)), event("early", starts=minute(1)))
        with state.reading() as tx:
            assert [each.id for each in events.all_events(tx, state.site)] == ["early", "late", "someday"]

    def test_some_events_are_read_and_those_that_are_gone_are_told_from_those_never_seen(
        self, state: SiteState
    ) -> None:
        put(state, event("gala"), event("ball"), event("opera"))
        mark_gone(state, "ball", at=minute(5))
        with state.reading() as tx:
            found = events.known(tx, state.site, ["gala", "ball", "unknown"])
        assert found == {"gala": event("gala"), "ball": None}

    def test_sites_do_not_see_each_other(self, state: SiteState) -> None:
        put(state, event("gala"))
        with state.reading() as tx:
            assert events.all_events(tx, "other") == []
            assert events.get(tx, "other", "gala") is None
