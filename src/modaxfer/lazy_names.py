"""Names that a package offers and imports when they are first used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

__all__ = ["lazily"]


def lazily(
    package: str, own: Mapping[str, object], names: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the ``__getattr__`` and ``__dir__`` of a package whose names come from modules inside it.

    Args:
        package: Its full name.
        own: What it has by itself, ``globals()``.
        names: By module, as it is called below the package, the names that are taken from there.
    """
    where = {name: f"{package}.{module}" for module, group in names.items() for name in group}

    def find(name: str) -> Any:
        if name in where:
            return getattr(import_module(where[name]), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return find, lambda: sorted({*own, *where})
