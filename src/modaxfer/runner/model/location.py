"""Where the model of a run lies; told before anything heavy is imported, since most mistakes are a wrong folder."""

from __future__ import annotations

from pathlib import Path

from modaxfer.errors import DataError
from modaxfer.result import require_folder

__all__ = ["DESCRIPTION", "description_of"]

DESCRIPTION = "model.json"


def description_of(run: Path) -> Path:
    """Return the path of the file that describes the model of `run`.

    Raises:
        DataError: There is no such folder, or no model in it.
    """
    require_folder(run)
    path = run / "model" / DESCRIPTION
    if not path.is_file():
        fix = "name a folder that `modaxfer train` wrote"
        if (run / "tasks").is_dir():
            fix = f"name one of its tasks: {', '.join(sorted(str(task) for task in (run / 'tasks').iterdir()))}"
        raise DataError("no trained model here", file=run, fix=fix)
    return path
