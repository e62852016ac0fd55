"""Names that plugins bring which are not installed: from index files, for a suggestion where a name is unknown.

An index holds names alone. Nothing in it is imported, fetched or run; what it leads to is a line for the user to run.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modaxfer.errors import ConfigError, close_matches
from modaxfer.registry.names import is_short_name
from modaxfer.registry.records import BUILTIN, KINDS

if TYPE_CHECKING:
    from modaxfer.registry.records import Entry, PluginRecord

__all__ = [
    "SETTING",
    "KnownPlugin",
    "added_folder",
    "index_of",
    "known_plugins",
    "missing_plugin",
    "read_index",
    "suggestion",
]

SHIPPED = Path(__file__).with_name("known_plugins.json")
"""The framework's own plugins, written by ``make docs``."""

SETTING = "MODAXFER_PLUGIN_INDEX"
"""Variable with more index files, as ``PATH`` lists folders."""

MOST_BYTES = 1_000_000
"""An index that is larger is none."""

_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


@dataclass(frozen=True, kw_only=True)
class KnownPlugin:
    """A plugin that an index names."""

    distribution: str
    """What pip installs."""
    namespace: str
    names: Mapping[str, Sequence[str]]
    """Short names that it brings, by kind."""

    @property
    def install(self) -> str:
        """The line that installs it; it is shown, never run."""
        return f"pip install {self.distribution}"


def added_folder() -> Path:
    """Return where ``modaxfer plugins index --add`` keeps copies."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "modaxfer" / "plugin-index"


def index_of(records: Iterable[PluginRecord], entries: Iterable[Entry]) -> dict[str, Any]:
    """Return an index of these plugins but the framework, as JSON holds it."""
    entries = tuple(entries)
    return {
        record.distribution: {
            "namespace": record.namespace,
            "names": {
                kind: names
                for kind in KINDS
                if (names := sorted(e.name for e in entries if (e.plugin, e.kind) == (record.namespace, kind)))
            },
        }
        for record in sorted(records, key=lambda record: record.distribution)
        if record.namespace != BUILTIN and not record.error
    }


def read_index(text: str, where: object) -> list[KnownPlugin]:
    """Return the plugins that the text of an index names.

    Raises:
        ConfigError: It is no index; says why.
    """
    try:
        if len(text.encode()) > MOST_BYTES:
            raise ValueError(f"it is larger than {MOST_BYTES} bytes")
        return [_known(name, told) for name, told in dict(json.loads(text)).items()]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ConfigError(
            f"{where} is no index of plugins",
            got=f"{type(error).__name__}: {error}",
            allowed='{"DISTRIBUTION": {"namespace": "NS", "names": {"task": ["NAME", ...]}}}',
            fix="write one with `modaxfer plugins index > FILE` where the plugins are installed",
        ) from error


def known_plugins() -> tuple[list[KnownPlugin], list[str]]:
    """Return what all indexes on this machine name, and a line for each that cannot be read."""
    listed = [Path(name) for name in os.environ.get(SETTING, "").split(os.pathsep) if name]
    found, troubles = [], []
    for path in (SHIPPED, *sorted(added_folder().glob("*.json")), *listed):
        try:
            found += read_index(path.read_text(encoding="utf-8"), path)
        except (ConfigError, OSError, UnicodeDecodeError) as error:
            troubles.append(f"index {path} cannot be read: {getattr(error, 'got', None) or error}")
    return found, troubles


def suggestion(name: str, records: Iterable[PluginRecord], kind: str | None = None) -> str:
    """Return what to do about an unknown `name` that a plugin brings which is not there; empty where none does.

    Args:
        name: Short name or id, exact or misspelt.
        records: Plugins that are installed.
        kind: Kind that it should have; None = any.
    """
    installed = {record.namespace: record for record in records}
    known, troubles = known_plugins()
    away = {
        brought: one
        for one in known
        if one.namespace not in installed or installed[one.namespace].state == "disabled"
        for brought in _brought(one, kind)
    }
    exact = name in away
    close = [name] if exact else close_matches(name.lower(), away, count=1)
    if not close:
        return "; ".join(troubles)
    one = away[close[0]]
    said = "known" if exact else f"did you mean {close[0]}? It is known"
    if one.namespace in installed:
        return f"{said} from {one.distribution}, which is installed and left out by MODAXFER_PLUGINS"
    return f"{said} from {one.distribution}: {one.install}"


def missing_plugin(name: str, records: Iterable[PluginRecord]) -> str:
    """Return the line that installs the plugin `name`, a namespace or a distribution, where an index knows it."""
    installed = {record.namespace for record in records}
    known = (one for one in known_plugins()[0] if name in (one.namespace, one.distribution))
    return next((f"it is known: {one.install}" for one in known if one.namespace not in installed), "")


def _brought(one: KnownPlugin, kind: str | None) -> list[str]:
    """Return the short names and ids that a plugin brings."""
    names = [name for each, names in one.names.items() if kind in (None, each) for name in names]
    return [*names, *(f"{one.namespace}/{name}" for name in names)]


def _known(distribution: str, told: Mapping[str, Any]) -> KnownPlugin:
    names = {str(kind): tuple(names) for kind, names in dict(told["names"]).items()}
    wrong = [name for names in names.values() for name in names if not is_short_name(name)]
    if not _DISTRIBUTION.fullmatch(distribution) or not is_short_name(told["namespace"]) or wrong:
        raise ValueError(f"{distribution!r} is no distribution with a namespace and short names {wrong}")
    return KnownPlugin(distribution=distribution, namespace=told["namespace"], names=names)
