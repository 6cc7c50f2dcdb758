"""The real servers, one of each for the session; only where they are asked for: they take minutes to set up."""

import os
from collections.abc import Iterator

import pytest

from ticket_pipeline_tests.real.ghost_server import Ghost, running_ghost
from ticket_pipeline_tests.real.maildev_server import Maildev, running_maildev
from ticket_pipeline_tests.real.pretix_server import Pretix, running_pretix

WANTED = "TICKET_PIPELINE_TEST_REAL"

collect_ignore_glob = [] if os.environ.get(WANTED) else ["test_*.py"]


@pytest.fixture(scope="session")
def pretix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pretix]:
    """Run pretix."""
    with running_pretix(tmp_path_factory.mktemp("pretix")) as server:
        yield server


@pytest.fixture(scope="session")
def ghost(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ghost]:
    """Run Ghost."""
    with running_ghost(tmp_path_factory.mktemp("ghost")) as server:
        yield server


@pytest.fixture(scope="session")
def maildev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Maildev]:
    """Run maildev."""
    with running_maildev(tmp_path_factory.mktemp("maildev")) as server:
        yield server
