"""Which plugins are installed, from metadata alone: no plugin module is imported here."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from dataclasses import replace
from importlib.metadata import Distribution, EntryPoint, distributions, entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from modaxfer.registry.names import is_short_name
from modaxfer.registry.records import BUILTIN, PluginRecord, State
from modaxfer.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["GROUP", "discover"]

GROUP = "modaxfer"
"""Entry point group of plugins; the entry point's name is the namespace, its value a light module."""

_EDITABLE = re.compile(r'"editable"\s*:\s*true')

_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


def discover() -> tuple[PluginRecord, ...]:
    """Return a record of every plugin, the framework's own first, the others by namespace.

    ``MODAXFER_PLUGINS`` chooses: unset all, empty none, else a comma list of namespaces.
    """
    found = sorted(_found(), key=lambda r: (r.namespace, r.distribution))
    own = PluginRecord(
        namespace=BUILTIN,
        module="modaxfer.registry.builtin",
        distribution="modaxfer",
        version=__version__,
        origin="core",
    )
    return (own, *_without_clashes(_chosen(found)))


def _found() -> list[PluginRecord]:
    try:
        return [_record(point) for point in entry_points(group=GROUP)]
    except (ValueError, OSError):
        # One distribution's files cannot be read: the others can, one by one.
        return [record for distribution in distributions() for record in _records_of(distribution)]


def _records_of(distribution: Distribution) -> list[PluginRecord]:
    """Return the plugins of one distribution; of one whose entry points cannot be read, a record that says why."""
    try:
        return [_record(point) for point in distribution.entry_points if point.group == GROUP]
    except (ValueError, OSError) as error:
        folder = _folder(distribution)
        if folder is None or f"[{GROUP}]".encode() not in (folder / "entry_points.txt").read_bytes():
            return []  # No plugin; whoever needs it will say so.
        name, _, version = folder.stem.partition("-")
        text = f"its entry_points.txt cannot be read, {error}; it has to be UTF-8"
        return [PluginRecord(namespace=name, distribution=name, version=version, state=State.BROKEN, error=text)]


def _folder(distribution: Distribution) -> Path | None:
    """Return the folder of a distribution's metadata; None where it lies elsewhere, as in a zip file."""
    folder = getattr(distribution, "_path", None)
    return folder if isinstance(folder, Path) else None


def _record(point: EntryPoint) -> PluginRecord:
    assert point.dist is not None, "entry points come from distributions"
    record = PluginRecord(namespace=point.name, module=point.value)
    try:
        name, version = _stated(point.dist, "Name", "Version")
        origin = _origin(point.dist)
    except (ValueError, OSError) as error:
        folder = _folder(point.dist)
        stem, _, version = ("" if folder is None else folder.stem).partition("-")
        text = f"its METADATA cannot be read, {error}; they have to be UTF-8"
        return replace(record, distribution=stem, version=version, state=State.BROKEN, error=text)
    name = name or "distribution without a name"
    record = replace(record, distribution=name, version=version, origin=origin)
    if not is_short_name(point.name):
        text = f"its namespace {point.name!r} is not valid; use lower-case letters, digits, '.', '_' and '-'"
        return replace(record, state=State.BROKEN, error=text)
    if not _MODULE.fullmatch(point.value):
        text = f"its entry point names {point.value!r}, expected a module such as modaxfer_{point.name}.plugin"
        return replace(record, state=State.BROKEN, error=text)
    return record


def _stated(distribution: Distribution, *keys: str) -> tuple[str, ...]:
    """Return what the metadata say under each key; empty where it is missing, which Pythons treat differently.

    They are read once: that takes a millisecond where a description stands in them.
    """
    metadata = distribution.metadata
    return tuple(metadata[key] if metadata and key in metadata else "" for key in keys)


def _origin(distribution: Distribution) -> str:
    """Return whether an installation leads to a folder of sources (PEP 610) or has files of its own."""
    told = distribution.read_text("direct_url.json") or ""
    return "editable" if _EDITABLE.search(told) else "distribution"


def _chosen(records: Iterable[PluginRecord]) -> list[PluginRecord]:
    setting = os.environ.get("MODAXFER_PLUGINS")
    if setting is None:
        return list(records)
    names = {name.strip() for name in setting.split(",")} - {""}
    chosen = [r if r.namespace in names else replace(r, state=State.DISABLED, error="") for r in records]
    missing = sorted(names - {BUILTIN} - {record.namespace for record in chosen})
    text = (
        f"MODAXFER_PLUGINS names it; installed are {', '.join(sorted({r.namespace for r in chosen})) or 'no plugins'}"
    )
    return [*chosen, *(PluginRecord(namespace=name, state=State.MISSING, error=text) for name in missing)]


def _without_clashes(records: Iterable[PluginRecord]) -> list[PluginRecord]:
    """Mark every claimant of a taken namespace.

    Of two distributions that claim one namespace neither is loaded: any order would let a newly installed package
    change what an id means without a word.
    """
    claims: dict[str, list[PluginRecord]] = defaultdict(list)
    for record in records:
        claims[record.namespace].append(record)
    return [_judged(record, claims[record.namespace]) for record in records]


def _judged(record: PluginRecord, claimants: list[PluginRecord]) -> PluginRecord:
    if record.state is not State.INSTALLED:
        return record
    if record.namespace == BUILTIN:
        text = f"the namespace {BUILTIN!r} belongs to the framework; choose another name for the entry point"
        return replace(record, state=State.CLASHING, error=text)
    if len(claimants) > 1:
        others = " and ".join(r.distribution for r in claimants if r is not record)
        text = f"its namespace is also claimed by {others}; none of them is loaded, uninstall all but one"
        return replace(record, state=State.CLASHING, error=text)
    return record
