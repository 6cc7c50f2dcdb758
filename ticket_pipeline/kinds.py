"""A module's name is its kind: list the kinds of a package, load one.

There is no registry. A package such as `destinations` holds one module per kind; `base` and modules whose name
starts with an underscore are no kinds. Their settings are checked where the pipeline is read (`config`).
"""

import importlib
import pkgutil
from types import ModuleType

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.words import unknown


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
        name = package.__name__.rpartition(".")[2]
        raise ConfigError(f"{name}: {unknown('kind', kind, allowed)}")
    return importlib.import_module(f"{package.__name__}.{kind}")
