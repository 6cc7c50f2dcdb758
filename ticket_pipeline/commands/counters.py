"""Commands of the counters: counters, counters why."""

from typing import Any

import click

from ticket_pipeline import terminal
from ticket_pipeline.commands.frame import DONE, chosen, command, group, now, out, print_json
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.flows.inspect_counters import NamedTally, inspect_counters, inspect_history, matching
from ticket_pipeline.store.tallies import TallyChange
from ticket_pipeline.wiring import Site

_MOST_NAMED = 5


@group("List what the counters show.")
def counters(config_path: str | None, site: str | None, json: bool) -> int:
    """List what the counters show; `counters why DEFINITION` tells how that came about."""
    listed = {each.name: inspect_counters(each.state) for each in chosen(config_path, site)}
    if json:
        print_json({"sites": {name: [_listed(each) for each in found] for name, found in listed.items()}})
        return DONE
    for name, found in listed.items():
        terminal.show_counters(out, name, found, now=now())
    return DONE


@command("Show how a counter came to its values.", under=counters)
@click.argument("definition")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="So many values, at most.")
def why(config_path: str | None, site: str | None, json: bool, definition: str, limit: int) -> int:
    """Show the last values of a counter: what triggered each, when it was read, and when it was pushed.

    DEFINITION is the id of a ticket definition, how it begins, or a part of the ticket's name.
    """
    place, counter = _the_one(chosen(config_path, site), definition)
    changes = inspect_history(place.state, counter.tally.definition_id, limit=limit)
    if json:
        print_json({"counter": _listed(counter), "changes": [_change(each) for each in changes]})
    else:
        terminal.show_why(out, counter, changes, now=now())
    return DONE


def _the_one(sites: list[Site], text: str) -> tuple[Site, NamedTally]:
    found = [(each, counter) for each in sites for counter in matching(inspect_counters(each.state), text)]
    if not found:
        raise ConfigError(f"no counter has the id or name '{text}'; `ticket-pipeline counters` lists them")
    if len(found) > 1:
        ids = ", ".join(counter.tally.definition_id for _, counter in found[:_MOST_NAMED])
        raise ConfigError(f"'{text}' fits {len(found)} counters; say which: {ids}{', …' * (len(found) > _MOST_NAMED)}")
    return found[0]


def _listed(counter: NamedTally) -> dict[str, Any]:
    return {**counter.tally.body(), "name": counter.name, "event_title": counter.event_title}


def _change(change: TallyChange) -> dict[str, Any]:
    """Give the value that was shown, what had it read, and the instants from there to the browsers."""
    return {
        "value": change.tally.body(),
        "revision": change.tally.revision,
        "why": change.cause.why,
        "inbox_seq": change.cause.inbox_seq,
        "caused_at": change.cause.at,
        "read_at": change.tally.read_at,
        "answered_at": change.answered_at,
        "pushed_at": change.pushed_at,
    }
