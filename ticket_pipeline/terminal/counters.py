"""What counters show and how that came about, as tables."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ticket_pipeline.flows.inspect_counters import NamedTally
from ticket_pipeline.model.tally import Tally, TallyPrice, TallyStatus
from ticket_pipeline.store.tallies import TallyChange

_COLOURS = {
    TallyStatus.ON_SALE: "green",
    TallyStatus.UNLIMITED: "green",
    TallyStatus.LOW: "yellow",
    TallyStatus.SOLD_OUT: "red",
}
#: The beginning of an id by which `counters why` finds it.
_BEGINNING = 8
_WIDEST = 1000
_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"))


def show_counters(console: Console, site: str, counters: Sequence[NamedTally], *, now: datetime) -> None:
    """List what the counters of a site show."""
    if not counters:
        console.print(f"{site}: no counter has been read yet; `ticket-pipeline serve` reads them.", soft_wrap=True)
        return
    console.print(f"[bold]{escape(site)}[/]: {len(counters)} counters")
    table = _table("id", "event", "ticket", "status", "left", "price", "read", "version", numbers=("left", "version"))
    for each in counters:
        tally = each.tally
        table.add_row(
            tally.definition_id[:_BEGINNING],
            escape(each.event_title or "-"),
            escape(each.name or "-"),
            _status(tally),
            _left(tally),
            escape(_price(tally)),
            f"{_ago(now, tally.read_at)} ago",
            str(tally.version),
        )
    _show(console, table)
    console.print("How one came about: ticket-pipeline counters why ID")


def show_why(console: Console, counter: NamedTally, changes: Sequence[TallyChange], *, now: datetime) -> None:
    """Show the last values of a counter, newest first, each with its trigger and how long that took."""
    tally = counter.tally
    names = " · ".join(each for each in (counter.event_title, counter.name) if each)
    console.print(f"[bold]{escape(names)}[/] {tally.definition_id}".strip(), soft_wrap=True)
    left = "" if tally.remaining is None else f", {tally.remaining} left"
    console.print(f"{_status(tally)}{left}; version {tally.version}, read {_ago(now, tally.read_at)} ago")
    table = _table(
        "read at (UTC)", "status", "left", "price", "version", "because of", "inbox", "to read", "answered", "pushed",
        numbers=("left", "version", "inbox", "to read", "answered", "pushed"),
    )  # fmt: skip
    for each in changes:
        table.add_row(*_cells(each))
    _show(console, table)


def _cells(change: TallyChange) -> list[str]:
    """Write one value; the delays are those from the step before."""
    tally, cause = change.tally, change.cause
    return [
        f"{tally.read_at:%Y-%m-%d %H:%M:%S}",
        _status(tally),
        _left(tally),
        escape(_price(tally)),
        str(tally.version),
        escape(cause.why.rpartition(".")[2]),
        "-" if cause.inbox_seq is None else str(cause.inbox_seq),
        _seconds(cause.at, tally.read_at),
        _seconds(tally.read_at, change.answered_at),
        _seconds(change.answered_at, change.pushed_at),
    ]


def _table(*columns: str, numbers: Sequence[str]) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="bold")
    for name in columns:
        table.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    return table


def _show(console: Console, table: Table) -> None:
    """Print a table in the width of the terminal; elsewhere every row is one line."""
    place = console if console.is_terminal else Console(file=console.file, width=_WIDEST, highlight=False)
    place.print(table)


def _status(tally: Tally) -> str:
    word = "gone" if tally.gone else tally.status.value.replace("_", " ")
    colour = _COLOURS.get(tally.status)
    return f"[{colour}]{word}[/]" if colour else word


def _left(tally: Tally) -> str:
    return "-" if tally.remaining is None else str(tally.remaining)


def _price(tally: Tally) -> str:
    """Write the price, or the lowest and the highest of several."""
    if not tally.prices:
        return "-"
    lowest, highest = (pick(tally.prices, key=lambda each: each.value) for pick in (min, max))
    if lowest.value == highest.value:
        return f"{'from ' if tally.minimum_price else ''}{_amount(lowest)}"
    return f"{format(lowest.value, 'f')} to {_amount(highest)}"


def _amount(price: TallyPrice) -> str:
    return f"{format(price.value, 'f')} {price.currency}"


def _ago(now: datetime, at: datetime) -> str:
    seconds = max(0, int((now - at).total_seconds()))
    return next((f"{seconds // size} {unit}" for size, unit in _UNITS if seconds >= size), f"{seconds} s")


def _seconds(since: datetime, until: datetime | None) -> str:
    return "-" if until is None else f"{(until - since).total_seconds():.3f} s"
