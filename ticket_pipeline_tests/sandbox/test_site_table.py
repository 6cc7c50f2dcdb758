"""The ticketing system's screen: it shows what is there, whatever that is, and touches nothing."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ticket_pipeline.sandbox.serve import running
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline.sandbox.site.ticketing_table import LONGEST_TEXT, MOST_ROWS, mark_of, read_table
from ticket_pipeline_tests.sandbox.api import NOW, Api, Clock

NOTHING: dict[str, Any] = {"columns": [], "rows": [], "total": 0}


def write(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        for statement in statements:
            database.execute(statement)


def test_rows_are_shown_with_their_columns(tmp_path: Path) -> None:
    path = tmp_path / "what a name?#%.db"
    write(
        path,
        "PRAGMA journal_mode=WAL",
        "CREATE TABLE tickets (id INTEGER PRIMARY KEY, title, price, odd)",
        "INSERT INTO tickets VALUES (2, '<b>Balcony</b>', 25.5, x'00ff'), (1, '桜', NULL, NULL)",
    )
    assert read_table(path) == {
        "columns": ["id", "title", "price", "odd"],
        "rows": [[1, "桜", None, None], [2, "<b>Balcony</b>", 25.5, "(binary)"]],
        "total": 2,
    }


def test_where_there_is_no_file_there_is_nothing_and_none_is_made(tmp_path: Path) -> None:
    assert read_table(tmp_path / "none.db") == NOTHING
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_something_else_is_nothing(tmp_path: Path) -> None:
    other, text, folder = tmp_path / "other.db", tmp_path / "text.db", tmp_path / "folder.db"
    write(other, "CREATE TABLE things (id)")
    text.write_text("no database at all, but long enough to be looked at" * 100)
    folder.mkdir()
    assert [read_table(path) for path in (other, text, folder)] == [NOTHING] * 3


def test_a_table_that_is_locked_is_shown_later(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    write(path, "CREATE TABLE tickets (id INTEGER PRIMARY KEY)")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert read_table(path) == NOTHING
        other.execute("ROLLBACK")
    assert read_table(path)["columns"] == ["id"]


def test_a_large_table_and_a_long_text_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    rows = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MOST_ROWS + 100})"
    write(
        path,
        "CREATE TABLE tickets (id INTEGER PRIMARY KEY, title)",
        f"{rows} INSERT INTO tickets SELECT i, printf('%.*c', 5000, 'x') FROM n",
    )
    table = read_table(path)
    assert (len(table["rows"]), table["total"]) == (MOST_ROWS, MOST_ROWS + 100)
    assert len(table["rows"][0][1]) == LONGEST_TEXT + 1


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_the_table_is_sent_again_only_when_it_was_written(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "t.db"
    settings = SandboxSettings(events=1, now=NOW, ticketing_database=path)
    with running(settings, Clock()) as sandbox:
        api = Api(sandbox.base_url)
        first = api.ask("GET", "/sandbox/live")["table"]
        write(path, f"PRAGMA journal_mode={mode}", "CREATE TABLE tickets (id INTEGER PRIMARY KEY)")
        with closing(sqlite3.connect(path)) as other:
            second = api.ask("GET", "/sandbox/live", params={"table": first["mark"]})["table"]
            third = api.ask("GET", "/sandbox/live", params={"table": second["mark"]})["table"]
            other.execute("INSERT INTO tickets VALUES (1)")
            other.commit()
            fourth = api.ask("GET", "/sandbox/live", params={"table": third["mark"]})["table"]
        api.session.close()
    assert (first["columns"], second["columns"], fourth["rows"]) == ([], ["id"], [[1]])
    assert third == {"mark": second["mark"]}


def test_the_mark_of_nothing_is_a_mark(tmp_path: Path) -> None:
    assert mark_of(tmp_path / "none.db") == "none/none"
