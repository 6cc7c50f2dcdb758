"""The token of an unsubscribe link."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.unsubscribe.token import Unsubscription, read, sign

ANN = Unsubscription(site="box_office", recipient="f" * 32, subscriber_id="ann@example.org")
SECRET = "a secret"  # noqa: S105  of this test


@given(site=st.text(), recipient=st.text(), subscriber_id=st.none() | st.text(max_size=100))
def test_what_was_signed_is_read(site: str, recipient: str, subscriber_id: str | None) -> None:
    wanted = Unsubscription(site=site, recipient=recipient, subscriber_id=subscriber_id)
    assert read([SECRET], sign(SECRET, wanted)) == wanted


def test_a_token_can_stand_in_a_link_and_is_short() -> None:
    token = sign(SECRET, ANN)
    assert re.fullmatch(r"1[A-Za-z0-9_-]+", token)
    assert len(token) < 130


def test_nobody_else_can_read_it() -> None:
    token = sign(SECRET, ANN)
    assert "ann" not in token
    assert "example" not in repr(ANN)
    assert read(["another secret"], token) is None


def test_the_same_person_has_the_same_token_and_others_have_others() -> None:
    others = [
        Unsubscription(site="other", recipient=ANN.recipient, subscriber_id=ANN.subscriber_id),
        Unsubscription(site=ANN.site, recipient="e" * 32, subscriber_id=ANN.subscriber_id),
        Unsubscription(site=ANN.site, recipient=ANN.recipient),
    ]
    assert sign(SECRET, ANN) == sign(SECRET, ANN)
    assert len({sign(SECRET, each) for each in [ANN, *others]}) == 4


def test_an_old_secret_is_read_while_secrets_change() -> None:
    assert read(["new", SECRET], sign(SECRET, ANN)) == ANN
    assert read(["new"], sign(SECRET, ANN)) is None
    assert read([], sign(SECRET, ANN)) is None


@given(place=st.integers(min_value=0), letter=st.sampled_from("ABCabc019-_=. /\n"))
def test_a_token_with_another_letter_is_nobodys(place: int, letter: str) -> None:
    token = sign(SECRET, ANN)
    place %= len(token)
    changed = token[:place] + letter + token[place + 1 :]
    assert changed == token or read([SECRET], changed) is None


@given(st.text())
def test_any_other_text_is_nobodys(text: str) -> None:
    assert read([SECRET], text) is None
    assert read([SECRET], "1" + text) is None


@pytest.mark.parametrize("more", ["=", "==", "\n", " ", "A", "AAAA"])
def test_a_token_has_one_spelling(more: str) -> None:
    assert read([SECRET], sign(SECRET, ANN) + more) is None


def test_a_token_of_any_length_is_refused_at_once() -> None:
    assert read([SECRET], "1" + "A" * 10_000_000) is None


def test_a_token_made_today_is_read_for_ever() -> None:
    made = sign("the secret of then", Unsubscription(site="s", recipient="r", subscriber_id="i"))
    assert made == "1QNEMbMvy2U3NR2ouoF-i3c80iDxwJAT9srhYKlI"
