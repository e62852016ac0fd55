"""Targets: code named by ``"package.module:Attribute"``, imported at first use."""

from __future__ import annotations

import importlib
import re
import sys
from difflib import get_close_matches
from functools import reduce
from importlib.metadata import PackageNotFoundError, requires
from typing import TYPE_CHECKING, Any

from modaxfer.errors import MissingPackageError, ModaxferError, PluginError
from modaxfer.registry.records import KINDS, Entry
from modaxfer.registry.register import registry
from modaxfer.registry.spec_checks import TARGET

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["load_target"]

_DISTRIBUTIONS = {
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
}
"""Distributions that are not called as what they install."""

_OPTIONAL = re.compile(r"(?P<package>[\w.-]+).*\bextra\s*==\s*['\"](?P<extra>[^'\"]+)")
"""A requirement in metadata that belongs to an extra: ``matplotlib>=3.9; extra == 'plots'``."""


def load_target(target: str) -> Any:
    """Import what ``"package.module:Attribute"`` names.

    Raises:
        MissingPackageError: The module needs a package that is not installed.
        PluginError: The module or the attribute does not exist, or the import failed; names the id and the module.
    """
    if not TARGET.fullmatch(target):
        raise PluginError("not a target", got=target, allowed="package.module:Attribute")
    module_name, _, path = target.partition(":")
    module = _import(module_name, target)
    try:
        return reduce(getattr, path.split("."), module)
    except AttributeError:
        close = get_close_matches(path, dir(module), n=1)
        fix = f"did its author mean {close[0]}? " if close else ""
        raise PluginError(
            f"{_owner(target)}: module {module_name} has no attribute {path!r}",
            got=target,
            fix=f"{fix}Report it to the plugin's author",
        ) from None


def _import(module: str, target: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ModaxferError:
        raise
    except Exception as error:
        package = _absent_package(error, module)
        if package:
            raise MissingPackageError(package, f"{_owner(target)} ({module})", _install(package, target)) from error
        what = f"{_owner(target)}: module {module} cannot be imported"
        raise PluginError(what, got=f"{type(error).__name__}: {error}") from error


def _absent_package(error: Exception, module: str) -> str | None:
    """Return the package that is not installed, where that is why `module` could not be imported."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    package = error.name.partition(".")[0]
    return None if package == module.partition(".")[0] or package in sys.modules else package


def _owner(target: str) -> str:
    """Return the kind and id of what names `target`; the target itself where nothing registered does."""
    owner = _entry(target)
    return f"{owner.kind} {owner.id}" if owner else target


def _entry(target: str) -> Entry | None:
    entries = (entry for kind in KINDS for entry in registry().all(kind))
    # The text of a spec holds every target in it, those of a task's sources too.
    return next((entry for entry in entries if repr(target) in repr(entry.spec)), None)


def _install(package: str, target: str) -> str:
    """Return the install line: the extra of the plugin that brings `package`, else the package itself."""
    owner, wanted = _entry(target), _DISTRIBUTIONS.get(package, package)
    for record in registry().plugins:
        if owner and record.namespace == owner.plugin and (extra := _extra(record.distribution, wanted)):
            return f"pip install '{record.distribution}[{extra}]'"
    return f"pip install {wanted}"


def _extra(distribution: str, package: str) -> str | None:
    """Return the extra with which `distribution` asks for `package`."""
    try:
        found = [_OPTIONAL.match(requirement) for requirement in requires(distribution) or ()]
    except PackageNotFoundError:
        return None
    return next((match["extra"] for match in found if match and _normal(match["package"]) == _normal(package)), None)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
