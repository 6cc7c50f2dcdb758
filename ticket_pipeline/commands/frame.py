"""What all commands have in common: options, errors as sentences, exit status, where they print."""

import json as json_text
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

import click
from rich.console import Console

from ticket_pipeline import config
from ticket_pipeline.as_json import as_json
from ticket_pipeline.errors import ConfigError, TicketPipelineError, TransientError
from ticket_pipeline.log_lines import write_logs
from ticket_pipeline.tracing import export_to_collector
from ticket_pipeline.wiring import Site, Wiring

DONE, REFUSALS, WRONG, LATER = 0, 1, 2, 3
_INTERRUPTED = 130

#: Takes 0, which is any port that is free.
PORT = click.IntRange(0, 65_535)

#: Reports go to `out`, everything else to `err`, so that reports can be piped.
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Body = Callable[..., int]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ticket-pipeline")
def main() -> None:
    """Keep a ticketing system, a counter and announcements in step with a Wix Events site.

    Exit status: 0 done, 1 finished with refusals, 2 wrong usage or config, 3 try later, 130 stopped by Ctrl-C.
    """


def command(
    short: str, *, sites: bool = True, file: bool = True, under: click.Group = main
) -> Callable[[Body], click.Command]:
    """Make a command of a body that returns the exit status; `sites` and `file` give it --site and --config.

    `short` is what a list of commands says of it: one line of a terminal.
    """

    def decorate(body: Body) -> click.Command:
        return under.command(name=_name(body), short_help=short)(_runs(body, sites=sites, file=file))

    return decorate


def group(short: str, *, sites: bool = True, file: bool = True) -> Callable[[Body], click.Group]:
    """Make a command that does what its body says unless one `under` it is named; options may come before that name."""

    def decorate(body: Body) -> click.Group:
        made = main.group(name=_name(body), short_help=short, invoke_without_command=True)
        return made(_runs(body, sites=sites, file=file))

    return decorate


def _name(body: Body) -> str:
    return body.__name__.replace("_", "-")


def _runs(body: Body, *, sites: bool, file: bool) -> Callable[..., None]:
    @wraps(body)
    def run(json: bool, **options: Any) -> None:
        if _hands_over({"json": json, **options}):
            return
        write_logs(as_json=False)
        if config.traces_wanted():
            export_to_collector()
        try:
            status = body(json=json, **options)
        except TicketPipelineError as error:
            status = _failed(error, json=json)
        except KeyboardInterrupt:
            err.print("Stopped. Nothing is lost; run the same command again.")
            status = _INTERRUPTED
        sys.exit(status)

    decorated: Any = click.option("--json", is_flag=True, help="Print the report as JSON.")(run)
    if sites:
        decorated = click.option("--site", help="Only this site of the pipeline.")(decorated)
    if file:
        decorated = click.option(
            "--config",
            "config_path",
            metavar="FILE",
            help="Default: ./pipeline.yaml; or a Dagster component's defs.yaml.",
        )(decorated)
    runs: Callable[..., None] = decorated
    return runs


def _hands_over(options: dict[str, Any]) -> bool:
    """Tell whether a command of this group was named; it is given the options that came before its name."""
    context = click.get_current_context()
    name = context.invoked_subcommand
    if name is not None:
        context.default_map = {name: {option: value for option, value in options.items() if value}}
    return name is not None


def _failed(error: TicketPipelineError, *, json: bool) -> int:
    status = LATER if isinstance(error, TransientError) else WRONG if isinstance(error, ConfigError) else REFUSALS
    if json:
        print_json({"error": str(error), "exit_status": status})
    err.print(f"error: {error}", markup=False, soft_wrap=True)
    if status == LATER:
        err.print("Nothing is lost; run the same command again later.")
    return status


def print_json(value: Any) -> None:
    """Print a report for programs."""
    click.echo(json_text.dumps(as_json(value), indent=2, ensure_ascii=False))


def now() -> datetime:
    """Tell the time a command's flows go by."""
    return datetime.now(UTC)


def declared(config_path: str | None) -> Wiring:
    """Give the working parts of the declared pipeline; say so where it is the sandbox's."""
    if config.find(config_path, config.environment()) is None:
        err.print("No pipeline.yaml here, so this is the sandbox's pipeline; `ticket-pipeline init` begins your own.")
    return Wiring(config.load(config_path))


def chosen(config_path: str | None, site: str | None) -> list[Site]:
    """Give the working parts of the site that was named, or of all."""
    wiring = declared(config_path)
    return [wiring.site(site)] if site else wiring.sites()
