"""The counter's JSON is a contract: web pages outside this repository read it."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from ticket_pipeline.model.tally import Tally, TallyPrice, TallyStatus

TALLY = Tally(
    site="box_office",
    definition_id="d1",
    event_id="e1",
    status=TallyStatus.LOW,
    remaining=3,
    prices=(TallyPrice(name=None, value=Decimal("65.00"), currency="EUR"),),
    minimum_price=False,
    sale_start=datetime(2026, 6, 1, 10, tzinfo=UTC),
    sale_end=None,
    revision=7,
    read_at=datetime(2026, 6, 1, 12, 0, 0, 123456, tzinfo=UTC),
    version=41,
)


def test_the_json_of_a_counter_is_what_was_agreed() -> None:
    assert json.loads(json.dumps(TALLY.body())) == {
        "definition_id": "d1",
        "site": "box_office",
        "event_id": "e1",
        "status": "low",
        "remaining": 3,
        "prices": [{"name": None, "value": "65.00", "currency": "EUR"}],
        "minimum_price": False,
        "sale_start": "2026-06-01T10:00:00.000Z",
        "sale_end": None,
        "version": 41,
        "read_at": "2026-06-01T12:00:00.123Z",
    }


def test_what_is_shown_does_not_change_with_another_read_of_the_same() -> None:
    again = replace(TALLY, version=42, read_at=datetime(2026, 6, 2, tzinfo=UTC), revision=8)
    assert again.shown() == TALLY.shown()
    assert again.body() != TALLY.body()


def test_an_amount_is_never_written_with_an_exponent() -> None:
    large = replace(TALLY, prices=(TallyPrice(name="A", value=Decimal("4.5E+3"), currency="JPY"),))
    assert large.body()["prices"] == [{"name": "A", "value": "4500", "currency": "JPY"}]
