"""One thing that the kit checks: what it is called, at which level, of which kind, and how it says no."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NoReturn

from modaxfer.errors import ModaxferError
from modaxfer.testing.subject import PLUGIN, Subject

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EVERY_KIND", "PLUGIN", "Check", "CheckFailedError", "CheckSkippedError", "Level", "check", "fail", "skip"]

EVERY_KIND = "spec"
"""Kind of a check that looks at each thing that a plugin brings, of whatever kind."""


class Level(IntEnum):
    """How deep a check looks; to check at one level is to check at all below it, too."""

    METADATA = 0
    """What pip knows of the plugin: nothing of it is imported."""
    IMPORT = 1
    """What importing its light module does, seen from a process of its own."""
    SPECS = 2
    """What its specs say, and whether the code that they name is there and can be called as it will be."""
    CONTRACT = 3
    """What its code does with tiny synthetic rows."""
    WEIGHTS = 4
    """What its checkpoints hold and what its tasks read: real weights and rows, where they are at hand."""

    @property
    def title(self) -> str:
        """What is looked at, for people."""
        return ("metadata", "import hygiene", "specs", "contract on synthetic rows", "real weights and rows")[self]


class CheckFailedError(ModaxferError):
    """What was checked is not as it is promised; `fail` raises it."""

    exit_status = 1


class CheckSkippedError(Exception):
    """A check does not apply to what it was given; its text says why. `skip` raises it."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One standard check. Made by the decorator `check`."""

    name: str
    """Unique: the kind, then what holds: ``metric-perfect-is-best``."""
    level: Level
    kind: str
    """Kind of the registered things that it looks at, `PLUGIN` or `EVERY_KIND`."""
    meaning: str
    """What holds where it passes, one line."""
    run: Callable[[Subject], None]
    """Looks; returns where all is well, else calls `fail` or `skip`. Any other exception is a failure as well."""
    slow: bool = False
    """Whether it takes more than about a second for one subject."""


def check(level: Level, kind: str, *, slow: bool = False) -> Callable[[Callable[[Subject], None]], Check]:
    """Make a `Check` of a function; its name and the first line of its docstring are the check's.

    A module that holds checks names them in a tuple ``CHECKS``, and `modaxfer.testing.standard` names them again.

        @check(Level.CONTRACT, "metric")
        def perfect_is_best(subject: Subject) -> None:
            '''Perfect predictions have the best value that the bounds allow.'''
    """

    def made(run: Callable[[Subject], None]) -> Check:
        meaning = (run.__doc__ or "").strip().partition("\n")[0]
        assert meaning, "a check says in its docstring what holds where it passes"
        name = f"{kind} {run.__name__}".replace(" ", "-").replace("_", "-")
        return Check(name=name, level=level, kind=kind, meaning=meaning, run=run, slow=slow)

    return made


def fail(what: str, *, got: object = None, allowed: object = None, fix: str | None = None) -> NoReturn:
    """Say that a check fails: what is wrong, what was returned, what is allowed, and how to mend it.

    Raises:
        CheckFailedError: Always.
    """
    raise CheckFailedError(what, got=got, allowed=allowed, fix=fix)


def skip(reason: str) -> NoReturn:
    """Say that a check does not apply to its subject, and why.

    Raises:
        CheckSkippedError: Always.
    """
    raise CheckSkippedError(reason)
