"""A module's name is its kind: list the kinds of a package, load one, check its settings.

There is no registry. A package such as `destinations` holds one module per kind; `base` and modules whose name
starts with an underscore are no kinds.
"""

import difflib
import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ticket_pipeline.errors import ConfigError


def kinds(package: ModuleType) -> list[str]:
    """List the kinds a package offers, in alphabetical order."""
    names = (module.name for module in pkgutil.iter_modules(package.__path__))
    return sorted(name for name in names if name != "base" and not name.startswith("_"))


def load(package: ModuleType, kind: str) -> ModuleType:
    """Import the module of one kind.

    Raises:
        ConfigError: the package has no such kind; the message says which it has.
    """
    allowed = kinds(package)
    if kind not in allowed:
        raise ConfigError(f"{_name(package)}: {_unknown('kind', kind, allowed)}")
    return importlib.import_module(f"{package.__name__}.{kind}")


def settings(module: ModuleType, raw: Mapping[str, Any]) -> BaseModel:
    """Check the settings of one kind with its module's `Config`; the key `kind` itself is no setting.

    Raises:
        ConfigError: a setting is unknown, missing or unfit; all of them are named, no value is shown.
    """
    model: type[BaseModel] = module.Config
    try:
        return model.model_validate({name: value for name, value in raw.items() if name != "kind"})
    except ValidationError as error:
        allowed = _allowed(model)
        found = error.errors(include_url=False, include_input=False)
        sentences = [f"{_name(module)}: {_sentence(detail, allowed)}" for detail in found]
        raise ConfigError("\n".join(sentences)) from None


def _sentence(detail: ErrorDetails, allowed: list[str]) -> str:
    where = ".".join(str(step) for step in detail["loc"])
    if detail["type"] == "extra_forbidden" and len(detail["loc"]) == 1:
        return _unknown("setting", where, allowed)
    if detail["type"] == "missing":
        return f"setting {where!r} is missing"
    return f"setting {where!r}: {detail['msg']}" if where else detail["msg"]


def _allowed(model: type[BaseModel]) -> list[str]:
    return sorted(field.alias or name for name, field in model.model_fields.items())


def _unknown(what: str, word: object, allowed: Iterable[str]) -> str:
    words = list(allowed)
    near = difflib.get_close_matches(str(word), words, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ";"
    return f"unknown {what} {str(word)!r}{hint} allowed: {', '.join(words)}"


def _name(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]
