"""The test's own measure: what fits what a page shows, and what does not."""

import pytest

from ticket_pipeline_tests.docs.shapes import fits

ID = "1f13cb72-7307-41a1-a286-dc3287faabbd"
OTHER = "90fcdac0-c6d8-4a02-b8e8-7bc44b2e12f8"


@pytest.mark.parametrize(
    ("shown", "output"),
    [
        ("", "anything"),
        ("12 of 130", "7 of 4"),
        (f"Done: {ID}", f"Done: {OTHER}"),
        ("a   b", "a b  \n"),
        ("sql:/…/t.db", "sql:/tmp/x/t.db"),
        ("first\n…\nlast", "first\nand\nmore\nlast"),
        ("first\n…\nlast", "first\nlast"),
        ("first\n…", "first\nand more"),
    ],
)
def test_what_may_differ_may_differ(shown: str, output: str) -> None:
    assert fits(shown, output)


@pytest.mark.parametrize(
    ("shown", "output"),
    [
        ("synced", "synced; checks failed"),
        ("12 records", "no records"),
        ("first\nlast", "first\nand\nlast"),
        ("first\n…\nlast", "first\nand more"),
        ("a … c", "a b\nc"),
        ("(a|b)", "a"),
        ("exit status 1", "exit status 2"),
    ],
)
def test_what_is_said_must_be_said(shown: str, output: str) -> None:
    assert not fits(shown, output)
