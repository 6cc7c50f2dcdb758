"""How hard the property-based tests look, and in which order files are tested.

On CI they look at the same cases every time; `pytest --hypothesis-profile=long` looks at thousands.
"""

import os
import random

import pytest
from hypothesis import HealthCheck, settings

#: A busy machine is slow, which is no mistake of ours.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)

settings.register_profile("ci", _PATIENT, derandomize=True)
settings.register_profile("long", _PATIENT, max_examples=5_000)
settings.register_profile("here", _PATIENT)
settings.load_profile("ci" if os.environ.get("CI") else "here")

#: Files that wait for real clocks and processes, the longest first: begun last, one of them would be waited for alone.
_BEGUN_FIRST = (
    "test_sale_start_story",
    "test_convergence",
    "test_on_the_second",
    "test_follow_processes",
    "test_kills",
    "test_announce_kills",
    "test_after_an_outage",
    "test_component_page",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; the order within a file stays."""
    places = {name: place for place, name in enumerate(_BEGUN_FIRST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


@pytest.fixture(autouse=True)
def the_same_dice_every_time(request: pytest.FixtureRequest) -> None:
    """Have what jitters jitter alike in every run of a test, whatever ran before it."""
    random.seed(request.node.nodeid)
