"""The box office's page: the packaged HTML, filled with the world as it is now."""

from functools import cache
from html import escape
from importlib import resources
from string import Template
from urllib.parse import urlsplit

from ticket_pipeline.sandbox.desk import Desk
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline.sandbox.site.programme import programme
from ticket_pipeline.sandbox.site.snapshot import snapshot
from ticket_pipeline.sandbox.site.till import till

PACKAGE = "ticket_pipeline.sandbox.site"


def render(desk: Desk) -> str:
    """Write the page."""
    settings, shown = desk.settings, snapshot(desk.world)
    return Template(file("page.html").decode()).substitute(
        programme=programme(shown),
        till=till(shown),
        version=f"{desk.started}.{shown.version}",
        counter_script=_counter_script(settings),
        counter_server=escape(settings.counter_server_url or ""),
        links=_links(settings),
        without_table="" if settings.ticketing_database else "hidden",
        without_mail="hidden" if settings.mail_port is None else "",
        without_inbox="" if settings.counter_server_url else "hidden",
    )


def policy(settings: SandboxSettings) -> str:
    """Write the Content-Security-Policy: the page, and the pipeline's own server, and nothing else."""
    server = _origin(settings.counter_server_url) if settings.counter_server_url else ""
    return (
        f"default-src 'self'; script-src 'self' {server}; connect-src 'self' {server}; img-src 'self' data:; "
        "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )


@cache
def file(name: str) -> bytes:
    """Read one of the page's files."""
    return (resources.files(PACKAGE) / name).read_bytes()


def _counter_script(settings: SandboxSettings) -> str:
    if settings.counter_server_url is None:
        return ""
    return f'<script src="{escape(settings.counter_server_url)}/ticket-counter.js" defer></script>'


def _links(settings: SandboxSettings) -> str:
    links = [("Dagster", settings.dagster_url), ("The sandbox’s API", "/api")]  # noqa: RUF001 - an apostrophe
    return "".join(f'<a href="{escape(url)}">{escape(name)}</a>' for name, url in links if url)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
