"""Commands that keep running on this machine: dev, serve."""

from pathlib import Path

import click

from ticket_pipeline import config, terminal
from ticket_pipeline.commands.frame import DONE, PORT, command, err, print_json
from ticket_pipeline.wiring import Wiring

_WORLD = Path(".ticket-pipeline/sandbox.db")
#: Where the packaged pipeline's ticketing system is.
_TICKETING = Path(".ticket-pipeline/ticketing.db")
#: Processes find one another by it, so it is not left to chance.
_DEV_PORT = click.IntRange(1, 65_535)


@command("Run the server, for webhooks and counters.", sites=False)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=PORT, default=8787, show_default=True)
def serve(config_path: str | None, json: bool, host: str, port: int) -> int:
    """Run the server: webhooks land here, counters live here. Keep Dagster's webserver private; this may be public."""
    from ticket_pipeline.live_counters import LiveCounters
    from ticket_pipeline.server import ServerParts
    from ticket_pipeline.server import serve as run_server
    from ticket_pipeline.unsubscribe.routes import UnsubscribeParts, unsubscribe_routes

    wiring = Wiring(config.load(config_path))
    endpoints = [endpoint for site in wiring.sites() if (endpoint := site.endpoint())]
    counters = LiveCounters(wiring)
    # Links in old messages work on, also of sites that announce nothing any more.
    audiences = {site.name: site.audience for site in wiring.sites() if site.settings.announcements}
    unsubscribing = UnsubscribeParts(database=wiring.database, audiences=audiences, secret=wiring.secret)
    parts = ServerParts(
        database=wiring.database,
        endpoints=endpoints,
        leeway=wiring.pipeline.server.webhook_expiry_tolerance,
        routes=[*counters.routes(), *unsubscribe_routes(unsubscribing)],
        on_landed=counters.landed,
        lifespans=[counters.lifespan],
        on_stopping=[counters.stop],
        requests_per_minute={site.name: site.settings.wix.requests_per_minute for site in wiring.sites()},
        figures=[counters.figures],
    )
    if json:
        hooked = [each.site for each in endpoints]
        print_json({"url": f"http://{host}:{port}", "sites": parts.sites, "webhooks": hooked})
    run_server(parts, host=host, port=port, json_logs=wiring.pipeline.server.log_format == "json")
    return DONE


@command("Run everything in one terminal.", sites=False)
@click.option("--no-sandbox", is_flag=True, help="Start no sandbox; it is started only where no pipeline is declared.")
@click.option("--port", type=_DEV_PORT, default=8787, show_default=True, help="Of the server.")
@click.option("--dagster-port", type=_DEV_PORT, default=3000, show_default=True)
@click.option("--sandbox-port", type=_DEV_PORT, default=8788, show_default=True)
@click.option("--mail-port", type=_DEV_PORT, default=8725, show_default=True, help="Where the sandbox takes mails.")
def dev(
    config_path: str | None,
    json: bool,
    no_sandbox: bool,
    port: int,
    dagster_port: int,
    sandbox_port: int,
    mail_port: int,
) -> int:
    """Run everything in one terminal: sandbox, server, a first sync, Dagster. Ctrl-C stops it."""
    from ticket_pipeline.orchestration import dev as development

    declared = config.find(config_path, config.environment())
    variables = {config.SERVER_VARIABLE: f"http://127.0.0.1:{port}", **config.environment()}
    services = []
    if declared is not None:
        variables[config.CONFIG_VARIABLE] = str(declared.resolve())
    elif not no_sandbox:
        variables[config.SANDBOX_VARIABLE] = f"http://127.0.0.1:{sandbox_port}"
        variables[config.SANDBOX_MAIL_VARIABLE] = f"smtp://127.0.0.1:{mail_port}"
        hooked = ("--database", str(_WORLD), "--webhook-url", f"http://127.0.0.1:{port}/webhooks/wix")
        shown = ("--counter-server-url", f"http://127.0.0.1:{port}", "--ticketing-database", str(_TICKETING))
        linked = ("--dagster-url", f"http://127.0.0.1:{dagster_port}")
        services.append(development.sandbox_service(sandbox_port, mail_port, *hooked, *shown, *linked))
    services.append(development.server_service(port))
    return development.dev(
        Wiring(config.load(None, variables)),
        environment=variables,
        services=services,
        dagster_port=dagster_port,
        console=err,
        watching=lambda: terminal.watching(err, quiet=json),
    )
