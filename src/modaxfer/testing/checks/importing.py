"""Level 1: a plugin's light module costs little, and does nothing but describe."""

from __future__ import annotations

import sys
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from modaxfer.public_names import private_imports
from modaxfer.registry import BUILTIN, State
from modaxfer.registry.loader import SLOW_MS
from modaxfer.testing.check import PLUGIN, Level, check, fail, skip
from modaxfer.testing.checks.observed import Observed, observed, timed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modaxfer.testing.subject import Subject

__all__ = ["BUDGET", "CHECKS"]

BUDGET = 50.0
"""Milliseconds of the processor's time that a light module may take, its hooks included."""

_PROCESSES = 5
_FRAMEWORK = frozenset({"modaxfer", "pluggy"})
_LATER = "name code by a target string, and import what it needs in its module, which is imported at first use"


@check(Level.IMPORT, PLUGIN)
def loads(subject: Subject) -> None:
    """It is loaded: its module is imported, its hooks are known ones, what they return are specs."""
    plugin = subject.plugin
    if plugin.state is not State.LOADED:
        where = f"it is {plugin.state} at the stage {plugin.stage}"
        fail(where, got=plugin.error or f"MODAXFER_PLUGINS leaves {plugin.namespace} out", fix="mend what is named")
    if error := observed(plugin.module).error:
        fail("it is loaded here, and not in a process of its own", got=error, fix="import what its module needs there")


@check(Level.IMPORT, PLUGIN)
def imports_nothing_heavy(subject: Subject) -> None:
    """Its module imports the standard library, modaxfer.spec, modaxfer.hookimpl and light modules of its own only."""
    found = {name for name in _seen(subject).modules if _is_foreign(name, subject.plugin.module)}
    own = _own_packages(subject.plugin.distribution) if found else frozenset()
    if foreign := sorted({_called(name) for name in found if name.partition(".")[0] not in own}):
        fail(
            f"the light module {subject.plugin.module} imports more than it may",
            got=foreign,
            allowed="the standard library, modaxfer.hookimpl, modaxfer.spec and light modules of the plugin",
            fix=_LATER,
        )


@check(Level.IMPORT, PLUGIN)
def is_quick_to_import(subject: Subject) -> None:
    """Its module and its hooks take at most 50 ms of the processor's time, and 250 ms by the clock."""
    if _is_quick([_seen(subject)]):
        return
    module, seen = subject.plugin.module, timed(subject.plugin.module, _PROCESSES)
    if not _is_quick(seen):
        worked, elapsed = (_median(seen, name) for name in ("processor", "milliseconds"))
        fail(
            f"the light module {module} is slow to import",
            got=f"{worked:.0f} ms of the processor's time, {elapsed:.0f} ms by the clock, medians of {len(seen)} tries",
            allowed=f"{BUDGET:g} ms, and {SLOW_MS:g} ms by the clock, which a busy machine makes longer",
            fix=f"{_LATER}; `python -X importtime -c 'import {module}'` shows what takes long",
        )


@check(Level.IMPORT, PLUGIN)
def opens_no_socket(subject: Subject) -> None:
    """Importing it asks nothing of the network."""
    _require_none(_seen(subject).sockets, "the light module opens sockets", "fetch what is needed when it is used")


@check(Level.IMPORT, PLUGIN)
def writes_no_file(subject: Subject) -> None:
    """Importing it writes, moves and removes no file."""
    _require_none(_seen(subject).files, "the light module writes", "write at first use, below the user's cache")


@check(Level.IMPORT, PLUGIN)
def starts_no_process(subject: Subject) -> None:
    """Importing it starts no other program."""
    _require_none(_seen(subject).processes, "the light module starts processes", "start them when they are needed")


@check(Level.IMPORT, PLUGIN)
def leaves_the_process_alone(subject: Subject) -> None:
    """Importing it prints nothing, and leaves environment variables, current folder and threads as they were."""
    _require_none(_seen(subject).left, "the light module changes the process", "do nothing at the top of a module")


@check(Level.IMPORT, PLUGIN)
def uses_public_names_alone(subject: Subject) -> None:
    """No module of its package imports anything of modaxfer that is not public, or names it by a string."""
    if subject.plugin.namespace == BUILTIN:
        skip("what is not public is the framework's own")
    found = [f"{file.name}: {line}" for file in _own_files(subject.plugin.module) for line in _private(file)]
    if found:
        fail(
            "it uses what is not public of modaxfer, and may change in any version",
            got=found,
            allowed="names that docs/reference/public-names.md lists",
            fix="import them from the module that lists them, or ask for what you need to be made public",
        )


def _private(file: Path) -> list[str]:
    try:
        return private_imports(file.read_bytes())
    except SyntaxError as error:
        fail(f"{file.name} is no Python", got=f"{file}: {error}", fix="correct it, or give it another ending")


def _own_files(module: str) -> list[Path]:
    """Return the Python files of the package that a module belongs to, or its own where there is none."""
    spec = find_spec(module.partition(".")[0])
    folders = [] if spec is None else spec.submodule_search_locations or []
    alone = [Path(spec.origin)] if spec and spec.origin and not folders else []
    return alone + sorted(file for folder in folders for file in Path(folder).rglob("*.py"))


def _seen(subject: Subject) -> Observed:
    seen = observed(subject.plugin.module)
    if seen.error:
        skip("its module cannot be imported by itself, see plugin-loads")
    return seen


def _is_quick(seen: Sequence[Observed]) -> bool:
    return _median(seen, "processor") <= BUDGET and _median(seen, "milliseconds") <= SLOW_MS


def _median(seen: Sequence[Observed], name: str) -> float:
    return float(median(getattr(one, name) for one in seen))


def _is_foreign(name: str, module: str) -> bool:
    """Return whether a module is neither the standard library's, nor light, nor of the plugin's own package."""
    package, own = name.partition(".")[0], module.partition(".")[0]
    if package in sys.stdlib_module_names or package.startswith(("_", "encodings")):
        return False
    if own == BUILTIN:
        return package not in _FRAMEWORK or (package == BUILTIN and not name.startswith("modaxfer.registry"))
    # What is light of the framework has been imported before.
    return package != own


def _called(name: str) -> str:
    """Return a module of the framework by its full name, any other by its package."""
    return name if name.startswith(f"{BUILTIN}.") else name.partition(".")[0]


def _own_packages(distribution: str) -> frozenset[str]:
    return frozenset(package for package, owners in packages_distributions().items() if distribution in owners)


def _require_none(found: tuple[str, ...], what: str, fix: str) -> None:
    if found:
        fail(what, got=found, allowed="nothing of the kind while it is imported and its hooks are called", fix=fix)


CHECKS = (
    loads,
    imports_nothing_heavy,
    is_quick_to_import,
    opens_no_socket,
    writes_no_file,
    starts_no_process,
    leaves_the_process_alone,
    uses_public_names_alone,
)
