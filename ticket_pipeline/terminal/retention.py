"""What was cleared away for its age."""

from rich.console import Console

from ticket_pipeline.model.retention import Kept, RetainReport
from ticket_pipeline.terminal.reports import show_figures

_WORDS = {
    Kept.INBOX: "webhooks that are done with",
    Kept.DEAD_LETTERS: "dead letters that were resolved",
    Kept.APPROVALS: "approvals",
    Kept.COUNTER_HISTORY: "values that counters showed",
    Kept.RECEIPTS: "receipts of announcements that are settled",
}


def show_retained(console: Console, site: str, report: RetainReport, *, preview: bool) -> None:
    """Say how much went, or would go, of what."""
    console.print(f"{site}: {'would clear away' if preview else 'cleared away'}", soft_wrap=True)
    kept = f" ({report.runs_kept} old ones stay: the last word on a partition)" if report.runs_kept else ""
    left = f", {report.runs_left} left for the next time" if report.runs_left else ""
    rows = [(_WORDS[kind], count) for kind, count in report.removed.items()]
    show_figures(
        console,
        [*rows, ("runs of Dagster's", f"{report.runs}{left}{kept}"), ("events of Dagster's", report.reports)],
    )
