"""`ticket-pipeline …`: parse, call one flow, show the report."""

import json as json_text
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ticket_pipeline import config, terminal
from ticket_pipeline.as_json import as_json
from ticket_pipeline.errors import ConfigError, TicketPipelineError, TransientError
from ticket_pipeline.flows.approve import approve
from ticket_pipeline.flows.check import check as check_site
from ticket_pipeline.flows.plan import plan as plan_site
from ticket_pipeline.flows.reconcile import reconcile as reconcile_site
from ticket_pipeline.flows.reconcile import refresh
from ticket_pipeline.model.finding import Finding, Level
from ticket_pipeline.model.report import LoadReport, MapReport, PublishReport
from ticket_pipeline.wiring import Site, Wiring

DONE, REFUSALS, WRONG, LATER = 0, 1, 2, 3

_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ticket-pipeline")
def main() -> None:
    """Keep a ticketing system, a counter and announcements in step with a Wix Events site.

    Exit status: 0 done, 1 finished with refusals, 2 wrong usage or config, 3 try later.
    """


def command(*, sites: bool = True) -> Callable[[Callable[..., int]], click.Command]:
    """Make a command: the common options, our errors as sentences, the exit status from the flow."""

    def decorate(body: Callable[..., int]) -> click.Command:
        @wraps(body)
        def run(json: bool, **options: Any) -> None:
            try:
                status = body(json=json, **options)
            except TicketPipelineError as error:
                status = _failed(error, json=json)
            except KeyboardInterrupt:
                status = 130
            sys.exit(status)

        decorated: Any = run
        decorated = click.option("--json", is_flag=True, help="Print the report as JSON.")(decorated)
        if sites:
            decorated = click.option("--site", help="Only this site of the pipeline.")(decorated)
        decorated = click.option("--config", "config_path", metavar="FILE", help="Default: ./pipeline.yaml.")(decorated)
        return main.command(name=body.__name__.replace("_", "-").rstrip("-"))(decorated)

    return decorate


def _failed(error: TicketPipelineError, *, json: bool) -> int:
    status = LATER if isinstance(error, TransientError) else WRONG if isinstance(error, ConfigError) else REFUSALS
    if json:
        _print_json({"error": str(error), "exit_status": status})
    for line in str(error).splitlines():
        _err.print(f"error: {line}", markup=False, soft_wrap=True)
    if status == LATER:
        _err.print("Nothing is lost; run the same command again later.")
    return status


def _print_json(value: Any) -> None:
    click.echo(json_text.dumps(as_json(value), indent=2, ensure_ascii=False))


def _now() -> datetime:
    return datetime.now(UTC)


def _chosen(config_path: str | None, site: str | None) -> list[Site]:
    wiring = Wiring(config.load(config_path))
    return [wiring.site(site)] if site else wiring.sites()


@command()
@click.option("--approve", "approving", is_flag=True, help="Let a held plan through, exactly as it is now.")
@click.option("--fields", is_flag=True, help="Show every field of new records too.")
def plan(config_path: str | None, site: str | None, json: bool, approving: bool, fields: bool) -> int:
    """Read Wix and show what a sync would change; write nothing at the destination."""
    reports = {}
    for each in _chosen(config_path, site):
        reports[each.name], show = _plan(each, approving=approving, json=json)
        if not json:
            show(fields)
    if json:
        _print_json({"sites": reports})
    return REFUSALS if any(report["hold"] or report["refused"] for report in reports.values()) else DONE


def _plan(site: Site, *, approving: bool, json: bool) -> tuple[dict[str, Any], Callable[[bool], None]]:
    with terminal.watching(_err, quiet=json) as watch:
        _, loaded, mapped = refresh(site.state, site.wix, site.mapping, now=_now(), progress=watch)
    if approving:
        approve(site.state, site.destination, site.policy, now=_now())
    planned = plan_site(site.state, site.destination, site.policy)
    place, refused = site.destination.identity, (*loaded.refused, *mapped.refused)

    def show(every_field: bool) -> None:
        terminal.show_plan(_out, site.name, place, planned, every_field=every_field)
        terminal.show_losses(_out, mapped.losses)
        terminal.show_refusals(_out, refused)

    report = {"destination": place, **as_json(planned), "losses": mapped.losses, "refused": as_json(refused)}
    return report, show


@command()
@click.option("--event", metavar="ID", help="Only this Wix event.")
def sync(config_path: str | None, site: str | None, json: bool, event: str | None) -> int:
    """Load every ticket definition and bring the destination up to it, as a run that Dagster shows."""
    from ticket_pipeline.orchestration.instance import dagster_home, initialised_instance
    from ticket_pipeline.orchestration.sync import sync as sync_site

    wiring = Wiring(config.load(config_path))
    reports = {}
    with initialised_instance(dagster_home(wiring.pipeline.state, config.environment())) as instance:
        for each in [wiring.site(site)] if site else wiring.sites():
            with terminal.watching(_err, quiet=json) as watch:
                report = sync_site(wiring, each.name, event_id=event, instance=instance, progress=watch)
            reports[each.name] = report
            if not json:
                terminal.show_synced(
                    _out,
                    each.name,
                    each.destination.identity,
                    events=report.events,
                    loaded=report.loaded,
                    mapped=report.mapped,
                    published=report.published,
                )
    if json:
        _print_json({"sites": reports})
    return REFUSALS if any(_left_over(each.loaded, each.mapped, each.published) for each in reports.values()) else DONE


def _left_over(loaded: LoadReport, mapped: MapReport, published: PublishReport) -> bool:
    return bool(loaded.refused or mapped.refused or published.refused or published.hold)


@command()
def reconcile(config_path: str | None, site: str | None, json: bool) -> int:
    """Compare Wix, state and destination, say what differs, and repair it as declared."""
    reports = {}
    for each in _chosen(config_path, site):
        with terminal.watching(_err, quiet=json) as watch:
            report = reconcile_site(
                each.state, each.wix, each.mapping, each.destination, each.policy, now=_now(), progress=watch
            )
        reports[each.name] = report
        if not json:
            terminal.show_reconciled(_out, each.name, each.destination.identity, report)
    if json:
        _print_json({"sites": reports})
    return REFUSALS if any(_left_over(each.loaded, each.mapped, each.published) for each in reports.values()) else DONE


@command()
def check(config_path: str | None, site: str | None, json: bool) -> int:
    """Look at config, credentials, reachability, rights and clock; say what to do about each finding."""
    findings: dict[str, list[Finding]] = {}
    for each in _chosen(config_path, site):
        findings[each.name] = list(check_site(each.wix, each.destination, now=_now()))
        if not json:
            terminal.show_findings(_out, each.name, findings[each.name])
    if json:
        _print_json({"sites": findings})
    bad = any(finding.level is Level.ERROR for listed in findings.values() for finding in listed)
    return WRONG if bad else DONE


@command(sites=False)
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False), default=config.DEFAULT_FILE)
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
def init(config_path: str | None, json: bool, path: Path, force: bool) -> int:
    """Write a commented pipeline.yaml to start from, and the schema by which editors complete it."""
    if config_path:
        raise click.UsageError("init takes the file as its argument: ticket-pipeline init FILE")
    schema = path.with_name("pipeline.schema.json")
    if path.exists() and not force:
        raise ConfigError(f"{path} is there already; give another name, or --force to overwrite it")
    path.write_text(config.packaged("pipeline_template.yaml"), encoding="utf-8")
    schema.write_text(config.packaged("pipeline.schema.json"), encoding="utf-8")
    if json:
        _print_json({"written": [str(path), str(schema)]})
    else:
        _out.print(f"Wrote {path} and {schema}. Fill in the site, then: ticket-pipeline check", soft_wrap=True)
    return DONE


@main.command()
@click.option("--port", default=8788, show_default=True)
@click.option("--database", type=click.Path(path_type=Path), help="Keep the world in this SQLite file.")
@click.option("--seed", default=7, show_default=True)
@click.option("--events", type=int, help="Make a world of this many events, for measuring …")
@click.option("--definitions", type=int, help="… and this many ticket definitions.")
@click.option("--latency-ms", type=int, default=0, help="Answer this much later.")
def sandbox(
    port: int, database: Path | None, seed: int, events: int | None, definitions: int | None, latency_ms: int
) -> None:
    """Run a Wix on your desk: the API, with a seeded world."""
    from ticket_pipeline.sandbox.faults import Faults
    from ticket_pipeline.sandbox.serve import serve
    from ticket_pipeline.sandbox.settings import SandboxSettings

    faults = Faults(latency_ms=latency_ms)
    settings = SandboxSettings(database=database, seed=seed, events=events, definitions=definitions, faults=faults)
    serve(settings, port=port)
