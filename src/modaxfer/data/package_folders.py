"""Folders inside installed packages."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from modaxfer.errors import PluginError

__all__ = ["folder_of"]


def folder_of(name: str, distribution: str) -> Path:
    """Return the folder that ``package/folder`` names, in a wheel or where it is edited; the package is not imported.

    Raises:
        PluginError: There is no such package or folder, the package is no folder on disk, or `name` leaves it.
    """
    package, _, inside = name.partition("/")
    spec = find_spec(package) if package.isidentifier() else None
    homes = [Path(home) for home in (spec.submodule_search_locations or () if spec is not None else ())]
    if not homes:
        raise _refused(name, distribution, f"no package {package!r}", "begin it with the name of a package of yours")
    for home in homes:
        found = Path(os.path.realpath(home / inside))
        if not found.is_relative_to(os.path.realpath(home)):
            raise _refused(name, distribution, f"{found}, outside the package", "name a folder inside it")
        if found.is_dir():
            return found
    raise _refused(
        name,
        distribution,
        f"no folder {homes[0] / inside}",
        "put it into the package, and have the build backend include its files in the wheel",
    )


def _refused(name: str, distribution: str, got: str, fix: str) -> PluginError:
    return PluginError(
        f"distribution {distribution} has no data folder {name!r}",
        got=got,
        allowed="package/folder, both installed as plain files",
        fix=fix,
    )
