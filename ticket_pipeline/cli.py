"""`ticket-pipeline …`: the front door of the command line."""

from ticket_pipeline.commands import announce, counters, inbox, local, people, retain, sandbox, setup, sync
from ticket_pipeline.commands.frame import main

__all__ = ["announce", "counters", "inbox", "local", "main", "people", "retain", "sandbox", "setup", "sync"]
