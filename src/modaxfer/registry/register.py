"""The register: everything installed, looked up by kind and name."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from modaxfer.errors import AmbiguousNameError, ConfigError, PluginError, UnknownNameError, close_matches
from modaxfer.escaping import one_line
from modaxfer.fitted_lines import fit
from modaxfer.registry.discovery import discover
from modaxfer.registry.known import suggestion
from modaxfer.registry.loader import hook_manager, load_plugin
from modaxfer.registry.names import absent_plugin, matching, resolve, shown_names
from modaxfer.registry.observers import EVENTS, call_hook, notify
from modaxfer.registry.records import BUILTIN, KINDS, Entry, Kind, PluginRecord, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pluggy

__all__ = ["Registry", "registry"]


class Registry:
    """Everything that the loaded plugins brought. Made by `registry`."""

    def __init__(
        self, plugins: Iterable[PluginRecord], entries: Iterable[Entry], manager: pluggy.PluginManager
    ) -> None:
        self.plugins = tuple(plugins)
        """A record of every plugin, the framework's own first, loaded or not."""
        self._entries: dict[str, list[Entry]] = {kind: [] for kind in KINDS}
        entries = tuple(entries)
        for entry in entries:
            self._entries[entry.kind].append(entry)
        self._named: dict[str, dict[str, list[Entry]]] = {kind: {} for kind in KINDS}
        for entry in entries:
            for name in {entry.id, entry.name}:
                self._named[entry.kind].setdefault(name, []).append(entry)
        self._manager = manager

    def all(self, kind: str) -> tuple[Entry, ...]:
        """Return every entry of `kind` (``encoder``, ``bridge``, ...), in the order of registration.

        Raises:
            ConfigError: There is no such kind.
        """
        return tuple(self._entries[_kind(kind).name])

    def get(self, kind: str, name: str) -> Entry:
        """Return the entry of `kind` that has this id or unique short name.

        Raises:
            AmbiguousNameError: Several plugins bring this short name.
            UnknownNameError: Nothing has this name; lists candidates, close matches and, where its plugin is not
                loaded, why.
        """
        if len(named := self._named[_kind(kind).name].get(name, [])) == 1:
            return named[0]
        lost = [record.failure for record in self.plugins if record.failure and name.startswith(f"{record.namespace}/")]
        found = _kind(kind)
        if not lost and not matching(name, self.all(kind)) and (missing := suggestion(name, self.plugins, kind)):
            # What is installed and resembles it is the better guess, unless a plugin brings the very name.
            lost = [missing] if "did you mean" not in missing or not self._resembling(kind, name) else []
        if not lost and (absent := absent_plugin(name, [record.namespace for record in self.plugins])):
            lost = [absent]
        return resolve(found, name, self.all(kind), reason="; ".join(lost), beside="" if lost else self._may_bring())

    def _may_bring(self) -> str:
        """Return which plugins are not loaded, one of which may bring a name that is unknown; empty where all are."""
        lost = [record for record in self.plugins if record.failure and record.state is not State.MISSING]
        return "; ".join(f"{record}, {record.state} at {record.stage}, may bring it" for record in lost)

    def _resembling(self, kind: str, name: str) -> list[str]:
        return close_matches(name.lower(), shown_names(self.all(kind)).values())

    def find(self, name: str) -> tuple[Entry, ...]:
        """Return the entries of every kind that have this id or short name, ambiguous ones included."""
        return tuple(entry for kind in KINDS for entry in matching(name, self.all(kind)))

    def shown(self, entry: Entry) -> str:
        """Return the name a user may type for `entry`: short while that is unique, else the id."""
        return shown_names(self.all(entry.kind))[entry.id]

    def encoder_of(self, checkpoint: Entry) -> Entry | None:
        """Return the encoder that `checkpoint` is for, one of its own plugin first; None where it is not installed."""
        encoders, wanted = self.all("encoder"), checkpoint.spec.encoder
        found = matching(f"{checkpoint.plugin}/{wanted}", encoders) or matching(wanted, encoders)
        return found[0] if len(found) == 1 else None

    def checkpoints(self, encoder: Entry) -> tuple[Entry, ...]:
        """Return the checkpoints of `encoder`: those that work without a hub first."""
        found = [entry for entry in self.all("checkpoint") if self.encoder_of(entry) == encoder]
        return tuple(sorted(found, key=lambda entry: bool(entry.spec.hub_id)))

    def pick_bridge(self, source: str, sink: str) -> Entry | None:
        """Choose a bridge from signal kind `source` to signal kind `sink`.

        Plugins are asked first, then the framework; where none has a say, a bridge that is the only one is taken, but
        not for several images or sounds to a row (``audio+audio``), of which few bridges take more than one.

        Raises:
            PluginError: A plugin failed at this, or chose something that is no bridge from `source` to `sink`.
        """
        found = self.explain_bridge(source, sink)
        return found[0] if found else None

    def explain_bridge(self, source: str, sink: str) -> tuple[Entry, str] | None:
        """Choose as `pick_bridge` does, and say why: who named the bridge, or that it is the only one.

        Raises:
            PluginError: As `pick_bridge`.
        """
        picked = self._picked(source, sink)
        if picked is not None:
            chosen, who = picked
            return chosen, f"{'default' if who == BUILTIN else f'named by the plugin {who}'} for {source} to {sink}"
        fitting = self._bridges(source, sink)
        if len(fitting) != 1 or len(set(kinds := source.split("+"))) < len(kinds):
            return None
        return fitting[0], f"the only one that leads from {source} to {sink}"

    def picked_by(self, source: str, sink: str) -> str:
        """Return the namespace of the plugin that names a bridge from `source` to `sink`; empty where none does.

        Raises:
            PluginError: As `pick_bridge`.
        """
        picked = self._picked(source, sink)
        return "" if picked is None else picked[1]

    def observers(self) -> tuple[tuple[str, str], ...]:
        """Return the namespace and the event of every observer."""
        return tuple(
            (str(implementation.plugin_name), event)
            for event in EVENTS
            for implementation in getattr(self._manager.hook, f"modaxfer_{event}").get_hookimpls()
        )

    def notify(self, event: str, **values: Any) -> list[str]:
        """Tell observers of a run event, the part of its hook behind ``modaxfer_``; return a line per failure."""
        return notify(self._manager, event, values)

    @property
    def failures(self) -> tuple[str, ...]:
        """One line per plugin that is not loaded, unless it was disabled."""
        return tuple(record.failure for record in self.plugins if record.failure)

    @property
    def notices(self) -> tuple[str, ...]:
        """One line per plugin that is slow or heavy, and per checkpoint that has no encoder."""
        plugins = [f"{record}: {notice}" for record in self.plugins for notice in record.notices]
        orphans = [
            f"checkpoint {entry.id} is for the encoder {entry.spec.encoder!r}, which is unknown or ambiguous"
            for entry in self.all("checkpoint")
            if self.encoder_of(entry) is None
        ]
        return tuple(plugins + orphans)

    def _bridges(self, source: str, sink: str) -> list[Entry]:
        kinds = set(source.split("+"))
        return [entry for entry in self.all("bridge") if entry.spec.sink == sink and kinds <= entry.spec.sources]

    def _picked(self, source: str, sink: str) -> tuple[Entry, str] | None:
        """Return the bridge that a plugin, or the framework, names, and who."""
        for implementation in reversed(self._manager.hook.modaxfer_pick_bridge.get_hookimpls()):
            chosen = self._asked(implementation, source, sink)
            if chosen is not None:
                return chosen, str(implementation.plugin_name)
        return None

    def _asked(self, implementation: pluggy.HookImpl, source: str, sink: str) -> Entry | None:
        who = f"plugin {implementation.plugin_name!r} was asked for a bridge from {source} to {sink}"
        fix = "name one with --bridge, or leave the plugin out with MODAXFER_PLUGINS; `modaxfer list bridges` shows all"
        allowed = [entry.id for entry in self._bridges(source, sink)] or "None"
        try:
            answer = call_hook(implementation, {"source": source, "sink": sink})
            chosen = None if answer is None else self.get("bridge", str(answer))
        except (AmbiguousNameError, UnknownNameError):
            raise PluginError(f"{who} and named none", got=answer, allowed=allowed, fix=fix) from None
        except Exception as error:
            raise PluginError(f"{who} and failed", got=f"{type(error).__name__}: {error}", fix=fix) from error
        if chosen is not None and chosen.id not in allowed:
            raise PluginError(f"{who} and named another", got=chosen.id, allowed=allowed, fix=fix)
        return chosen


@cache
def registry() -> Registry:
    """Return the register of everything installed; plugins are imported at the first call.

    Raises:
        PluginError: A plugin is not loaded, and ``MODAXFER_STRICT=1``. Otherwise it is one warning line on stderr.
    """
    manager = hook_manager()
    loaded = [load_plugin(found, manager) for found in discover()]
    made = Registry((record for record, _ in loaded), (entry for _, brought in loaded for entry in brought), manager)
    if made.failures and os.environ.get("MODAXFER_STRICT", "0") not in ("", "0"):
        raise PluginError(
            "; ".join(made.failures), fix="mend or uninstall it, or unset MODAXFER_STRICT to go on without"
        )
    if os.environ.get("LOCAL_RANK", "0") == "0":  # of several processes one speaks
        sys.stderr.writelines(f"{fit(f'warning: {one_line(line)}', sys.stderr)}\n" for line in _lines(made))
    return made


def _lines(made: Registry) -> Iterator[str]:
    """Yield one line per plugin that is not loaded, with what to do, and per notice."""
    for record in made.plugins:
        if record.failure:
            told = record.failure.rstrip(".")
            stop = "" if told.endswith("?") else "."
            yield told if record.state is State.MISSING else f"{told}{stop} Fix: {_remedy(record)}"
    yield from made.notices


def _remedy(record: PluginRecord) -> str:
    """Return what to do about a plugin that is not loaded; who works on it (``pip install -e``) is its author."""
    first = "mend what is named" if record.origin == "editable" else f"install another release of {record.distribution}"
    return f"{first}, uninstall it, or name the plugins to load in MODAXFER_PLUGINS"


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise ConfigError("unknown kind", got=name, allowed=list(KINDS))
    return KINDS[name]
