"""The command about one person: forget."""

import click

from ticket_pipeline import terminal
from ticket_pipeline.commands.frame import DONE, chosen, command, out, print_json
from ticket_pipeline.flows.eligible import Names
from ticket_pipeline.flows.forget import forget as forget_flow


@command("Unlink from a person what is remembered of them.")
@click.argument("email")
@click.option("--unsubscription", is_flag=True, help="Forget too that they want no more; who is listed is written to.")
def forget(config_path: str | None, site: str | None, json: bool, email: str, unsubscription: bool) -> int:
    """Unlink from a person what is remembered of them; the counts of announcements stay.

    Delete them from your marketing tool first: their address is kept there, and nowhere here.
    """
    forgotten = {
        each.name: forget_flow(
            each.state, Names(site=each.name, secret=each.secret), email, unsubscription=unsubscription
        )
        for each in chosen(config_path, site)
    }
    if json:
        print_json({"sites": forgotten})
        return DONE
    for name, found in forgotten.items():
        terminal.show_forgotten(out, name, found)
    return DONE
