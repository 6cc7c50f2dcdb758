"""YAML text becomes data whose every key knows its line, with the environment filled in."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.yaml_source import Source, read_yaml


def read(text: str, **environment: str) -> Source:
    return read_yaml(text, name="pipeline.yaml", environment=environment)


def test_every_key_knows_its_line() -> None:
    source = read("a: 1\nb:\n  - x: 2\n    y: 3\n")
    assert source.at(("b", 0, "y")) == "pipeline.yaml:4"
    assert source.at(("b", 0, "y", "deeper")) == "pipeline.yaml:4"


def test_a_variable_is_taken_from_the_environment() -> None:
    assert read("key: ${KEY}-${OTHER:-else}", KEY="k").data == {"key": "k-else"}


def test_an_empty_variable_counts_as_set() -> None:
    assert read("key: ${KEY:-else}", KEY="").data == {"key": ""}


def test_all_unset_variables_are_named_with_their_lines() -> None:
    with pytest.raises(ConfigError) as caught:
        read("a: ${ONE}\nb:\n  c: ${TWO}\n")
    first, second = str(caught.value).splitlines()
    assert first.startswith("pipeline.yaml:1: a: the environment variable ONE is not set")
    assert second.startswith("pipeline.yaml:3: b.c: the environment variable TWO is not set")


def test_what_the_environment_holds_is_never_yaml() -> None:
    assert read("key: ${KEY}", KEY="{evil: [1]}").data == {"key": "{evil: [1]}"}


def test_a_key_that_stands_twice_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"pipeline.yaml:2: the key 'a' stands here twice"):
        read("a: 1\na: 2\n")


def test_an_anchor_may_be_merged_and_overridden() -> None:
    source = read("base: &base {a: 1, b: 2}\nmine:\n  <<: *base\n  b: 3\n")
    assert source.data["mine"] == {"a": 1, "b": 3}


def test_text_that_is_no_yaml_is_an_error_with_its_line() -> None:
    with pytest.raises(ConfigError, match=r"pipeline.yaml:2: this is not YAML"):
        read("a: 1\n  b: [\n")


def test_aliases_that_multiply_are_refused() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for before, name in zip("abcde", "bcdef", strict=True):
        bomb += f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    with pytest.raises(ConfigError, match="aliases that repeat"):
        read(bomb)


def test_an_alias_of_itself_is_refused() -> None:
    with pytest.raises(ConfigError):
        read("a: &a [*a]\n")


@given(st.text(max_size=200))
def test_any_text_is_data_or_a_config_error(text: str) -> None:
    with suppress(ConfigError):
        read(text)
