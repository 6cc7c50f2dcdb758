"""Texts of others, made fit to be shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.messages.plain import name_of, one_line, safe_link


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  Night \r\n of\tthe\u2028Songs ", "Night of the Songs"),
        ("evil\u202etxt.exe\x00\x1b[31m", "eviltxt.exe[31m"),
        ("a\ue0d1b\ud800c", "abc"),
        ("👩\u200d🎤 sings", "👩\u200d🎤 sings"),
        ("", ""),
    ],
)
def test_a_text_becomes_a_line(text: str, line: str) -> None:
    assert one_line(text, 100) == line


def test_a_long_text_is_cut_but_never_within_a_letter() -> None:
    assert one_line("abcdef", 6) == "abcdef"
    assert one_line("abcdefg", 6) == "abcde…"
    assert one_line("abcde\u0301fg", 6) == "abcd…"
    assert len(one_line("word " * 1_000_000, 280)) <= 280


@given(st.text(max_size=300), st.integers(min_value=2, max_value=50))
def test_a_line_is_a_line_whatever_it_was(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert line.splitlines() in ([line], [])
    line.encode()


@pytest.mark.parametrize("name", ["Ann", "Zoë O'Neill", "J.R. Smith", "Dr. Ünal", "王小明", "Anne-Marie (Annie)"])
def test_a_name_is_a_name(name: str) -> None:
    assert name_of(name) == name


@pytest.mark.parametrize(
    "name", [None, "", " \n ", "Win at https://evil.example", "www.evil.example", "evil.com", "ann@example.org", "a/b"]
)
def test_a_link_is_no_name(name: str | None) -> None:
    assert name_of(name) is None


@pytest.mark.parametrize(
    "link", ["https://www.example.org/a?b=1&c=%20#d", "http://127.0.0.1:8787/x", "https://bücher.example/ä"]
)
def test_a_link_of_the_web_is_kept(link: str) -> None:
    assert safe_link(link) == link


@pytest.mark.parametrize(
    "link",
    [
        None,
        "",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "//example.org",
        "/path",
        "https://",
        "https://example.org/\r\nBcc: x",
        'https://example.org/"onclick="x',
        "https://example.org/<script>",
        "https://example.org/ x",
        "https://[::1",
        "https://example.org/" + "a" * 10_000,
    ],
)
def test_anything_else_is_no_link(link: str | None) -> None:
    assert safe_link(link) is None
