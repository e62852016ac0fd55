"""Loads plugins, one transaction each: all that a plugin brings is registered, or nothing of it."""

from __future__ import annotations

import importlib
import os
import sys
import time
import traceback
from collections import Counter
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from modaxfer.hooks import HookSpecs
from modaxfer.registry.hook_checks import check_hooks
from modaxfer.registry.records import BUILTIN, KINDS, Entry, Kind, LoadError, PluginRecord, Stage, State
from modaxfer.registry.spec_checks import check_specs
from modaxfer.registry.spec_keywords import told_of_keywords
from modaxfer.registry.stopwatch import undisturbed
from modaxfer.registry.watch import Watch
from modaxfer.spec import API_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

__all__ = ["HEAVY", "SLOW_MS", "hook_manager", "load_plugin"]

HEAVY = ("torch", "transformers", "datasets", "numpy")
"""Libraries that a plugin's light module must not import."""

SLOW_MS = 250.0
"""A plugin's module may take 50 ms to import; it is called slow from here on, since disks and machines differ."""

_NOT_PLUGINS = (f"{Path(__file__).parents[1]}{os.sep}", f"{Path(importlib.__file__).parent}{os.sep}", "<frozen")
"""Where the files of this framework and of the import machinery lie."""


def hook_manager() -> pluggy.PluginManager:
    """Return a plugin manager that knows the hooks and no plugin."""
    manager = pluggy.PluginManager("modaxfer")
    manager.add_hookspecs(HookSpecs)
    return manager


def load_plugin(found: PluginRecord, manager: pluggy.PluginManager) -> tuple[PluginRecord, tuple[Entry, ...]]:
    """Import the plugin, check all it brings, and only then register it with `manager`.

    Everything up to the last step happens in a manager of its own, so there is nothing to take back when it fails.
    A plugin's prints go to stderr; stdout belongs to the command that runs.

    Returns:
        Its record, with state, stage and error, and its entries (none unless it is loaded).
    """
    if found.state is not State.INSTALLED:
        return found, ()
    started = time.perf_counter()
    try:
        with nullcontext() if found.namespace == BUILTIN else Watch(found), redirect_stdout(sys.stderr):
            with _at(Stage.IMPORT):
                module, notices = _import(found.module)
            with _at(Stage.API):
                _check_api(module)
            with _at(Stage.HOOKS):
                own = _own_hooks(module)
            with _at(Stage.SPECS):
                entries, slow = _timed_entries(found.namespace, own)
            with _at(Stage.REGISTER):
                _register(module, found.namespace, manager)
    except LoadError as error:
        return replace(found, state=error.state, stage=error.stage, error=str(error)), ()
    loaded = replace(
        found,
        state=State.LOADED,
        stage=Stage.REGISTER,
        # What this framework itself takes, nobody can mend who reads it.
        notices=notices + slow if found.namespace != BUILTIN else (),
        api=API_VERSION,
        kinds=tuple(kind for kind in KINDS if any(entry.kind == kind for entry in entries)),
        milliseconds=round((time.perf_counter() - started) * 1000, 1),
    )
    return loaded, entries


@contextmanager
def _at(stage: Stage) -> Iterator[None]:
    """Turn whatever goes wrong inside, even an exit, but not Ctrl-C, into a `LoadError` of this stage."""
    try:
        yield
    except LoadError as error:
        raise LoadError(str(error), error.state, stage) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        told = told_of_keywords(error) or f"{type(error).__name__}: {error}"
        raise LoadError(f"{told}{_place(error)}", stage=stage) from error


def _place(error: BaseException) -> str:
    """Return where in the plugin's code things went wrong; empty where they did outside it."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith(_NOT_PLUGINS):
            return f" ({Path(frame.filename).name}, line {frame.lineno})"
    return ""


def _import(name: str) -> tuple[ModuleType, tuple[str, ...]]:
    absent = [library for library in HEAVY if library not in sys.modules]
    start = undisturbed()
    module = importlib.import_module(name)
    elapsed = undisturbed() - start
    notices = []
    if elapsed > SLOW_MS:
        notices.append(f"its module {name} is slow: {elapsed:.0f} ms to import, allowed are 50 ms")
    if heavy := [library for library in absent if library in sys.modules]:
        notices.append(f"its module {name} imports {', '.join(heavy)}; name code by a target string instead")
    return module, tuple(notices)


def _check_api(module: ModuleType) -> None:
    stated = getattr(module, "MODAXFER_API", None)
    if stated is None:
        raise LoadError(f"{module.__name__} does not state its interface; add MODAXFER_API = {API_VERSION}")
    if not isinstance(stated, int) or isinstance(stated, bool):
        raise LoadError(f"MODAXFER_API is {stated!r}, expected a whole number; write MODAXFER_API = {API_VERSION}")
    if stated != API_VERSION:
        raise LoadError(
            f"it speaks MODAXFER_API = {stated!r}, this modaxfer speaks {API_VERSION}; install a release that fits",
            State.INCOMPATIBLE,
        )


def _own_hooks(module: ModuleType) -> pluggy.PluginManager:
    """Register `module` alone, so that pluggy checks its signatures."""
    check_hooks(module)
    manager = hook_manager()
    try:
        manager.register(module)
    except pluggy.PluginValidationError as error:
        raise LoadError(str(error)) from error
    return manager


def _timed_entries(namespace: str, own: pluggy.PluginManager) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """Return what the hooks bring, and a notice where they take long."""
    start = undisturbed()
    entries = _entries(namespace, own)
    elapsed = undisturbed() - start
    if elapsed <= SLOW_MS:
        return entries, ()
    return entries, (f"its hooks are slow: {elapsed:.0f} ms; specs are data, what takes long belongs behind a target",)


def _entries(namespace: str, own: pluggy.PluginManager) -> tuple[Entry, ...]:
    return tuple(
        Entry(kind=kind.name, plugin=namespace, spec=spec) for kind in KINDS.values() for spec in _specs(kind, own)
    )


def _specs(kind: Kind, own: pluggy.PluginManager) -> list[Any]:
    # Called one by one, since pluggy's own call would drop a None: a forgotten `return` must not pass.
    implementations = getattr(own.hook, kind.hook).get_hookimpls()
    specs = [spec for hook in implementations for spec in check_specs(kind, hook.function())]
    twice = [name for name, count in Counter(spec.name for spec in specs).items() if count > 1]
    if twice:
        raise LoadError(f"{kind.hook}() returned {kind.name} {twice[0]!r} more than once")
    return specs


def _register(module: ModuleType, namespace: str, manager: pluggy.PluginManager) -> None:
    if (other := manager.get_name(module)) is not None:
        raise LoadError(f"module {module.__name__} is already the plugin {other!r}; a module has one namespace")
    manager.register(module, name=namespace)
