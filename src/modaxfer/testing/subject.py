"""What a check is given: the plugin, one thing that it brings, and a place to work in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modaxfer.errors import UnknownNameError
from modaxfer.registry import KINDS, Entry, PluginRecord, Registry, load_target, registry
from modaxfer.registry.names import hint
from modaxfer.testing.check import PLUGIN

__all__ = ["Subject", "plugin_named", "subjects_of"]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A plugin, or one thing that it brings."""

    plugin: PluginRecord
    entries: tuple[Entry, ...]
    """All that the plugin brings."""
    registry: Registry
    """Everything installed."""
    entry: Entry | None = None
    """The thing that is looked at; None where that is the plugin as a whole."""
    folder: Path = Path()
    """An empty folder of this check alone."""

    @property
    def kind(self) -> str:
        """Kind of what is looked at."""
        return self.entry.kind if self.entry else PLUGIN

    @property
    def id(self) -> str:
        """Full name of what is looked at: ``sound/esc10``; of a plugin its namespace."""
        return self.entry.id if self.entry else self.plugin.namespace

    @property
    def spec(self) -> Any:
        """The spec of what is looked at."""
        assert self.entry is not None, "a plugin as a whole has no spec"
        return self.entry.spec

    def target(self) -> Any:
        """Import and return the code that the spec names.

        Raises:
            MissingPackageError: Its module needs a package that is not installed; the check is skipped then.
            PluginError: It cannot be imported.
        """
        return load_target(self.spec.target)


def plugin_named(name: str) -> PluginRecord:
    """Return the installed plugin of this namespace or distribution.

    Raises:
        UnknownNameError: There is none.
    """
    records = registry().plugins
    found = [record for record in records if name in (record.namespace, record.distribution)]
    if not found:
        known = sorted({record.namespace for record in records})
        raise UnknownNameError("plugin", name, known, fix=hint(name, known, "modaxfer plugins list"))
    return found[0]


def subjects_of(plugin: PluginRecord) -> tuple[Subject, ...]:
    """Return the plugin as a whole, and each thing that it brings: none where it could not be loaded."""
    known = registry()
    entries = tuple(entry for kind in KINDS for entry in known.all(kind) if entry.plugin == plugin.namespace)
    looked_at = (None, *entries)
    return tuple(Subject(plugin=plugin, entries=entries, registry=known, entry=entry) for entry in looked_at)
