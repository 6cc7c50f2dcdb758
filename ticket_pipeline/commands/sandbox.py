"""Commands of the sandbox: run it, and make things happen in it."""

import inspect
import json as json_text
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from ticket_pipeline.commands.frame import DONE, PORT, command, err, print_json
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.words import unknown


@command("Run a Wix on your desk.", sites=False, file=False)
@click.option("--port", type=PORT, default=8788, show_default=True)
@click.option("--database", type=click.Path(path_type=Path), help="Keep the world in this SQLite file.")
@click.option("--seed", default=7, show_default=True, help="Another seed is another world.")
@click.option("--events", type=click.IntRange(1, 1_000_000), help="Make a world of this many events …")
@click.option(
    "--definitions", type=click.IntRange(1, 1_000_000), help="… and this many ticket definitions, for measuring."
)
@click.option("--latency-ms", type=click.IntRange(0, 600_000), default=0, help="Answer this much later.")
@click.option("--webhook-url", "webhook_urls", multiple=True, help="Send webhooks there; on this machine only.")
@click.option("--counter-server-url", help="Where the box office's counters come from: `ticket-pipeline serve`.")
@click.option(
    "--ticketing-database",
    type=click.Path(path_type=Path),
    help="A SQLite file whose table `tickets` the box office shows.",
)
@click.option(
    "--mail-port", type=PORT, default=8725, show_default=True, help="Take mails there, to be read; 0: take none."
)
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

    def tell(ours: int) -> None:
        url = f"http://127.0.0.1:{ours}"
        if json:
            print_json({"base_url": url, "api_key": settings.api_key, "site_id": settings.site_id})
        else:
            err.print(f"A Wix on your desk: {url} (Ctrl-C stops it)", soft_wrap=True)

    serve(settings, port=port, on_listening=tell)
    return DONE


@command("Make something happen in a running sandbox.", sites=False, file=False)
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
    _refuse_misuse(action, ids, fields)
    answer = ACTIONS[action](*ids, base_url=url, **fields)
    if json:
        print_json(answer)
    else:
        err.print(f"Done: {action} {' '.join(what)}", markup=False, soft_wrap=True)
    return DONE


def _refuse_misuse(action: str, ids: Sequence[str], fields: Mapping[str, Any]) -> None:
    """See that an action is given the ids and fields it takes; what it would pass over is refused, too.

    Raises:
        ConfigError: naming what it takes.
    """
    from ticket_pipeline.sandbox.remote import ACTIONS

    taken = inspect.signature(ACTIONS[action])
    allowed = _fields(taken)
    for name in fields:
        if name not in allowed:
            raise ConfigError(f"sandbox-do {action}: {unknown('field', name, allowed) if allowed else _usage(action)}")
    if action == "edit" and not fields:
        raise ConfigError(f"sandbox-do edit: name at least one field, as NAME=VALUE; allowed: {', '.join(allowed)}")
    try:
        taken.bind(*ids, **fields)
    except TypeError as error:
        raise ConfigError(f"sandbox-do {action}: {_usage(action)}") from error


def _fields(taken: inspect.Signature) -> list[str]:
    """List what an action takes as NAME=VALUE: its own, and what Wix lets be written if it takes more."""
    from ticket_pipeline.sandbox.validation import CHECKS

    kinds = {name: each.kind for name, each in taken.parameters.items() if name != "base_url"}
    own = [name for name, kind in kinds.items() if kind is inspect.Parameter.KEYWORD_ONLY]
    return own + [each for each in CHECKS if inspect.Parameter.VAR_KEYWORD in kinds.values() and each not in own]


def _usage(action: str) -> str:
    from ticket_pipeline.sandbox.remote import ACTIONS

    words = [_word(each) for name, each in inspect.signature(ACTIONS[action]).parameters.items() if name != "base_url"]
    return f"takes {' '.join(words)}; see `ticket-pipeline sandbox-do --help`"


def _word(parameter: inspect.Parameter) -> str:
    if parameter.kind is inspect.Parameter.VAR_KEYWORD:
        return "[FIELD=VALUE …]"
    positional = parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    word = parameter.name.partition("_")[0].upper() if positional else f"{parameter.name}=VALUE"
    return word if parameter.default is inspect.Parameter.empty else f"[{word}]"


def _value(text: str) -> Any:
    """Take `true`, `null`, whole numbers and JSON for what they are, and all else, prices too, as text."""
    if text.isdigit() or text in {"true", "false", "null"} or text[:1] in {"{", "["}:
        with suppress(ValueError):
            return json_text.loads(text)
    return text
