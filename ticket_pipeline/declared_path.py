"""A path that a pipeline declares: relative ones are relative to its file."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

#: The key under which whoever validates hands on the folder of the file.
FOLDER = "folder"


def _beside_the_file(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get(FOLDER)
    return path if folder is None else folder / path


DeclaredPath = Annotated[Path, AfterValidator(_beside_the_file)]
