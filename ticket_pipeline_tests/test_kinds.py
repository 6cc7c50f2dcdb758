"""Kinds: modules found by name."""

import sys
from pathlib import Path

import pytest

from ticket_pipeline import destinations, kinds
from ticket_pipeline.destinations import sql
from ticket_pipeline.errors import ConfigError


def test_a_package_s_modules_are_its_kinds_but_for_base_and_private_ones() -> None:
    found = kinds.kinds(destinations)
    assert {"memory", "sql"} <= set(found)
    assert found == sorted(found)
    assert not any(name == "base" or name.startswith("_") for name in found)


def test_adding_a_kind_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "shops"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "corner.py").write_text("OPEN = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    shops = __import__("shops")
    try:
        assert kinds.kinds(shops) == ["corner"]
        assert kinds.load(shops, "corner").OPEN
    finally:
        for name in ("shops", "shops.corner"):
            sys.modules.pop(name, None)


def test_a_kind_is_loaded_by_its_name() -> None:
    assert kinds.load(destinations, "sql") is sql


@pytest.mark.parametrize("kind", ["sqll", "base", "_sql_types", "os", "sql.Config", ""])
def test_an_unknown_kind_is_refused_with_what_is_allowed(kind: str) -> None:
    with pytest.raises(ConfigError, match=r"unknown kind.*allowed: .*memory.*sql"):
        kinds.load(destinations, kind)
