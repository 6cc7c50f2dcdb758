"""YAML text -> plain data, with the line of every key and the environment filled in."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import yaml

from ticket_pipeline.errors import ConfigError

Path = tuple[str | int, ...]

#: How a `pipeline.yaml` spells a variable of the environment.
VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")
_MAX_NODES = 20_000
_MAX_DEPTH = 50


@dataclass(kw_only=True)
class Source:
    """A parsed file: its data, and where each of its keys stands."""

    name: str
    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    #: Values that came from the environment, as the file spells them, so that no message shows a secret.
    spelled: dict[Path, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def at(self, path: Path) -> str:
        """Name the place of a key, or of the nearest key above it, as `file:line`."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.name}:{self.lines.get(path, 1)}"


def read_yaml(text: str, *, name: str, environment: Mapping[str, str]) -> Source:
    """Parse one document; `${NAME}` and `${NAME:-default}` in values are taken from the environment.

    Raises:
        ConfigError: the text is no YAML, holds a key twice, or names variables that are not set (all are listed).
    """
    source = Source(name=name)
    with _explained(name):
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        source.data = _Reader(source, environment).read(node, ()) if node is not None else None
    _refuse(source)
    return source


def read_documents(text: str, *, name: str) -> list[Source]:
    """Parse every document of a file, its values as they are spelled.

    Raises:
        ConfigError: the text is no YAML, or holds a key twice.
    """
    with _explained(name):
        nodes = [node for node in yaml.compose_all(text, Loader=yaml.SafeLoader) if node is not None]
        return [_spelled_out(node, name) for node in nodes]


def _spelled_out(node: yaml.Node, name: str) -> Source:
    source = Source(name=name)
    source.data = _Reader(source, None).read(node, ())
    _refuse(source)
    return source


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{name}:{line}: this is not YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{name}: this is not YAML: {error}") from error


def _refuse(source: Source) -> None:
    if source.problems:
        raise ConfigError("\n".join(source.problems))


class _Reader:
    """Walk the nodes of one document."""

    def __init__(self, source: Source, environment: Mapping[str, str] | None) -> None:
        """Read into this source; without an environment, `${NAME}` is a text like others."""
        self._source = source
        self._environment = environment
        self._constructor = yaml.SafeLoader("")
        self._nodes = 0

    def read(self, node: yaml.Node, path: Path) -> Any:
        self._nodes += 1
        if self._nodes > _MAX_NODES or len(path) > _MAX_DEPTH:
            raise ConfigError(f"{self._source.name}: too many or too deep values; aliases that repeat themselves?")
        self._source.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(child, (*path, index)) for index, child in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        own_keys = [key.value for key, _ in node.value]
        self._constructor.flatten_mapping(node)
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if own_keys.count(key_node.value) > 1 and key in found:
                self._source.problems.append(f"{self._source.name}:{line}: the key {key!r} stands here twice")
            self._source.lines[(*path, key)] = line
            found[key] = self.read(value_node, (*path, key))
        return found

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        value = self._constructor.construct_object(node)
        if self._environment is None or not isinstance(value, str) or not VARIABLE.search(value):
            return value
        environment = self._environment
        self._source.spelled[path] = value
        return VARIABLE.sub(lambda match: self._variable(match, path, environment), value)

    def _variable(self, match: re.Match[str], path: Path, environment: Mapping[str, str]) -> str:
        name, default = match["name"], match["default"]
        value = environment.get(name, default)
        if value is None:
            where = ".".join(map(str, path))
            self._source.problems.append(
                f"{self._source.at(path)}: {where}: the environment variable {name} is not set; "
                f"set it, or give a default with ${{{name}:-…}}"
            )
            return ""
        return value
