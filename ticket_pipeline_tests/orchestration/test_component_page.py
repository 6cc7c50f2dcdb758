"""What docs/component.md types, in an empty Dagster project, with the real `dg`: rows come to the destination."""

import sqlite3
from pathlib import Path

import dagster as dg

from ticket_pipeline.orchestration.names import TICKET_SYNC, Names
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline_tests.docs.made_up import VARIABLES
from ticket_pipeline_tests.docs.pages import ROOT, blocks
from ticket_pipeline_tests.docs.shapes import fits
from ticket_pipeline_tests.docs.shell import Shell
from ticket_pipeline_tests.orchestration.free_port import free_port

PAGE = ROOT / "docs" / "component.md"
#: `dg` asks the package registry for news, and Dagster keeps a log for its makers.
_ALONE = {"DAGSTER_DG_UPDATE_CHECK_ENABLED": "0", "DAGSTER_DISABLE_TELEMETRY": "1", "COLUMNS": "80"}


def test_an_empty_project_gets_the_component_and_its_tickets(sandbox: RunningSandbox, tmp_path: Path) -> None:
    shell = Shell(
        folder=tmp_path / "project",
        notes=tmp_path / "notes",
        wix=sandbox.base_url,
        server_port=free_port(),
        dagster_port=free_port(),
        mail_port=free_port(),
        variables={**VARIABLES, **_ALONE},
    )
    done = shell.types(blocks(PAGE))
    told = {each.command.typed: (each.status, f"{each.out}{each.err}"[-3000:]) for each in done}
    assert {typed: said for typed, said in told.items() if said[0] != 0} == {}
    wrong = [each for each in done if not fits(each.command.shown, each.out)]
    assert [(each.command, each.out) for each in wrong] == []
    assert len(tickets(shell.folder)) == 130
    assert len(marked(shell.folder)) == 13


def tickets(folder: Path) -> list[tuple[str]]:
    with sqlite3.connect(folder / "ticketing.db") as connection:
        found = connection.execute("select wix_ticket_definition_id from tickets").fetchall()
    connection.close()
    return found


def marked(folder: Path) -> set[str]:
    """List the partitions that the project's own Dagster remembers as materialized."""
    with dg.DagsterInstance.from_config(str(folder / ".dagster")) as instance:
        return instance.get_materialized_partitions(Names("box_office").key(TICKET_SYNC))
