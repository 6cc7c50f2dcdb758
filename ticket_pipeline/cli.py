"""`ticket-pipeline …`: the front door of the command line."""

from ticket_pipeline.commands import local, setup, sync
from ticket_pipeline.commands.frame import main

__all__ = ["local", "main", "setup", "sync"]
