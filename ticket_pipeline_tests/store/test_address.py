from pathlib import Path

import pytest

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.store.address import file_of, label, read_address


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_spoken_through_psycopg(scheme: str) -> None:
    assert read_address(f"{scheme}://me:pw@host/db").drivername == "postgresql+psycopg"


def test_the_label_has_no_password() -> None:
    address = read_address("postgresql://me:secret@host:5433/db?options=-csearch_path%3Dx&sslpassword=secret")
    assert label(address) == "postgresql+psycopg://me:***@host:5433/db"


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:////var/lib/state.db", "/var/lib/state.db"),
        ("sqlite:///state.db?timeout=5", "state.db"),
        ("sqlite:///file:/var/a%20b.db?mode=ro&uri=true", "/var/a b.db"),
    ],
)
def test_a_sqlite_address_means_a_file(url: str, file: str) -> None:
    assert file_of(read_address(url)) == Path(file)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true"])
def test_memory_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="name a file"):
        read_address(url)


@pytest.mark.parametrize("url", ["mysql://host/db", "postgresql+asyncpg://host/db", "sqlite+aiosqlite:///x"])
def test_an_unknown_database_is_refused_with_what_is_allowed(url: str) -> None:
    with pytest.raises(ConfigError, match=r"allowed: .*postgresql.*sqlite"):
        read_address(url)


@pytest.mark.parametrize("url", ["", "state.db", "postgresql://me:hunter2@host:port/db"])
def test_what_is_no_url_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(ConfigError, match="not a database URL") as caught:
        read_address(url)
    assert "hunter2" not in str(caught.value)
