"""The people whom the packaged sandbox pipeline tells of sale starts: put where it looks for them, once."""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from ticket_pipeline.errors import ConfigError

#: As `sandbox_pipeline.yaml` declares it, beside the rest of what the pipeline keeps.
SUBSCRIBERS = Path(".ticket-pipeline") / "subscribers.csv"


def put_subscribers(folder: Path, packaged: bytes) -> None:
    """Put the packaged file there, whole, unless there is one: unsubscriptions are written into it.

    Raises:
        ConfigError: the folder cannot be written.
    """
    path = folder / SUBSCRIBERS
    if path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=".subscribers-") as half:
            half.write(packaged)
            half.flush()
            # Unlike a rename, this leaves alone what another process put there meanwhile.
            with suppress(FileExistsError):
                os.link(half.name, path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror}); go to a folder of yours") from error
