"""Run the sandbox as a process of its own: `python -m ticket_pipeline.sandbox --port 8788`."""

import argparse
import sys
from pathlib import Path

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.sandbox.faults import Faults
from ticket_pipeline.sandbox.serve import serve
from ticket_pipeline.sandbox.settings import SandboxSettings


def main() -> None:
    """Parse the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m ticket_pipeline.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8788)
    parser.add_argument("--seed", type=int, default=SandboxSettings.seed)
    parser.add_argument("--events", type=int, help="size of a generated world")
    parser.add_argument("--definitions", type=int, help="size of a generated world")
    parser.add_argument("--database", type=Path, help="a SQLite file to keep the world in")
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--requests-per-minute", type=int)
    parser.add_argument("--webhook-url", action="append", default=[], help="tell this address; may be repeated")
    parser.add_argument("--counter-server-url", help="the pipeline's own server, for the box office")
    parser.add_argument("--dagster-url", help="Dagster's pages, to link to")
    parser.add_argument("--ticketing-database", type=Path, help="a SQLite file whose table `tickets` is shown")
    parser.add_argument("--mail-port", type=int, help="take mails at this port, for the box office to show")
    parser.add_argument("--resend-scale", type=float, default=1.0, help="0.001 makes a minute 60 ms")
    given = parser.parse_args()
    settings = SandboxSettings(
        database=given.database,
        seed=given.seed,
        events=given.events,
        definitions=given.definitions,
        requests_per_minute=given.requests_per_minute,
        webhook_urls=tuple(given.webhook_url),
        resend_scale=given.resend_scale,
        counter_server_url=given.counter_server_url,
        dagster_url=given.dagster_url,
        ticketing_database=given.ticketing_database,
        mail_port=given.mail_port,
        faults=Faults(latency_ms=given.latency_ms),
    )
    try:
        serve(settings, host=given.host, port=given.port)
    except ConfigError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
