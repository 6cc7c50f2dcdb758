"""Where Dagster keeps what it remembers, and an instance opened on it."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from filelock import FileLock
from sqlalchemy.exc import SQLAlchemyError

from ticket_pipeline.errors import ConfigError, TransientError

HOME_VARIABLE = "DAGSTER_HOME"
_FILE = "dagster.yaml"
_DEFAULT_STATE = Path(".ticket-pipeline")
_SQLITE = "sqlite:///"
#: Output is not captured where a terminal is ours: capturing would put a file in the terminal's place.
_NO_CAPTURE = {
    "compute_logs": {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}
}
_HEADER = "# Written once from the defaults of ticket_pipeline; yours to change from then on.\n"


def dagster_home(state: str, environment: Mapping[str, str], *, folder: Path | None = None) -> Path:
    """Find Dagster's home: `$DAGSTER_HOME`, this folder with its `dagster.yaml`, or a folder beside the state.

    In the last case the default `dagster.yaml` is written there when it is missing, its paths made absolute.

    Raises:
        ConfigError: the folder cannot be written.
    """
    folder = (folder or Path.cwd()).absolute()
    named = environment.get(HOME_VARIABLE)
    if named:
        return _made(Path(named).expanduser().absolute())
    if (folder / _FILE).is_file():
        return folder
    home = _made(_beside(state, folder))
    if not (home / _FILE).is_file():
        _write_defaults(home)
    return home


@contextmanager
def initialised_instance(home: Path, *, capture_output: bool = False) -> Iterator[dg.DagsterInstance]:
    """Open the instance whose tables exist; only one process at a time makes them.

    Raises:
        ConfigError: the home's `dagster.yaml` is not valid, or the storage cannot be opened.
    """
    overrides: Any = {} if capture_output else _NO_CAPTURE
    with _alone_in(home):
        try:
            instance = dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home), overrides=overrides))
            _make_whole(instance)
        except (dg.DagsterError, OSError) as error:
            raise ConfigError(f"{home / _FILE}: Dagster cannot start from it: {error}") from error
        except SQLAlchemyError as error:
            told = str(getattr(error, "orig", error))
            raise TransientError(f"{home}: Dagster's storage cannot be opened: {told}; is there room?") from error
    with instance:
        yield instance


def workspace_file() -> Path:
    """Find `workspace.yaml`: inside the package once installed, beside it in a checkout."""
    return _shipped("workspace.yaml")


def _alone_in(home: Path) -> AbstractContextManager[object]:
    """Keep other processes out; a home that cannot be written, as in a container, has its storage elsewhere."""
    return FileLock(home / ".ticket-pipeline.lock") if os.access(home, os.W_OK) else nullcontext()


def _make_whole(instance: dg.DagsterInstance) -> None:
    """Have all tables made; what a process that was killed at it left half made, Dagster's own migration completes."""
    try:
        _touch(instance)
    except (dg.DagsterError, SQLAlchemyError):
        instance.upgrade()
        _touch(instance)


def _touch(instance: dg.DagsterInstance) -> None:
    """Ask every storage something, for each makes its tables when first asked."""
    instance.get_runs_count()
    instance.get_dynamic_partitions("")
    instance.all_instigator_state()


def _beside(state: str, folder: Path) -> Path:
    path = state.partition("?")[0].removeprefix(_SQLITE)
    if not state.startswith(_SQLITE) or path in {"", ":memory:"}:
        return folder / _DEFAULT_STATE / "dagster"
    return (folder / path).parent / "dagster"


def _made(home: Path) -> Path:
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{home}: Dagster's home cannot be made ({error.strerror}); set ${HOME_VARIABLE}") from error
    return home


def _write_defaults(home: Path) -> None:
    text = _shipped(_FILE).read_text(encoding="utf-8")
    for folder in ("history", "storage", "logs"):
        # A JSON string is a YAML string, whatever the path is made of.
        text = text.replace(f".ticket-pipeline/dagster/{folder}", json.dumps(str(home / folder)))
    # Another process may be writing its own at this moment; whichever is put in place last, it is whole.
    fresh = home / f"{_FILE}.{os.getpid()}"
    try:
        fresh.write_text(_HEADER + text, encoding="utf-8")
        fresh.replace(home / _FILE)
    except OSError as error:
        raise ConfigError(f"{home}: cannot be written ({error.strerror}); set ${HOME_VARIABLE}") from error


def _shipped(name: str) -> Path:
    package = Path(__file__).resolve().parent.parent
    inside = package / name
    return inside if inside.is_file() else package.parent / name
