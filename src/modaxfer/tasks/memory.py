"""What the runs of one command have read: rows that several of them ask for are read and cleaned once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MOST_BYTES", "Memory"]

MOST_BYTES = 10**9
"""Bytes of tables that are kept for later runs; what was used last stays longest."""

Value = TypeVar("Value")


class Memory:
    """Keeps what was made for a request until more was made than fits; nothing of it is changed by who reads it.

    Args:
        most: Bytes that are kept at most; 0 = nothing is kept.
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._kept: list[tuple[object, Any, int]] = []
        """Key, value and bytes, the one used last at the end."""

    def kept(self, key: object, make: Callable[[], Value], weigh: Callable[[Value], int]) -> Value:
        """Return what was made for an equal `key` before, else what `make` returns now.

        Args:
            key: Everything that decides the value.
            make: Makes it.
            weigh: Returns its bytes.
        """
        for place, (known, value, _) in enumerate(self._kept):
            if known == key:
                self._kept.append(self._kept.pop(place))
                found: Value = value
                return found
        made = make()
        self._kept.append((key, made, weigh(made)))
        while self._kept and sum(size for _, _, size in self._kept) > self._most:
            del self._kept[0]
        return made
