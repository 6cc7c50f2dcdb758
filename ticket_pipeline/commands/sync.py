"""Commands of the sync: plan, sync, reconcile."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click

from ticket_pipeline import config, terminal
from ticket_pipeline.as_json import as_json
from ticket_pipeline.commands.frame import DONE, REFUSALS, chosen, command, declared, err, now, out, print_json
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.flows.approve import approve
from ticket_pipeline.flows.plan import plan as plan_flow
from ticket_pipeline.flows.reconcile import reconcile as reconcile_flow
from ticket_pipeline.flows.reconcile import refresh
from ticket_pipeline.flows.sync_parts import SyncParts
from ticket_pipeline.model.report import LoadReport, MapReport, PublishReport
from ticket_pipeline.wiring import Site


@command("Show what a sync would change; write nothing.")
@click.option("--approve", "approving", is_flag=True, help="Let a held plan through, exactly as it is now.")
@click.option("--fields", is_flag=True, help="Show every field of new records too.")
def plan(config_path: str | None, site: str | None, json: bool, approving: bool, fields: bool) -> int:
    """Read Wix and show what a sync would change; write nothing at the destination."""
    reports = {}
    for each, parts in _syncing(chosen(config_path, site)):
        reports[each.name], show = _plan(each, parts, approving=approving, json=json)
        if not json:
            show(fields)
    if json:
        print_json({"sites": reports})
    return REFUSALS if any(report["hold"] or report["refused"] for report in reports.values()) else DONE


def _syncing(sites: Sequence[Site]) -> Iterator[tuple[Site, SyncParts]]:
    """Leave out, aloud, the sites for which nothing can be planned; refuse when that is all of them."""
    if all(each.sync_parts is None for each in sites):
        raise ConfigError("\n".join(map(_no_sync, sites)))
    for each in sites:
        parts = each.sync_parts
        if parts is None:
            err.print(_no_sync(each), markup=False, soft_wrap=True)
        else:
            yield each, parts


def _no_sync(site: Site) -> str:
    return f"sites.{site.name} declares no sync, so there is nothing to plan; add sites.{site.name}.sync.destination"


def _plan(
    site: Site, parts: SyncParts, *, approving: bool, json: bool
) -> tuple[dict[str, Any], Callable[[bool], None]]:
    if approving:
        # Before Wix is read: what was seen is approved, not what turns up now.
        approve(site.state, parts.destination, parts.policy, now=now())
    with terminal.watching(err, quiet=json) as watch:
        _, loaded, mapped = refresh(site.state, site.wix, parts.mapping, now=now(), progress=watch)
    planned = plan_flow(site.state, parts.destination, parts.policy)
    place, refused = parts.destination.identity, (*loaded.refused, *mapped.refused)

    def show(every_field: bool) -> None:
        terminal.show_plan(out, site.name, place, planned, every_field=every_field)
        terminal.show_losses(out, mapped.losses)
        terminal.show_refusals(out, refused)

    report = {"destination": place, **as_json(planned), "losses": mapped.losses, "refused": as_json(refused)}
    return report, show


@command("Load all ticket definitions, update the destination.")
@click.option("--event", metavar="ID", help="Only this Wix event.")
def sync(config_path: str | None, site: str | None, json: bool, event: str | None) -> int:
    """Load every ticket definition and bring the destination, if declared, up to it, as a run that Dagster shows."""
    from ticket_pipeline.orchestration.instance import dagster_home, initialised_instance
    from ticket_pipeline.orchestration.sync import sync as sync_flow

    wiring = declared(config_path)
    reports = {}
    with initialised_instance(dagster_home(wiring.pipeline.state, config.environment())) as instance:
        for each in [wiring.site(site)] if site else wiring.sites():
            with terminal.watching(err, quiet=json) as watch:
                report = sync_flow(wiring, each.name, event_id=event, instance=instance, progress=watch)
            reports[each.name] = report
            if not json:
                terminal.show_synced(out, each.name, each.place, report)
    if json:
        print_json({"sites": reports})
    return REFUSALS if any(_left_over(each.loaded, each.mapped, each.published) for each in reports.values()) else DONE


def _left_over(loaded: LoadReport, mapped: MapReport, published: PublishReport) -> bool:
    return bool(loaded.refused or mapped.refused or published.refused or published.hold)


@command("Compare Wix, state and destination, and repair.")
def reconcile(config_path: str | None, site: str | None, json: bool) -> int:
    """Compare Wix, state and destination, if declared; say what differs, and repair it as declared."""
    reports = {}
    for each in chosen(config_path, site):
        with terminal.watching(err, quiet=json) as watch:
            report = reconcile_flow(each.state, each.wix, each.sync_parts, now=now(), progress=watch)
        reports[each.name] = report
        if not json:
            terminal.show_reconciled(out, each.name, each.place, report)
    if json:
        print_json({"sites": reports})
    return REFUSALS if any(_left_over(each.loaded, each.mapped, each.published) for each in reports.values()) else DONE
