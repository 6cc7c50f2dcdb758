"""Progress bars, drawn where somebody watches."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from ticket_pipeline.flows.progress import Progress as Watcher
from ticket_pipeline.flows.progress import unwatched


@contextmanager
def watching(console: Console, *, quiet: bool) -> Iterator[Watcher]:
    """Give a watcher that draws progress bars on a terminal and does nothing elsewhere."""
    if quiet or not console.is_terminal:
        yield unwatched
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def watch(step: str, done: int, total: int | None) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done, total=total)

        yield watch
