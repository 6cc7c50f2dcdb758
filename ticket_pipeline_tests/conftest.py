"""How hard the property-based tests look, and in which order files are tested.

On CI they look at the same cases every time; `pytest --hypothesis-profile=long` looks at thousands.
"""

import os

import pytest
from hypothesis import settings

settings.register_profile("ci", derandomize=True, print_blob=True)
settings.register_profile("long", max_examples=5_000, print_blob=True)
settings.register_profile("here", print_blob=True)
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
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; the order within a file stays."""
    places = {name: place for place, name in enumerate(_BEGUN_FIRST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))
