"""Ticket definition to record, and what differs: pure, no I/O."""
