"""The comparison's folder: what it was asked for lies in compare.yaml, and nothing else is put into it."""

from __future__ import annotations

from pathlib import Path

from modaxfer.config import read_yaml
from modaxfer.errors import ConfigError, OutputExistsError
from modaxfer.result import write_atomically
from modaxfer.runner.claims.hold import LOCK
from modaxfer.runner.compare.grid import Grid, changes_of, read_grid

__all__ = ["REQUEST", "claim", "folder_of", "stored_grid"]

REQUEST = "compare.yaml"


def folder_of(grid: Grid) -> Path:
    """Return the folder that `grid` names, or is named after."""
    return Path(grid.settings.output) if grid.settings.output else grid.default_folder()


def claim(grid: Grid) -> Path:
    """Return the folder of `grid`, new or holding the same comparison, which is then resumed.

    Raises:
        ConfigError: The folder holds another comparison; says what differs.
        OutputExistsError: The folder is something else.
    """
    folder = folder_of(grid)
    if (folder / REQUEST).is_file():
        changes = changes_of(grid, stored_grid(folder))
        if changes:
            raise ConfigError(
                "the output folder holds another comparison",
                got="; ".join(changes),
                fix="choose another --output, or ask for the same: "
                f"`modaxfer compare --resume --output {folder}` resumes what is there",
            )
        return folder
    if folder.exists() and (not folder.is_dir() or any(path.name != LOCK for path in folder.iterdir())):
        raise OutputExistsError(
            "the output folder is not empty and holds no comparison", got=folder, fix="choose another --output"
        )
    import yaml

    text = yaml.safe_dump(grid.to_dict(), sort_keys=False, allow_unicode=True)
    write_atomically(folder / REQUEST, str(text))
    return folder


def stored_grid(folder: Path) -> Grid:
    """Return what the comparison in `folder` was asked for.

    Raises:
        ConfigError: There is none.
    """
    if not (folder / REQUEST).is_file():
        raise ConfigError(
            "there is no comparison here", got=folder, fix="name a folder that `modaxfer compare` wrote with --output"
        )
    return read_grid({**read_yaml(folder / REQUEST), "output": str(folder)})
