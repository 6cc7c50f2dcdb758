"""The report on the terminal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.rig.figures import Row, missed
from bench.rig.machine import load_average


def show(console: Console, name: str, lines: Sequence[Row], *, quick: bool) -> None:
    """Show one bench's figures, each with its target where it has one."""
    title = f"{name} (quick: too small to be held against the targets)" if quick else name
    table = Table("figure", "value", "target", "", title=title, title_justify="left")
    for line in lines:
        table.add_row(line.name, _text(line.value), str(line.target or ""), _verdict(line))
    console.print(table)


def conclude(console: Console, path: Path, lines: Sequence[Row], *, quick: bool) -> None:
    """Say loudly when a target was missed, and where the figures are."""
    misses, targets = len(missed(lines)), sum(line.target is not None for line in lines)
    if misses and not quick:
        console.print(f"{misses} OF {targets} TARGETS MISSED: see the lines above", style="bold red")
    elif targets and not quick:
        console.print(f"all {targets} targets were met", style="bold green")
    busy = load_average()
    console.print(f"load average at the end {busy}: figures are worth what the machine's quiet is worth")
    console.print(f"kept in {path}", soft_wrap=True)


def _text(value: Any) -> str:
    return f"{value:,.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _verdict(line: Row) -> str:
    return {None: "", True: "[green]met[/green]", False: "[bold red]MISSED[/bold red]"}[line.met]
