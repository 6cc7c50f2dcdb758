"""Reports of one kind add up to one of that kind."""

from ticket_pipeline.model.report import FollowReport, Hold, IngestReport, MapReport, PublishReport, Refusal, added

SOLD_OUT, GONE = (Refusal(subject=each, code=each, reason="it is") for each in ("sold_out", "gone"))
FIRST = FollowReport(
    ingested=IngestReport(settled={"created": 1, "updated": 2}, event_ids=("a", "b"), gaps=1, requests=3),
    event_ids=("a", "b"),
    mapped=MapReport(records=4, losses={"d1": ("too long",)}, per_event={"a": 3, "b": 1}),
    published=PublishReport(created=1, updated=2, refused=(SOLD_OUT,), per_event={"a": 3}),
)
THEN = FollowReport(
    ingested=IngestReport(settled={"updated": 1, "deleted": 1}, event_ids=("b", "c"), requests=1),
    event_ids=("b", "c"),
    mapped=MapReport(records=2, losses={"d1": ("too long", "no colour")}, per_event={"b": 1, "c": 1}),
    published=PublishReport(updated=1, refused=(SOLD_OUT, GONE), per_event={"b": 1}, unchanged=1),
)


def test_figures_are_summed_and_each_name_is_kept_once() -> None:
    assert added([FIRST, THEN]) == FollowReport(
        ingested=IngestReport(
            settled={"created": 1, "updated": 3, "deleted": 1}, event_ids=("a", "b", "c"), gaps=1, requests=4
        ),
        event_ids=("a", "b", "c"),
        mapped=MapReport(records=6, losses={"d1": ("too long", "no colour")}, per_event={"a": 3, "b": 2, "c": 1}),
        published=PublishReport(
            created=1, updated=3, refused=(SOLD_OUT, GONE), per_event={"a": 3, "b": 1}, unchanged=1
        ),
    )


def test_one_is_what_it_was() -> None:
    assert added([FIRST]) is FIRST


def test_the_last_hold_stands() -> None:
    none, first, last = (
        PublishReport(hold=each)
        for each in (None, Hold(deletes=5, of=9, digest="first"), Hold(deletes=6, of=9, digest="last"))
    )
    assert added([none, first]).hold == added([first, none]).hold == first.hold
    assert added([first, last]).hold == last.hold
