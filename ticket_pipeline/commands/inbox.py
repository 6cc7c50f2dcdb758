"""Commands for what landed and what was refused: dead-letters, replay."""

from dataclasses import replace

import click

from ticket_pipeline import terminal
from ticket_pipeline.commands.frame import DONE, REFUSALS, chosen, command, now, out, print_json
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.flows import replay as replaying
from ticket_pipeline.flows.follow import follow
from ticket_pipeline.model.report import FollowReport
from ticket_pipeline.store import dead_letters as letters_store
from ticket_pipeline.wiring import Site


@command("List what was refused and waits for a person.")
def dead_letters(config_path: str | None, site: str | None, json: bool) -> int:
    """List what was refused and waits for a person, with the command that helps."""
    listed = {}
    for each in chosen(config_path, site):
        with each.state.reading() as tx:
            listed[each.name] = letters_store.open_letters(tx, each.name)
        if not json:
            terminal.show_dead_letters(out, each.name, listed[each.name])
    if json:
        print_json({"sites": listed})
    return REFUSALS if any(listed.values()) else DONE


@command("Go once more through dead letters or the inbox.")
@click.argument("letters", nargs=-1, type=int)
@click.option("--from", "first", type=int, metavar="SEQ", help="Inbox entries from this number …")
@click.option("--to", "last", type=int, metavar="SEQ", help="… to this one.")
@click.option("--all", "everything", is_flag=True, help="Every open dead letter and the whole inbox.")
@click.option("--preview", is_flag=True, help="Say what would be replayed; do nothing.")
def replay(
    config_path: str | None,
    site: str | None,
    json: bool,
    letters: tuple[int, ...],
    first: int | None,
    last: int | None,
    everything: bool,
    preview: bool,
) -> int:
    """Go once more through dead letters (by number), a range of the inbox, or all."""
    if not letters and first is None and last is None and not everything:
        raise ConfigError("say what to replay: numbers of dead letters, --from and --to, or --all")
    reports = {}
    for each in chosen(config_path, site):
        selection = replaying.select(each.state, letter_ids=letters, first=first, last=last, everything=everything)
        if not json:
            terminal.show_selection(out, each.name, selection)
        reports[each.name] = selection if preview else _replayed(each, selection, json=json)
    if json:
        print_json({"sites": reports})
    return REFUSALS if any(_left_over(each) for each in reports.values()) else DONE


def _left_over(report: object) -> bool:
    return isinstance(report, FollowReport) and bool(report.refused or report.published.hold)


def _replayed(site: Site, selection: replaying.Selection, *, json: bool) -> FollowReport:
    refused = replaying.reopen(site.state, site.wix, selection, now=now())
    report = follow(site.state, site.wix, site.sync_parts, now=now())
    report = replace(report, ingested=replace(report.ingested, refused=(*refused, *report.ingested.refused)))
    if not json:
        terminal.show_followed(out, site.name, site.place, report)
    return report
