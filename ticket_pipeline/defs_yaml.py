"""A `defs.yaml` of a Dagster project -> what its components of ours say, templates filled in; needs no Dagster."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError, Undefined
from jinja2.nativetypes import NativeEnvironment, NativeTemplate
from jinja2.sandbox import SandboxedEnvironment

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.yaml_source import VARIABLE, Source, read_documents
from ticket_pipeline.yaml_source import Path as Place

#: What a component of ours is called as a `type`, and the module it is in, which is another name for it.
TYPE = "ticket_pipeline.WixTickets"
_TYPES = frozenset({TYPE, "ticket_pipeline.orchestration.component.WixTickets"})
_NAMES = ("defs.yaml", "defs.yml", "component.yaml")
_NOTHING = object()


def is_defs(path: Path) -> bool:
    """Tell whether a path is a `defs.yaml`, or a folder of them, and not a `pipeline.yaml`."""
    return path.name in _NAMES or path.is_dir()


def read_components(path: Path) -> list[Source]:
    """Read the attributes of every component of ours in a file, or in a folder and below it; templates stay.

    Raises:
        ConfigError: a file cannot be read, or there is no component of ours.
    """
    found = [each for file in _files(path) for each in _components(file)]
    if not found:
        raise ConfigError(f"{path}: there is no component of the type {TYPE} in it")
    return found


def project_root(path: Path) -> Path:
    """Find the Dagster project a file is in, by which its relative paths go; its own folder, if it is in none."""
    start = path.resolve()
    above = (start, *start.parents)
    roots = (each for each in above if (each / "dg.toml").is_file() or (each / "pyproject.toml").is_file())
    return next(roots, start if start.is_dir() else start.parent)


def fill(source: Source, scope: Mapping[str, Any], environment: Mapping[str, str]) -> Source:
    """Fill in the templates of a component's attributes: `{{ env.NAME }}`, and whatever else the scope knows.

    What comes of a template is a text, as it is, or a value that is none; Dagster would make a number of a key that
    has only digits.

    Raises:
        ConfigError: naming every template that cannot be filled in, with its line.
    """
    filled = replace(source, spelled=dict(source.spelled), problems=[])
    filled.data = _filled(source.data, (), filled, {**scope, "env": _Environment(environment)})
    if filled.problems:
        raise ConfigError("\n".join(filled.problems))
    return filled


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(each for name in _NAMES for each in path.rglob(name) if not _hidden(each.relative_to(path)))


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _components(path: Path) -> Iterator[Source]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    for document in read_documents(text, name=str(path)):
        if isinstance(document.data, dict) and document.data.get("type") in _TYPES:
            yield _attributes(document)


def _attributes(document: Source) -> Source:
    """Give what is under `attributes`, with its lines."""
    within = ((path[1:], line) for path, line in document.lines.items() if path[:1] == ("attributes",))
    return Source(name=document.name, data=document.data.get("attributes"), lines=dict(within))


def _filled(value: Any, path: Place, source: Source, scope: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        return {key: _filled(child, (*path, key), source, scope) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(child, (*path, index), source, scope) for index, child in enumerate(value)]
    if not isinstance(value, str):
        return value
    if variable := VARIABLE.search(value):
        name = variable["name"]
        _complain(source, path, f"${{{name}}} is how a pipeline.yaml says it; here it is {{{{ env.{name} }}}}")
    return _rendered(value, path, source, scope) if "{{" in value or "{%" in value else value


def _rendered(text: str, path: Place, source: Source, scope: Mapping[str, Any]) -> Any:
    source.spelled[path] = text
    try:
        return _JINJA.from_string(text, template_class=_Template).render(scope)
    except (TemplateError, ConfigError) as error:
        _complain(source, path, f"{text.strip()}: {error}")
    except Exception as error:  # noqa: BLE001 - whatever a template of theirs raises, it is their template's line
        _complain(source, path, f"{text.strip()}: {type(error).__name__}: {error}")
    return None


def _complain(source: Source, path: Place, problem: str) -> None:
    source.problems.append(f"{source.at(path)}: {'.'.join(map(str, path))}: {problem}")


class _Environment:
    """The environment as templates see it: `env.NAME`, or `env('NAME', 'default')`."""

    #: Jinja asks this of what is called.
    unsafe_callable = alters_data = False

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def __call__(self, name: str, default: Any = _NOTHING) -> Any:
        value = self._variables.get(name, default)
        if value is _NOTHING:
            raise ConfigError(
                f"the environment variable {name} is not set; set it, or give a default with env('{name}', '…')"
            )
        return value

    def __getattr__(self, name: str) -> Any:
        # Jinja asks every value for what it must not have.
        if name.startswith(("jinja", "_")):
            raise AttributeError(name)
        return self(name)


def _joined(values: Iterable[Any]) -> Any:
    """Give the only value as it is, where it is no text, or else all as one text."""
    parts = list(values)
    if len(parts) == 1 and not isinstance(parts[0], str | Undefined):
        return parts[0]
    return "".join(map(str, parts))


class _Jinja(SandboxedEnvironment, NativeEnvironment):
    concat = staticmethod(_joined)


class _Template(NativeTemplate):
    environment_class = _Jinja


_JINJA = _Jinja(undefined=StrictUndefined, keep_trailing_newline=True)
