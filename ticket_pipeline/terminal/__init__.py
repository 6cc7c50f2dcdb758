"""Reports, plans and progress as a person reads them in a terminal."""

from ticket_pipeline.terminal.announcements import show_calendar, show_preview, show_test
from ticket_pipeline.terminal.counters import show_counters, show_why
from ticket_pipeline.terminal.people import show_forgotten
from ticket_pipeline.terminal.plans import show_plan
from ticket_pipeline.terminal.progress import watching
from ticket_pipeline.terminal.reports import (
    show_dead_letters,
    show_findings,
    show_followed,
    show_losses,
    show_reconciled,
    show_refusals,
    show_selection,
    show_synced,
)
from ticket_pipeline.terminal.retention import show_retained

__all__ = [
    "show_calendar",
    "show_counters",
    "show_dead_letters",
    "show_findings",
    "show_followed",
    "show_forgotten",
    "show_losses",
    "show_plan",
    "show_preview",
    "show_reconciled",
    "show_refusals",
    "show_retained",
    "show_selection",
    "show_synced",
    "show_test",
    "show_why",
    "watching",
]
