"""Whose code something is: the plugin that brings it, its kind and id, module and line."""

from __future__ import annotations

import inspect
import re
import sys
import traceback
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from modaxfer.registry.records import BUILTIN, KINDS, Entry, PluginRecord, State
from modaxfer.registry.register import Registry, registry

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["OWN", "Blame", "blame_of", "blame_of_traceback"]

OWN = "modaxfer"
"""Package of the framework; plugins' packages have names of their own."""

_TARGETS = re.compile(r"'([A-Za-z_][\w.]*:[A-Za-z_][\w.]*)'")


@dataclass(frozen=True, kw_only=True)
class Blame:
    """Where code that failed comes from."""

    kind: str
    """``strategy``, or what a plan calls it: ``loss smooth``."""
    id: str
    """Registered id; of what a plan names, its target."""
    plugin: str = ""
    """Namespace; empty where no plugin brings it."""
    distribution: str = ""
    version: str = ""
    module: str = ""
    line: int | None = None

    @property
    def name(self) -> str:
        """What failed, for people: what nothing registered names is called as its plan calls it."""
        return self.kind if " " in self.kind and ":" in self.id else f"{self.kind} {self.id}".strip()

    @property
    def place(self) -> str:
        """Plugin, distribution, module and line, for people."""
        whose = f"plugin {self.plugin}, {f'{self.distribution} {self.version}'.strip()}: " if self.plugin else ""
        line = "" if self.line is None else f", line {self.line}"
        return f"{whose if self.plugin != BUILTIN else ''}{self.module}{line}"

    @property
    def fix(self) -> str:
        """Whom to turn to."""
        if self.plugin == BUILTIN:
            return "run it again with --debug for the traceback, and report it"
        if not self.plugin:
            return f"correct {self.module}; --debug shows the traceback"
        author = f"report it to the author of {self.distribution or self.plugin}"
        return f"{author}; --debug shows the traceback, and MODAXFER_PLUGINS leaves a plugin out"


def blame_of(target: object, kind: str = "", error: BaseException | None = None, *, at: object = None) -> Blame:
    """Return whose code `target` is.

    Args:
        target: ``"package.module:Attribute"``, an entry of the register, or the very function, class or instance.
        kind: What it is in a plan, where nothing registered names it.
        error: What it raised, whose innermost line in that code is told; None = the line where it is written.
        at: The function that is told instead, such as a method.
    """
    entry = target if isinstance(target, Entry) else _entry(target)
    text = _first_target(entry) if entry is not None else _text(target)
    module = text.partition(":")[0]
    record = _record(entry.plugin) if entry is not None else _plugin_of(module)
    place = None if error is None else _raised_in(error, record, module)
    written = at if at is not None else text if isinstance(target, Entry) else target
    return _blame(entry or text, kind, record, *(place or _written_at(written, text)))


def blame_of_traceback(error: BaseException) -> Blame | None:
    """Return the plugin whose code is in the traceback of `error`, the innermost; None where there is none."""
    frames = _frames(error)
    for frame, line in frames:
        module = str(frame.f_globals.get("__name__", ""))
        record = _plugin_of(module)
        if record is not None and record.namespace != BUILTIN:
            entry = _entry_in(frames, record)
            named = entry if entry is not None else f"{module}:{frame.f_code.co_qualname}"
            return _blame(named, "" if entry is not None else "code", record, module, line)
    return None


def _blame(named: Entry | str, kind: str, record: PluginRecord | None, module: str, line: int | None) -> Blame:
    entry = named if isinstance(named, Entry) else None
    return Blame(
        kind=entry.kind if entry is not None else kind,
        id=entry.id if entry is not None else str(named),
        plugin="" if record is None else record.namespace,
        distribution="" if record is None else record.distribution,
        version="" if record is None else record.version,
        module=module,
        line=line,
    )


def _frames(error: BaseException) -> list[tuple[FrameType, int]]:
    """Return the frames of a traceback with their lines, the innermost first."""
    return list(traceback.walk_tb(error.__traceback__))[::-1]


def _raised_in(error: BaseException, record: PluginRecord | None, module: str) -> tuple[str, int] | None:
    """Return module and line of the innermost frame that is the plugin's, or `module`'s; None = there is none."""
    for frame, line in _frames(error):
        name = str(frame.f_globals.get("__name__", ""))
        if name == module or (record is not None and record.namespace != BUILTIN and _plugin_of(name) == record):
            return name, line
    return None


def _written_at(found: Any, text: str) -> tuple[str, int | None]:
    """Return module and line of a function or class; of what has none, the module of its target."""
    if isinstance(found, str):
        text, found = found, _loaded(found)
    found = inspect.unwrap(found) if callable(found) else found
    named: Any = found if hasattr(found, "__qualname__") else type(found)
    module = str(getattr(named, "__module__", ""))
    code = getattr(getattr(named, "__func__", named), "__code__", None)
    try:
        line = code.co_firstlineno if code is not None else _line_of(named)
    except (OSError, TypeError):
        return text.partition(":")[0], None
    return module, line


@lru_cache(maxsize=256)
def _line_of(named: Any) -> int:
    """Return the line where a class is written; to find it, its whole file is read."""
    return inspect.getsourcelines(named)[1]


def _text(target: object) -> str:
    if isinstance(target, str):
        return target
    named: Any = target if hasattr(target, "__qualname__") else type(target)
    return f"{named.__module__}:{named.__qualname__}"


def _entry(target: object) -> Entry | None:
    """Return what names `target` in the register: by its text, else as the object that a target has become."""
    named, text = _by_target(registry()), _text(target)
    if text in named or isinstance(target, str):
        return named.get(text)
    kind = target if hasattr(target, "__qualname__") else type(target)
    return next((entry for one, entry in named.items() if _loaded(one) is kind), None)


def _entry_in(frames: list[tuple[FrameType, int]], record: PluginRecord) -> Entry | None:
    """Return the plugin's entry whose function, or whose object's method, is the innermost in a traceback."""
    named = _by_target(registry())
    targets = [(entry, one) for one, entry in named.items() if entry.plugin == record.namespace]
    for frame, _ in frames:
        module, qualified = str(frame.f_globals.get("__name__", "")), frame.f_code.co_qualname
        for entry, one in targets:
            place, _, path = one.partition(":")
            if place == module and (qualified == path or qualified.startswith(f"{path}.")):
                return entry
            if "self" in frame.f_locals and _loaded(one) is type(frame.f_locals["self"]):
                return entry
    return None


@lru_cache(maxsize=8)
def _by_target(known: Registry) -> dict[str, Entry]:
    """Return what names each target, first come first; the text of a spec has all, those of a task's sources too."""
    found: dict[str, Entry] = {}
    for entry in (entry for kind in KINDS for entry in known.all(kind)):
        for target in _TARGETS.findall(repr(entry.spec)):
            found.setdefault(target, entry)
    return found


def _first_target(entry: Entry) -> str:
    own = getattr(entry.spec, "target", None)
    return own if isinstance(own, str) and own else next(iter(_TARGETS.findall(repr(entry.spec))), "")


def _loaded(target: str) -> object:
    """Return what a target has become; None where nobody has asked for it yet."""
    module, _, path = target.partition(":")
    found: Any = sys.modules.get(module)
    for name in path.split("."):
        found = getattr(found, name, None)
    return found


def _record(namespace: str) -> PluginRecord | None:
    return next((record for record in registry().plugins if record.namespace == namespace), None)


def _plugin_of(module: str) -> PluginRecord | None:
    """Return the plugin that brings `module`: in its own package, or named by a target of its specs."""
    if module.partition(".")[0] == OWN:
        return _record(BUILTIN)
    for record in registry().plugins:
        package = record.module.rpartition(".")[0] or record.module
        if record.state is State.LOADED and package and (module == package or module.startswith(f"{package}.")):
            return record
    named = ((target.partition(":")[0], entry.plugin) for target, entry in _by_target(registry()).items())
    return next((_record(plugin) for own, plugin in named if own == module and plugin != BUILTIN), None)
