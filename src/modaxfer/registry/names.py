"""Short names and full ids: ``vit`` stands for ``modaxfer/vit`` while no other plugin brings a ``vit``."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from modaxfer.errors import AmbiguousNameError, UnknownNameError, close_matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from modaxfer.registry.records import Entry, Kind

__all__ = ["absent_plugin", "hint", "is_short_name", "matching", "resolve", "shown_names"]

_SHORT_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


def is_short_name(name: object) -> bool:
    """Return whether `name` can be a short name or a namespace."""
    return isinstance(name, str) and _SHORT_NAME.fullmatch(name) is not None


def resolve(kind: Kind, name: str, entries: Sequence[Entry], reason: str = "", beside: str = "") -> Entry:
    """Return the entry that `name`, a short name or an id, stands for.

    Args:
        kind: Kind of `entries`.
        name: Short name or id.
        entries: Everything of this kind.
        reason: Why `name` may be unknown, where that is known.
        beside: What may be the reason as well, told behind close matches.

    Raises:
        AmbiguousNameError: Two plugins bring this short name.
        UnknownNameError: Nothing has this name; lists candidates and close matches.
    """
    found = matching(name, entries)
    if not found:
        known = sorted(shown_names(entries).values())
        fix = reason or hint(name, known, f"modaxfer list {kind.plural}")
        raise UnknownNameError(kind.name, name, known, fix=f"{fix}; {beside}" if beside else fix)
    if len(found) > 1:
        raise AmbiguousNameError(kind.name, name, sorted(entry.id for entry in found))
    return found[0]


def matching(name: str, entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries whose id or short name is `name`."""
    return [entry for entry in entries if name in (entry.id, entry.name)]


def shown_names(entries: Iterable[Entry]) -> dict[str, str]:
    """Return, by id, what a user may type: the short name where it is unique among `entries`, else the id."""
    entries = tuple(entries)
    count = Counter(entry.name for entry in entries)
    return {entry.id: entry.name if count[entry.name] == 1 else entry.id for entry in entries}


def absent_plugin(name: str, namespaces: Sequence[str]) -> str:
    """Return how to get the plugin of an id `name` where that is not installed; empty where it is, or is misspelt.

    A run that was made with it names it so.
    """
    namespace, slash, rest = name.partition("/")
    if not (slash and is_short_name(namespace) and is_short_name(rest)) or close_matches(namespace, namespaces):
        return ""
    return f"the plugin {namespace} is not installed here: install its package; `modaxfer plugins list` shows all"


def hint(name: str, known: Sequence[str], command: str) -> str:
    """Return how to get from the unknown `name` to a known one: close matches, and the `command` that lists all."""
    several = re.split(r"\s*[,+]\s*", name)
    if len(several) > 1 and set(several) <= set(known):
        return f"name {' and '.join(several)} one by one, each after a flag of its own"
    close = close_matches(name.lower(), known)
    return (f"did you mean {' or '.join(close)}? " if close else "") + f"`{command}` shows all"
