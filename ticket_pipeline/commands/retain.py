"""The command of the nightly clearing: retain."""

import click

from ticket_pipeline import config, terminal
from ticket_pipeline.commands.frame import DONE, command, declared, now, out, print_json


@command("Clear away what is older than it is to be kept.")
@click.option("--preview", is_flag=True, help="Say what would be cleared away; do nothing.")
def retain(config_path: str | None, site: str | None, json: bool, preview: bool) -> int:
    """Clear away what is older than its age under `retention`, as Dagster does every night."""
    from ticket_pipeline.orchestration.instance import dagster_home, initialised_instance
    from ticket_pipeline.orchestration.names import Names
    from ticket_pipeline.orchestration.retention import retain_site

    wiring = declared(config_path)
    home = dagster_home(wiring.pipeline.state, config.environment())
    reports = {}
    # With its logs, for they are cleared away too.
    with initialised_instance(home, capture_output=True) as instance:
        for each in [wiring.site(site)] if site else wiring.sites():
            reports[each.name] = retain_site(instance, Names(each.name), each, at=now(), preview=preview)
            if not json:
                terminal.show_retained(out, each.name, reports[each.name], preview=preview)
    if json:
        print_json({"sites": reports})
    return DONE
