"""Column types that give back exactly what was put in, on SQLite and on PostgreSQL."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import BigInteger, Boolean, DateTime, Dialect, Integer, Numeric, Text
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

from ticket_pipeline.mapping.view import FieldType


class _SqliteColumn(UserDefinedType[Any]):
    """A column of SQLite whose values pass through as they are."""

    cache_ok = True

    def __init__(self, declared: str) -> None:
        self.declared = declared

    def get_col_spec(self, **_: object) -> str:
        return self.declared


class ExactDecimal(TypeDecorator[Any]):
    """A decimal without loss: NUMERIC on PostgreSQL; on SQLite a number, so that it sorts, sums and reads as one.

    SQLite gives 65 for 65.00 and 19.99 for 19.99. It keeps 15 digits; a decimal that has more is refused.
    What somebody else wrote there and is no number comes back as text.
    """

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return dialect.type_descriptor(_SqliteColumn("NUMERIC") if dialect.name == "sqlite" else Numeric())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Give SQLite a whole or a floating number that is this decimal again when read."""
        if dialect.name != "sqlite" or value is None:
            return value
        number = float(value)
        if Decimal(format(number, ".15g")) != value:
            raise ValueError(f"{value} has more digits than SQLite keeps (15)")
        return int(number) if number.is_integer() else number

    def process_result_value(self, value: Any, _: Dialect) -> Any:
        """Read it as a decimal."""
        try:
            return value if value is None else Decimal(str(value))
        except InvalidOperation:
            return str(value)


class Instant(TypeDecorator[Any]):
    """A point in time: TIMESTAMP WITH TIME ZONE on PostgreSQL; on SQLite text such as 2026-11-23T09:00:00+00:00.

    It is always read as UTC; a text without a zone is taken for UTC, any other text comes back as it is.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        wanted = _SqliteColumn("DATETIME") if dialect.name == "sqlite" else DateTime(timezone=True)
        return dialect.type_descriptor(wanted)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Write it in UTC."""
        if not isinstance(value, datetime):
            return value
        instant = value.astimezone(UTC)
        return instant.isoformat() if dialect.name == "sqlite" else instant

    def process_result_value(self, value: Any, _: Dialect) -> Any:
        """Read it in UTC."""
        try:
            instant = datetime.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            return value
        if not isinstance(instant, datetime):
            return instant
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


#: A number the database counts up by itself.
COUNTED = BigInteger().with_variant(Integer(), "sqlite")


def column_type(wanted: FieldType) -> TypeEngine[Any]:
    """Give the column type of a field's type; a list of parts is a table, not a column."""
    types: dict[FieldType, TypeEngine[Any]] = {
        "text": Text(),
        "decimal": ExactDecimal(),
        "integer": BigInteger(),
        "boolean": Boolean(),
        "instant": Instant(),
    }
    return types[wanted]
