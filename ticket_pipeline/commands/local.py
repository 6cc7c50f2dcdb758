"""Commands that keep running on this machine: dev, serve."""

from pathlib import Path

import click

from ticket_pipeline import config, terminal
from ticket_pipeline.commands.frame import DONE, command, err, print_json
from ticket_pipeline.wiring import Wiring

_WORLD = Path(".ticket-pipeline/sandbox.db")


@command(sites=False)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8787, show_default=True)
def serve(config_path: str | None, json: bool, host: str, port: int) -> int:
    """Run the server: webhooks land here. Keep Dagster's own webserver private; this one may be public."""
    from ticket_pipeline.server import ServerParts
    from ticket_pipeline.server import serve as run_server

    wiring = Wiring(config.load(config_path))
    endpoints = [endpoint for site in wiring.sites() if (endpoint := site.endpoint())]
    leeway = wiring.pipeline.server.webhook_expiry_tolerance
    if json:
        print_json({"url": f"http://{host}:{port}", "sites": [endpoint.site for endpoint in endpoints]})
    run_server(ServerParts(database=wiring.database, endpoints=endpoints, leeway=leeway), host=host, port=port)
    return DONE


@command(sites=False)
@click.option("--no-sandbox", is_flag=True, help="Start no sandbox; it is started only where no pipeline is declared.")
@click.option("--port", default=8787, show_default=True, help="Of the server.")
@click.option("--dagster-port", default=3000, show_default=True)
@click.option("--sandbox-port", default=8788, show_default=True)
def dev(config_path: str | None, json: bool, no_sandbox: bool, port: int, dagster_port: int, sandbox_port: int) -> int:
    """Run everything in one terminal: sandbox, server, a first sync, Dagster. Ctrl-C stops it."""
    from ticket_pipeline.orchestration import dev as development

    declared = config.find(config_path, config.environment())
    variables = dict(config.environment())
    services = []
    if declared is not None:
        variables[config.CONFIG_VARIABLE] = str(declared.resolve())
    elif not no_sandbox:
        variables[config.SANDBOX_VARIABLE] = f"http://127.0.0.1:{sandbox_port}"
        hooked = ("--database", str(_WORLD), "--webhook-url", f"http://127.0.0.1:{port}/webhooks/wix")
        services.append(development.sandbox_service(sandbox_port, *hooked))
    services.append(development.server_service(port))
    return development.dev(
        Wiring(config.load(None, variables)),
        environment=variables,
        services=services,
        dagster_port=dagster_port,
        console=err,
        watching=lambda: terminal.watching(err, quiet=json),
    )
