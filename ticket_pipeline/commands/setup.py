"""Commands to begin with: init, check."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from ticket_pipeline import config, terminal
from ticket_pipeline.commands.frame import DONE, LATER, WRONG, chosen, command, now, out, print_json
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.flows.check import check_destination, check_wix
from ticket_pipeline.flows.check_announcements import check_announcements
from ticket_pipeline.flows.check_server import check_server
from ticket_pipeline.model.finding import Finding, Level
from ticket_pipeline.wiring import Site


@command("Look at config, credentials, rights and clock.")
def check(config_path: str | None, site: str | None, json: bool) -> int:
    """Look at config, credentials, reachability, rights and clock; say what to do about each finding."""
    findings: dict[str, list[Finding]] = {}
    for each in chosen(config_path, site):
        findings[each.name] = list(_findings(each))
        if not json:
            terminal.show_findings(out, each.name, findings[each.name])
    if json:
        print_json({"sites": findings})
    return _status(finding for listed in findings.values() for finding in listed)


def _findings(site: Site) -> Iterator[Finding]:
    declared = site.settings
    webhooks = site.endpoint() is not None  # a key that is none is an error in the file
    parts = site.sync_parts
    yield from check_wix(site.wix, now=now(), own_address="base_url" in declared.wix.model_fields_set)
    yield from check_server(
        webhooks=webhooks,
        counters=declared.counters is not None,
        allowed_origins=site.server.allowed_origins,
    )
    if parts is not None:
        yield from check_destination(parts.destination)
    if declared.announcements is not None:
        _ = site.templates  # a template that cannot work is one too
        yield from check_announcements(site.audience, site.channels, site.server.public_url)


def _status(findings: Iterable[Finding]) -> int:
    """Say wrong when something is for a person to mend, later when all that is the matter may be over by itself."""
    errors = [each for each in findings if each.level is Level.ERROR]
    if not errors:
        return DONE
    return LATER if all(each.transient for each in errors) else WRONG


@command("Write a commented pipeline.yaml to start from.", sites=False, file=False)
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False), default=config.DEFAULT_FILE)
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
def init(json: bool, path: Path, force: bool) -> int:
    """Write a commented pipeline.yaml to start from, and the schema by which editors complete it."""
    schema = path.with_name("pipeline.schema.json")
    if path.exists() and not force:
        raise ConfigError(f"{path} is there already; give another name, or --force to overwrite it")
    try:
        path.write_text(config.packaged("pipeline_template.yaml"), encoding="utf-8")
        schema.write_text(config.packaged("pipeline.schema.json"), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror}); is its folder there, and yours?") from error
    if json:
        print_json({"written": [str(path), str(schema)]})
    else:
        out.print(f"Wrote {path} and {schema}. Fill in the site, then: ticket-pipeline check", soft_wrap=True)
    return DONE
