"""Dev: everything in one terminal: the sandbox, a first sync, and Dagster on top of it."""

import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import dagster as dg
from rich.console import Console

from ticket_pipeline import terminal
from ticket_pipeline.errors import TransientError
from ticket_pipeline.flows.progress import Progress, unwatched
from ticket_pipeline.orchestration.code_location import LOCATION
from ticket_pipeline.orchestration.instance import HOME_VARIABLE, dagster_home, initialised_instance, workspace_file
from ticket_pipeline.orchestration.services import STOPPING, Service, ServiceDiedError, Supervisor, refuse_ports_in_use
from ticket_pipeline.orchestration.sync import sync
from ticket_pipeline.wiring import Wiring

HOST = "127.0.0.1"
Watching = Callable[[], AbstractContextManager[Progress]]


@contextmanager
def unseen() -> Iterator[Progress]:
    """Show no progress."""
    yield unwatched


def dev(
    wiring: Wiring,
    *,
    environment: Mapping[str, str],
    services: Sequence[Service] = (),
    dagster_port: int = 3000,
    console: Console,
    watching: Watching = unseen,
) -> int:
    """Run the services, sync every site once, then run Dagster until SIGINT or SIGTERM; return the exit code.

    `environment` is given to every process, and must be the one the pipeline was read with.

    Raises:
        ConfigError: a port is in use, or the sync stopped at a setting; nothing is left running.
    """
    home = dagster_home(wiring.pipeline.state, environment)
    webserver, daemon = dagster_services(home, dagster_port, page=_graph_of(next(iter(wiring.pipeline.sites))))
    refuse_ports_in_use([*services, webserver])
    with _stopping_on_signals(), Supervisor(environment, home / "services") as supervisor:
        try:
            # Before anything of Dagster's runs: two processes that make its tables at once spoil them.
            with initialised_instance(home) as instance:
                _start(supervisor, [*services, webserver], ready=services)
                _sync_all(wiring, instance, console, watching)
            supervisor.wait_ready(webserver)
            # Only now, so that its sensors do not ask for what the first sync is doing.
            supervisor.start(daemon)
            _show_addresses(wiring, console, [*services, webserver])
            supervisor.watch()
        except ServiceDiedError as death:
            console.print(f"[red]{_plain(death)}[/red]", soft_wrap=True)
            return 1
        except KeyboardInterrupt:
            console.print("Stopping …")
        finally:
            _ignore_signals()
    return 0


def sandbox_service(port: int, mail_port: int, *arguments: str) -> Service:
    """Describe the sandbox as a service; `arguments` are more of those of `python -m ticket_pipeline.sandbox`."""
    ports = ("--port", str(port), "--mail-port", str(mail_port))
    return Service(
        name="sandbox",
        title="box office",
        command=[sys.executable, "-m", "ticket_pipeline.sandbox", *ports, *arguments],
        ready_url=f"http://{HOST}:{port}/",
        port=port,
        port_option="--sandbox-port",
        more_ports={"--mail-port": mail_port},
    )


def server_service(port: int) -> Service:
    """Describe our own server, where webhooks land."""
    return Service(
        name="server",
        command=[sys.executable, "-m", "ticket_pipeline", "serve", "--port", str(port)],
        ready_url=f"http://{HOST}:{port}/healthz",
        port=port,
        port_option="--port",
        page="/healthz",
    )


def dagster_services(home: Path, port: int, *, page: str = "/") -> tuple[Service, Service]:
    """Describe Dagster's webserver and its daemon on one home; the UI has no authentication, so it stays at home."""
    workspace, environment = str(workspace_file()), {HOME_VARIABLE: str(home)}
    webserver = Service(
        name="dagster-webserver",
        command=[sys.executable, "-m", "dagster_webserver", "-h", HOST, "-p", str(port), "-w", workspace],
        ready_url=f"http://{HOST}:{port}/server_info",
        port=port,
        port_option="--dagster-port",
        page=page,
        environment=environment,
    )
    daemon = Service(
        name="dagster-daemon",
        command=[sys.executable, "-m", "dagster._daemon", "run", "-w", workspace],
        environment=environment,
    )
    return webserver, daemon


def _graph_of(site: str) -> str:
    return f"/locations/{LOCATION}/asset-groups/{site}/lineage"


def _start(supervisor: Supervisor, services: Sequence[Service], *, ready: Sequence[Service]) -> None:
    for each in services:
        supervisor.start(each)
    for each in ready:
        supervisor.wait_ready(each)


def _sync_all(wiring: Wiring, instance: dg.DagsterInstance, console: Console, watching: Watching) -> None:
    for site in wiring.pipeline.sites:
        try:
            with watching() as progress:
                report = sync(wiring, site, instance=instance, progress=progress)
        except TransientError as error:
            console.print(f"[yellow]{site}: {_plain(error)}; Dagster tries again[/yellow]", soft_wrap=True)
        else:
            terminal.show_synced(console, site, wiring.site(site).place, report)


def _show_addresses(wiring: Wiring, console: Console, services: Sequence[Service]) -> None:
    for name, address in _addresses(wiring, services):
        console.print(f"{name:<24} {address}", soft_wrap=True, markup=False, highlight=False)
    console.print("Ctrl-C stops everything.")


def _addresses(wiring: Wiring, services: Sequence[Service]) -> Iterator[tuple[str, str]]:
    for service in services:
        if service.port is not None:
            yield service.title or service.name, f"http://{HOST}:{service.port}{service.page}"
    for site in wiring.sites():
        if site.place:
            yield f"{site.name}, destination", site.place


@contextmanager
def _stopping_on_signals() -> Iterator[None]:
    """Take SIGTERM, and a closed terminal, for Ctrl-C."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore_signals() -> None:
    """Let nothing disturb the stopping, which ends by itself."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)


def _plain(error: Exception) -> str:
    """Keep rich from reading brackets in a message as markup."""
    return str(error).replace("[", r"\[")
