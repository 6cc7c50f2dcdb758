"""Commands of the sandbox: run it, and make things happen in it."""

import json as json_text
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from ticket_pipeline.commands.frame import DONE, command, err, print_json
from ticket_pipeline.errors import ConfigError


@command(sites=False, file=False)
@click.option("--port", default=8788, show_default=True)
@click.option("--database", type=click.Path(path_type=Path), help="Keep the world in this SQLite file.")
@click.option("--seed", default=7, show_default=True, help="Another seed is another world.")
@click.option("--events", type=int, help="Make a world of this many events …")
@click.option("--definitions", type=int, help="… and this many ticket definitions, for measuring.")
@click.option("--latency-ms", type=int, default=0, help="Answer this much later.")
@click.option("--webhook-url", "webhook_urls", multiple=True, help="Send webhooks there; on this machine only.")
@click.option("--counter-server-url", help="Where the box office's counters come from: `ticket-pipeline serve`.")
@click.option(
    "--ticketing-database",
    type=click.Path(path_type=Path),
    help="A SQLite file whose table `tickets` the box office shows.",
)
@click.option("--mail-port", default=8725, show_default=True, help="Take mails there, to be read; 0: take none.")
def sandbox(
    json: bool,
    port: int,
    database: Path | None,
    seed: int,
    events: int | None,
    definitions: int | None,
    latency_ms: int,
    webhook_urls: tuple[str, ...],
    counter_server_url: str | None,
    ticketing_database: Path | None,
    mail_port: int,
) -> int:
    """Run a Wix on your desk: its API, with a seeded world, and its webhooks."""
    from ticket_pipeline.sandbox.faults import Faults
    from ticket_pipeline.sandbox.serve import serve
    from ticket_pipeline.sandbox.settings import SandboxSettings

    settings = SandboxSettings(
        database=database,
        seed=seed,
        events=events,
        definitions=definitions,
        faults=Faults(latency_ms=latency_ms),
        webhook_urls=webhook_urls,
        counter_server_url=counter_server_url,
        ticketing_database=ticketing_database,
        mail_port=mail_port or None,
    )
    if json:
        print_json({"base_url": f"http://127.0.0.1:{port}", "api_key": settings.api_key, "site_id": settings.site_id})
    else:
        err.print(f"A Wix on your desk: http://127.0.0.1:{port} (Ctrl-C stops it)")
    serve(settings, port=port)
    return DONE


@command(sites=False, file=False)
@click.argument("action", type=click.Choice(["create", "edit", "delete", "buy", "hold", "cancel", "rush"]))
@click.argument("what", nargs=-1)
@click.option("--url", default="http://127.0.0.1:8788", show_default=True, help="Of the running sandbox.")
def sandbox_do(json: bool, action: str, what: tuple[str, ...], url: str) -> int:
    """Make something happen in a running sandbox, and so a webhook.

    WHAT is an id (of the definition, or the order's number to cancel) and fields as NAME=VALUE:

    \b
    sandbox-do edit DEFINITION name="Front row" price=45.00
    sandbox-do create event_id=EVENT name=Balcony price=25.00
    sandbox-do buy DEFINITION quantity=2
    sandbox-do rush EVENT orders=100 seconds=5
    """
    from ticket_pipeline.sandbox.remote import ACTIONS

    ids = [each for each in what if "=" not in each]
    fields = {name: _value(text) for name, _, text in (each.partition("=") for each in what if "=" in each)}
    if action == "edit" and not fields:
        raise ConfigError("sandbox-do edit: name at least one field, as NAME=VALUE")
    try:
        answer = ACTIONS[action](*ids, base_url=url, **fields)
    except TypeError as error:
        raise ConfigError(f"sandbox-do {action}: {error}; see `ticket-pipeline sandbox-do --help`") from error
    if json:
        print_json(answer)
    else:
        err.print(f"Done: {action} {' '.join(what)}", markup=False, soft_wrap=True)
    return DONE


def _value(text: str) -> Any:
    """Take `true`, `null`, whole numbers and JSON for what they are, and all else, prices too, as text."""
    if text.isdigit() or text in {"true", "false", "null"} or text[:1] in {"{", "["}:
        with suppress(ValueError):
            return json_text.loads(text)
    return text
