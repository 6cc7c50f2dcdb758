"""Every command of a page is typed, in the page's order: it works, and shows what the page says it shows."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ticket_pipeline.sandbox.serve import RunningSandbox, running
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline_tests.docs.made_up import VARIABLES
from ticket_pipeline_tests.docs.pages import PAGES, ROOT, blocks, commands
from ticket_pipeline_tests.docs.shapes import fits
from ticket_pipeline_tests.docs.shell import Done, Shell
from ticket_pipeline_tests.orchestration.free_port import free_port

#: Pages whose commands need more than this machine's Python; who runs them, reading them from the page.
ELSEWHERE = {
    "component.md": "ticket_pipeline_tests/orchestration/test_component_page.py",
    "many-machines.md": "ticket_pipeline_tests/real/many_machines.py",
}
#: Commands that are not run, and why.
LEFT_OUT = {
    "README.md": {
        "ticket-pipeline sync": "connect-wix.md runs it, of the same file",
        "make run": "start-here.md runs `ticket-pipeline dev`, which it is",
        "make test": "this is a part of it",
        "ticket-pipeline dev": "start-here.md runs it",
        "pip install 'ticket-pipeline[many-machines]'": "it is installed",
        "cp deploy/celery/* workspace.yaml pipeline.yaml /srv/tickets && cd /srv/tickets": "many-machines.md does it",
        "dagster instance migrate && ticket-pipeline sync": "many-machines.md does it",
        "dg scaffold defs ticket_pipeline.WixTickets box_office": "component.md does it",
        "dg check defs": "component.md does it",
        "ticket-pipeline serve --config src/shop/defs": "component.md does it",
    }
}
#: Pages that are typed where a clone is.
IN_A_CLONE = {"adding-a-destination.md"}


@pytest.fixture(scope="session")
def wix() -> Iterator[RunningSandbox]:
    """Start one sandbox for all pages, whose clock is right."""
    with running(SandboxSettings(mail_port=0)) as sandbox:
        yield sandbox


@pytest.fixture
def shell(wix: RunningSandbox, tmp_path: Path, request: pytest.FixtureRequest) -> Shell:
    """Sit down at a shell; the sandbox is new."""
    page = request.node.callspec.params["page"]
    folder = tmp_path / "folder"
    own = any(each.startswith("ticket-pipeline dev") for each in _typed(page))
    wix.desk.reset()
    if page.name in IN_A_CLONE:
        _clone(folder)
    return Shell(
        folder=folder,
        notes=tmp_path / "notes",
        # `dev` brings a sandbox of its own.
        wix=f"http://127.0.0.1:{free_port()}" if own else wix.base_url,
        server_port=free_port(),
        dagster_port=free_port(),
        mail_port=free_port() if own else wix.mail_port,
        variables={**VARIABLES, **({"PYTHONPATH": str(folder)} if page.name in IN_A_CLONE else {})},
    )


def _typed(page: Path) -> list[str]:
    """List what is typed of a page."""
    every = [each.typed for block in blocks(page) if block.language == "console" for each in commands(block)]
    return [each for each in every if each.partition("#")[0].strip() not in LEFT_OUT.get(page.name, ())]


def _clone(folder: Path) -> None:
    folder.mkdir()
    for name in ("ticket_pipeline", "ticket_pipeline_tests", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "_build"))
    for name in ("pyproject.toml", "dagster.yaml", "workspace.yaml", "Makefile"):
        shutil.copy(ROOT / name, folder / name)


RUN_HERE = [page for page in PAGES if page.name not in ELSEWHERE and any(b.language == "console" for b in blocks(page))]


@pytest.mark.skipif(not shutil.which("bash") or not shutil.which("curl"), reason="needs bash and curl")
@pytest.mark.parametrize("page", RUN_HERE, ids=lambda page: page.name)
def test_what_a_page_types_works_and_shows_what_it_says(page: Path, shell: Shell) -> None:
    done = shell.types(blocks(page), leave_out=LEFT_OUT.get(page.name, ()))
    assert done
    if wrong := [each for each in done if each.status != 0 or not _shows(each)]:
        pytest.fail("\n".join(_told(each) for each in wrong), pytrace=False)


def _shows(done: Done) -> bool:
    """Tell whether the output is what the page shows, with or without what went to standard error."""
    return any(fits(done.command.shown, each) for each in (done.out, done.out + done.err, done.err + done.out))


def _told(done: Done) -> str:
    said = f"{done.out}\n{done.err}".strip()[-3000:]
    asked = f"{done.command.place}: $ {done.command.typed}\nstatus {done.status}; the page shows"
    return f"{asked}\n{done.command.shown}\nseen\n{said}\n"


def test_what_is_left_out_is_there_to_be_left_out() -> None:
    for name, left_out in LEFT_OUT.items():
        (page,) = [page for page in PAGES if page.name == name]
        text = "".join(block.text for block in blocks(page) if block.language == "console")
        assert [each for each in left_out if f"$ {each}" not in text] == []


@pytest.mark.parametrize(("name", "owner"), ELSEWHERE.items())
def test_what_is_run_elsewhere_is_read_there_from_the_page(name: str, owner: str) -> None:
    assert name in {page.name for page in PAGES}
    assert name in (ROOT / owner).read_text(encoding="utf-8")
