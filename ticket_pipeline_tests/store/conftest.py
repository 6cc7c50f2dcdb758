"""Real databases: a SQLite file each, and PostgreSQL where one is offered."""

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

from ticket_pipeline.store.database import Database, open_database
from ticket_pipeline.store.site_state import SiteState

POSTGRESQL = "TICKET_PIPELINE_TEST_POSTGRESQL_URL"

#: Makes the URL of a database that nobody has opened yet.
FreshUrl = Callable[[], str]


def sqlite_urls(folder: Path) -> Iterator[FreshUrl]:
    numbers = count()
    yield lambda: f"sqlite:///{folder / f'state{next(numbers)}.db'}"


def postgresql_urls() -> Iterator[FreshUrl]:
    """Give each test schemas of its own, and drop them afterwards."""
    address = os.environ.get(POSTGRESQL)
    if not address:
        pytest.skip(f"{POSTGRESQL} is not set")
    url = make_url(address).set(drivername="postgresql+psycopg")
    engine = create_engine(url)
    made: list[str] = []

    def fresh() -> str:
        made.append(f"test_{uuid4().hex}")
        with engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA {made[-1]}"))
        here = url.update_query_dict({"options": f"-csearch_path={made[-1]}"})
        return here.render_as_string(hide_password=False)

    try:
        yield fresh
    finally:
        with engine.begin() as connection:
            for schema in made:
                connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"] if os.environ.get(POSTGRESQL) else ["sqlite"])
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FreshUrl]:
    yield from sqlite_urls(tmp_path) if request.param == "sqlite" else postgresql_urls()


@pytest.fixture
def url(fresh_url: FreshUrl) -> str:
    return fresh_url()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = open_database(url)
    yield opened
    opened.close()


@pytest.fixture
def state(database: Database) -> SiteState:
    return SiteState(database=database, site="box_office")


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    for fresh in postgresql_urls():
        yield fresh()
