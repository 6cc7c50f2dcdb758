"""The destination `sql`: its settings, names and tables, whichever the database."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import inspect

from ticket_pipeline.destinations import sql
from ticket_pipeline.destinations.sql import Config, connect
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.mapping.mapping import build_mapping
from ticket_pipeline_tests.destinations.changes import create
from ticket_pipeline_tests.mapping.tickets import options, ticket


def test_the_place_has_one_name_whoever_looks() -> None:
    mapping = build_mapping(sql.DEFAULT_MAPPING)
    names = [
        connect(Config(url=url), mapping).identity
        for url in (
            "postgresql+psycopg://anna:secret@db.example.org/box",
            "postgresql://ben:other@db.example.org:5432/box",
        )
    ]
    assert names == ["sql:postgresql://db.example.org:5432/box#tickets"] * 2


def test_a_relative_path_is_named_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    destination = connect(Config(url="sqlite:///x.db", table="t"), build_mapping(sql.DEFAULT_MAPPING))
    assert destination.identity == f"sql:sqlite:{tmp_path}/x.db#t"


@pytest.mark.parametrize(
    "url",
    [
        "nonsense:secret",
        "postgres://u:secret@h/d",
        "mysql://u:secret@h/d",
        "sqlite://",
        "sqlite:///:memory:",
        "oracle://u:secret@h",
    ],
)
def test_a_url_that_cannot_work_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ConfigError, match="sqlite:///file") as caught:
        connect(Config(url=url), build_mapping(sql.DEFAULT_MAPPING))
    assert "secret" not in str(caught.value)


def test_a_missing_driver_is_named() -> None:
    with pytest.raises(ConfigError, match="pg8000"):
        connect(Config(url="postgresql+pg8000://u:pw@h/d"), build_mapping(sql.DEFAULT_MAPPING))


def test_the_settings_show_no_password_and_take_nothing_else() -> None:
    assert "secret" not in repr(Config(url="postgresql://u:secret@h/d"))
    with pytest.raises(ValidationError):
        Config.model_validate({"url": "sqlite:///x.db", "tabel": "t"})


@pytest.mark.parametrize("name", ["id", "archived", "ID", "two words", "Title"])
def test_a_field_that_cannot_be_a_column_is_refused(name: str) -> None:
    mapping = build_mapping(sql.DEFAULT_MAPPING, {name: "name"})
    with pytest.raises(ConfigError, match=name):
        connect(Config(url="sqlite:///x.db"), mapping)


def test_only_one_list_of_parts_is_held() -> None:
    mapping = build_mapping(sql.DEFAULT_MAPPING, {"more": {"each": "options", "fields": {"n": "name"}}})
    with pytest.raises(ConfigError, match="price_options, more"):
        connect(Config(url="sqlite:///x.db"), mapping)


def test_parts_without_an_option_id_are_told_apart_by_their_place(tmp_path: Path) -> None:
    mapping = build_mapping({"prices": {"each": "options", "fields": {"label": "name"}}})
    destination = connect(Config(url=f"sqlite:///{tmp_path}/x.db"), mapping)
    record = mapping.record(ticket(pricing=options(("a", "A", "1"), ("b", "B", "2"))), None)
    list(destination.apply([create(record)]))
    (held,) = destination.find()
    assert held.fields == {"prices": ({"label": "A"}, {"label": "B"})}


def test_a_mapping_without_parts_needs_no_second_table(tmp_path: Path) -> None:
    mapping = build_mapping({"title": "name"})
    destination = connect(Config(url=f"sqlite:///{tmp_path}/x.db"), mapping)
    list(destination.apply([create(mapping.record(ticket(), None))]))
    assert inspect(destination.engine).get_table_names() == ["tickets"]
    (held,) = destination.find()
    assert held.fields == {"title": "General Admission"}
