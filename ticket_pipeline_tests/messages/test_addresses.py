"""Which addresses mail can go to, and which are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.messages.addresses import deliverable, normalise, problem


@pytest.mark.parametrize(
    ("spelling", "sent_to", "identity"),
    [
        ("ann@example.org", "ann@example.org", "ann@example.org"),
        (" Ann@Example.ORG\n", "Ann@example.org", "ann@example.org"),
        ("jörg@exämple.org", "jörg@xn--exmple-cua.org", "jörg@xn--exmple-cua.org"),
        ("Straße@example.org", "Straße@example.org", "straße@example.org"),
        ("ann+tickets@example.org", "ann+tickets@example.org", "ann+tickets@example.org"),
        ("ann@tickets.test", "ann@tickets.test", "ann@tickets.test"),
    ],
)
def test_an_address_has_one_identity(spelling: str, sent_to: str, identity: str) -> None:
    assert deliverable(spelling) == sent_to
    assert normalise(spelling) == identity
    assert problem(spelling) is None


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "  ",
        "ann",
        "ann@",
        "@example.org",
        "ann@example",
        "ann@localhost",
        "ann@@example.org",
        "ann@example..org",
        "ann@-example.org",
        "ann@ex ample.org",
        "ann@example.org, bob@example.org",
        "Ann <ann@example.org>",
        "ann@example.org\r\nBcc: bob@example.org",
        "ann\0@example.org",
        "ann@[127.0.0.1]",
        '"ann lee"@example.org',
        "a" * 65 + "@example.org",
        "ann@" + "a" * 300 + ".org",
        "ann@" + "a." * 500_000 + "org",
    ],
)
def test_what_is_no_address_is_said_without_repeating_it(address: str | None) -> None:
    assert normalise(address) is None
    assert deliverable(address) is None
    told = problem(address)
    assert told
    assert not address or not address.strip() or address not in told


@given(st.emails())
def test_what_is_normalised_stays_as_it_is(address: str) -> None:
    once = normalise(address)
    assert once is None or normalise(once) == once


@given(st.text(max_size=80))
def test_any_text_is_an_address_of_one_line_or_none(text: str) -> None:
    found = deliverable(text)
    assert found is None or (found.isprintable() and " " not in found and found.count("@") == 1)
