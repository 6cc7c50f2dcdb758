"""The command of the announcements: the calendar, what would be sent, and one message to try it."""

from collections.abc import Sequence
from typing import Any

import click

from ticket_pipeline import terminal
from ticket_pipeline.as_json import as_json
from ticket_pipeline.commands.frame import DONE, LATER, REFUSALS, chosen, command, err, now, out, print_json
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.flows.announce_parts import AnnounceParts
from ticket_pipeline.flows.announcement_calendar import calendar
from ticket_pipeline.flows.preview_announcement import preview as preview_flow
from ticket_pipeline.flows.preview_announcement import send_test
from ticket_pipeline.flows.reconcile import read_again
from ticket_pipeline.flows.sale_starts import next_start
from ticket_pipeline.model.announcement import PlannedStart
from ticket_pipeline.model.message import Fate
from ticket_pipeline.store import loads
from ticket_pipeline.wiring import Site


@command("List coming sale starts; preview or test a message.")
@click.option("--event", metavar="ID", help="Only this Wix event.")
@click.option("--preview", is_flag=True, help="Show the next message, to how many it goes, and why not to others.")
@click.option("--test", "email", metavar="EMAIL", help="Send the next message to this one address, and to nobody else.")
def announce(
    config_path: str | None, site: str | None, json: bool, event: str | None, preview: bool, email: str | None
) -> int:
    """List coming sale starts and what became of those of the last week. Sending is Dagster's; this sends nothing."""
    announcing = [each for each in chosen(config_path, site) if each.settings.announcements is not None]
    if not announcing:
        raise ConfigError("no announcements are declared; add sites.<name>.announcements with audience and channels")
    for each in announcing:
        _get_to_know(each, quiet=json)
    if email:
        return _test(announcing, event, email, json=json)
    if preview:
        return _preview(announcing, event, json=json)
    return _calendar(announcing, event, json=json)


def _get_to_know(site: Site, *, quiet: bool) -> None:
    """Read the site's events and ticket definitions where nobody ever has."""
    with site.state.reading() as tx:
        known = bool(loads.completed(tx, site.name))
    if not known:
        with terminal.watching(err, quiet=quiet) as watch:
            read_again(site.state, site.wix, now=now(), progress=watch)


def _calendar(sites: Sequence[Site], event: str | None, *, json: bool) -> int:
    listed = {}
    for site in sites:
        entries = calendar(site.state, now=now())
        listed[site.name] = [each for each in entries if event in {None, each.event_id}]
        if not json:
            terminal.show_calendar(out, site.name, listed[site.name])
    if json:
        print_json({"sites": listed})
    return DONE


def _preview(sites: Sequence[Site], event: str | None, *, json: bool) -> int:
    shown: dict[str, Any] = {}
    for site in sites:
        planned = next_start(site.state, event, now=now())
        found = preview_flow(_parts(site), planned) if planned else None
        shown[site.name] = as_json(found)
        if not json:
            terminal.show_preview(out, site.name, planned, found, now=now())
    if json:
        print_json({"sites": shown})
    return DONE


def _test(sites: Sequence[Site], event: str | None, email: str, *, json: bool) -> int:
    site, planned = _the_one(sites, event)
    delivery = send_test(_parts(site), planned, email)
    if json:
        print_json({"site": site.name, "fate": delivery.fate, "code": delivery.code, "reason": delivery.reason})
    else:
        terminal.show_test(out, site.name, planned, delivery)
    return {Fate.SENT: DONE, Fate.POSTPONED: LATER}.get(delivery.fate, REFUSALS)


def _the_one(sites: Sequence[Site], event: str | None) -> tuple[Site, PlannedStart]:
    """Find the next sale start of all sites.

    Raises:
        ConfigError: there is none.
    """
    found = [(site, planned) for site in sites if (planned := next_start(site.state, event, now=now()))]
    if not found:
        which = f"event {event} has" if event else "there is"
        raise ConfigError(f"--test: {which} no sale start; give a ticket definition one, or name another --event")
    return min(found, key=lambda each: each[1].start.at)


def _parts(site: Site) -> AnnounceParts:
    parts = site.announce_parts
    if parts is None:
        raise ConfigError(f"sites.{site.name} declares no announcements")
    return parts
