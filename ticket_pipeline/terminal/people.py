"""What became of what was remembered of a person; never who it is."""

from rich.console import Console

from ticket_pipeline.flows.forget import Forgotten


def show_forgotten(console: Console, site: str, found: Forgotten) -> None:
    """Say what was unlinked, and what stays and why."""
    console.print(f"{site}: {found.receipts_unlinked} receipts are nobody's now", soft_wrap=True)
    if found.receipts_kept:
        console.print(
            f"  {found.receipts_kept} stay until their announcements are over, lest they be told twice; run this again",
            soft_wrap=True,
        )
    if found.unsubscription_deleted:
        console.print("  that they unsubscribed is forgotten", soft_wrap=True)
    elif found.unsubscription_kept:
        console.print("  that they unsubscribed stays, as a keyed hash; --unsubscription forgets it", soft_wrap=True)
