"""What differs between the record that should be and the fields a destination holds; pure."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from ticket_pipeline.model.change import FieldChange
from ticket_pipeline.model.record import Record, Value


def diff(
    record: Record, held_fields: Mapping[str, Value], *, to_the_minute: bool = False, untold: Collection[str] = ()
) -> tuple[FieldChange, ...]:
    """List the record's fields that are held differently, in the record's order; fields only held are not ours.

    Amounts and instants are compared by what they mean: 5 is 5.00, and an instant is the same in every zone.
    `to_the_minute` leaves seconds out, for destinations that cut them off; it hides a change within one minute.
    `untold` are fields that a destination cannot read back (`Held.untold`).
    """
    return tuple(
        FieldChange(field=name, old=held_fields.get(name), new=wanted)
        for name, wanted in record.fields.items()
        if name not in untold and not _same(wanted, held_fields.get(name), to_the_minute)
    )


def _same(wanted: Value, held: Value, to_the_minute: bool) -> bool:
    if isinstance(wanted, tuple) and isinstance(held, tuple):
        return len(wanted) == len(held) and all(
            _same(value, other.get(name), to_the_minute)
            for part, other in zip(wanted, held, strict=True)
            for name, value in part.items()
        )
    if to_the_minute and isinstance(wanted, datetime) and isinstance(held, datetime):
        return _minute(wanted) == _minute(held)
    return wanted == held


def _minute(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(second=0, microsecond=0)
