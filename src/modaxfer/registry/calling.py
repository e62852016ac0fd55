"""The door between the framework and code that specs and plans name: errors come through it with a name.

What calls such code does so inside `calling`: what the code raises becomes a `PluginFaultError` that says whose it is,
and keeps its cause. What the code returns and must not is told by `fault`. Code that is called from many places, as an
encoder's layers are, is found by its frames in the traceback, see `blamed`. The framework's own parts go through the
same door; of them the user is asked to report what went wrong.
"""

from __future__ import annotations

import errno
import os
import traceback
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from modaxfer.errors import ConfigError, ModaxferError, PluginFaultError
from modaxfer.registry.blame import OWN, Blame, blame_of, blame_of_traceback
from modaxfer.registry.records import BUILTIN
from modaxfer.registry.targets import load_target

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

__all__ = ["FaultNote", "blamed", "blaming", "build_target", "call_target", "calling", "fault", "is_strict", "noted"]

_OF_PLANS = ("modaxfer.plan", "modaxfer.plan_streams", "modaxfer.plan_facts", "modaxfer.ramp")
"""What is refused here was written by a strategy, not by the user."""


class FaultNote(str):
    """A warning that knows whose fault it tells of, as a result has it under ``faults``."""

    __slots__ = ("told",)
    told: dict[str, Any]


def noted(text: str, error: BaseException) -> str:
    """Return a warning of what `error` has cost; one that a plugin's code is to blame for is a `FaultNote`.

    Args:
        text: For people, one line.
        error: What was raised.

    Raises:
        PluginFaultError: It is the fault of a plugin's code, and ``MODAXFER_STRICT=1``.
    """
    named = blamed(error)
    if not isinstance(named, PluginFaultError):
        return text
    if is_strict() and named.blame["plugin"] != BUILTIN:
        raise named
    note = FaultNote(text)
    note.told = {**named.blame, "error": str(named)}
    return note


class calling:  # noqa: N801 - read as a verb: with calling(entry)
    """A context in which code of `target` is called: what it raises, even an exit, is told as that code's fault.

    Errors of this framework pass as they are, since plugins refuse with them; so do those of a machine whose disk or
    memory is full. A plan that cannot be is the fault of the plugin that wrote it.

    Args:
        target: ``"package.module:Attribute"``, an entry of the register, or the very function, class or instance.
        kind: What it is in a plan, where nothing registered names it: ``loss smooth``.
        what: What is said of it where it raises.
        hint: What may mend it, for its author.

    Raises:
        PluginFaultError: The code raised.
    """

    def __init__(self, target: object, kind: str = "", *, what: str = "failed", hint: str = "") -> None:
        self._target, self._kind, self._what, self._hint = target, kind, what, hint

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Turn an error into one that says whose it is."""
        if error is None or (_passes(error) and not _misplanned(error)):
            return
        found = blame_of(self._target, self._kind, error)
        if not isinstance(error, ModaxferError) or found.plugin != BUILTIN:
            raise _failed(found, error, self._what, self._hint) from error


class blaming:  # noqa: N801 - read as a verb
    """A context that lets no error of a plugin's code pass without its name, see `blamed`."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Turn an error into one that says whose it is."""
        if error is not None and (named := blamed(error)) is not error:
            raise named from error


def blamed(error: BaseException) -> BaseException:
    """Return `error`; or, where a plugin's code is in its traceback, one that says whose it is."""
    found = None if _passes(error) else blame_of_traceback(error)
    if found is None:
        return error
    made = _failed(found, error)
    made.__cause__ = error
    return made


def call_target(target: str, *given: Any, kind: str = "", **options: Any) -> Any:
    """Return what the code that `target` names makes of what it is given.

    Args:
        target: As `modaxfer.registry.load_target` takes it.
        given: What the framework gives it.
        kind: As for `calling`.
        options: What a plan says.

    Raises:
        MissingPackageError: Its module needs a package that is not installed.
        PluginError: It cannot be imported.
        PluginFaultError: It raised.
    """
    made = load_target(target)
    with calling(target, kind):
        return made(*given, **options)


def build_target(who: str, target: str, given: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    """Call what `target` names with what it is `given` and its `options`.

    Args:
        who: What it is in the plan, for people: ``loss coral``.
        target: As `modaxfer.registry.load_target` takes it.
        given: What the framework gives it.
        options: What the plan says.

    Raises:
        ConfigError: It does not take these.
        MissingPackageError: Its module needs a package that is not installed.
        PluginError: It cannot be imported.
        PluginFaultError: It raised.
    """
    made = load_target(target)
    try:
        with calling(target, who):
            return made(*given, **options)
    except PluginFaultError as error:
        if not isinstance(error.__cause__, TypeError) or _is_inside(error.__cause__):
            raise
        raise ConfigError(
            f"what {who} ({target}) is given does not fit it",
            got=f"{dict(options)}: {error.__cause__}",
            fix="correct the plan of the strategy",
        ) from error.__cause__


def fault(
    target: object, what: str, *, got: object, allowed: object, kind: str = "", at: object = None
) -> PluginFaultError:
    """Return the error that says that code of `target` returned what it must not, or is not what it must be.

    Args:
        target: As for `calling`.
        what: What is wrong, behind its name: ``returned no plan``.
        got: What was returned.
        allowed: What may be.
        kind: As for `calling`.
        at: The function whose line is told, such as a method; None = that of `target`.
    """
    return _told(blame_of(target, kind, at=at), what, got=got, allowed=allowed)


def is_strict() -> bool:
    """Return whether ``MODAXFER_STRICT=1``: what a plugin does wrong ends what is being done."""
    return os.environ.get("MODAXFER_STRICT", "0") not in ("", "0")


def _failed(found: Blame, error: BaseException, what: str = "failed", hint: str = "") -> PluginFaultError:
    said = " ".join(str(error).split()).rstrip(".")
    kind = "" if isinstance(error, ModaxferError) else type(error).__name__
    got = ": ".join(filter(None, (kind, said)))
    return _told(found, what, got=got, allowed=None, hint=hint)


def _told(found: Blame, what: str, *, got: object, allowed: object, hint: str = "") -> PluginFaultError:
    text, fix = f"{found.name} {what} ({found.place})", f"{hint}; {found.fix}" if hint else found.fix
    return PluginFaultError(text, got=got, allowed=allowed, fix=fix, blame=asdict(found))


def _passes(error: BaseException) -> bool:
    """Return whether `error` is told as it is: one of ours, an interrupt, a machine that is full."""
    if not isinstance(error, Exception | SystemExit):
        return True
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    spent = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return full or spent or type(error).__module__.partition(".")[0] == OWN


def _is_inside(error: BaseException) -> bool:
    """Return whether `error` arose in what was called; else what it was called with did not fit."""
    return len(list(traceback.walk_tb(error.__traceback__))) > 1


def _misplanned(error: BaseException) -> bool:
    """Return whether a plan was refused as it was written."""
    if not isinstance(error, ModaxferError):
        return False
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return bool(frames) and frames[-1].f_globals.get("__name__") in _OF_PLANS
