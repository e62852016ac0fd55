"""Runs the checks of a plugin: each by itself, in an empty folder, whatever goes wrong in another."""

from __future__ import annotations

import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from modaxfer.errors import ConfigError, MissingPackageError, ModaxferError, close_matches
from modaxfer.escaping import one_line
from modaxfer.testing.check import EVERY_KIND, PLUGIN, Check, CheckSkippedError, Level
from modaxfer.testing.expected import ExpectedFailure, expected_of
from modaxfer.testing.outcome import Conformance, Outcome, Status
from modaxfer.testing.standard import STANDARD, standard_checks
from modaxfer.testing.subject import Subject, plugin_named, subjects_of

__all__ = ["check_plugin", "checks_for", "judge", "level_of", "require_known"]

_KIT = f"{Path(__file__).parent}/"
_FRAMEWORK = ("<frozen", f"{Path(traceback.__file__).parent}/importlib/")


def check_plugin(
    name: str, *, level: int = Level.CONTRACT, expected: Sequence[ExpectedFailure] = (), slow: bool | None = None
) -> Conformance:
    """Check a plugin at all levels up to `level`.

    Args:
        name: Its namespace, or the name of its distribution; ``modaxfer`` is the framework's own.
        level: The deepest level, see `Level`.
        expected: Failures that are known, see `ExpectedFailure`, beside those that the plugin ships.
        slow: None makes all checks, False leaves out those that take long, True makes these alone.

    Raises:
        ConfigError: There is no such level, or an expected failure names no check or nothing that the plugin brings.
        UnknownNameError: No such plugin is installed.
    """
    deepest, plugin = level_of(level), plugin_named(name)
    subjects = subjects_of(plugin)
    known = (*expected_of(plugin), *expected)
    require_known(known, subjects)
    outcomes = [
        outcome for subject in subjects for outcome in judge(subject, checks_for(subject, deepest, slow), known)
    ]
    return Conformance(plugin=plugin, level=deepest, outcomes=tuple(outcomes))


def checks_for(subject: Subject, deepest: Level, slow: bool | None = None) -> tuple[Check, ...]:
    """Return the standard checks up to level `deepest` that look at things of the subject's kind.

    Args:
        subject: What is looked at.
        deepest: The last level.
        slow: As `check_plugin` takes it.
    """
    kinds = {PLUGIN} if subject.entry is None else {subject.kind, EVERY_KIND}
    found = [check for level in Level if level <= deepest for check in standard_checks(level) if check.kind in kinds]
    return tuple(check for check in found if slow is None or check.slow is slow)


def judge(subject: Subject, checks: Sequence[Check], expected: Sequence[ExpectedFailure] = ()) -> tuple[Outcome, ...]:
    """Make checks of one subject and say what became of each."""
    return tuple(_excused(_made(check, subject), subject, expected) for check in checks)


def level_of(number: int) -> Level:
    """Return the level of this number.

    Raises:
        ConfigError: There is none.
    """
    try:
        return Level(number)
    except ValueError:
        allowed = [f"{level:d} {level.title}" for level in Level]
        raise ConfigError("there is no such level", got=number, allowed=allowed) from None


def require_known(expected: Sequence[ExpectedFailure], subjects: Sequence[Subject]) -> None:
    """Check that each expected failure is one of a standard check, of something that the plugin brings.

    Raises:
        ConfigError: It is not.
    """
    names = sorted(name for names in STANDARD.values() for name in names)
    ids = ["", *sorted(subject.id for subject in subjects)]
    for one in expected:
        if one.check not in names:
            close = close_matches(one.check, names)
            fix = f"did you mean {' or '.join(close)}?" if close else "docs/reference/checks.md names all"
            raise ConfigError("a failure of a check that there is not is expected", got=one.check, fix=fix)
        if one.of not in ids:
            raise ConfigError(
                f"a failure of {one.check} is expected of something that the plugin does not bring",
                got=one.of,
                allowed=ids[1:],
                fix="name it by its id, or take the expectation away",
            )


def _made(check: Check, subject: Subject) -> Outcome:
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="modaxfer-check-") as folder:
        status, said = _tried(check, replace(subject, folder=Path(folder)))
    seconds = time.perf_counter() - start
    return Outcome(check=check, kind=subject.kind, id=subject.id, status=status, seconds=seconds, **said)


def _tried(check: Check, subject: Subject) -> tuple[Status, dict[str, str]]:
    try:
        check.run(subject)
    except CheckSkippedError as skipped:
        return Status.SKIPPED, {"what": str(skipped)}
    except MissingPackageError as missing:
        return Status.SKIPPED, {"what": str(missing)}
    except ModaxferError as error:
        return Status.FAILED, _said(error)
    except (Exception, SystemExit) as error:
        what = f"it raised {type(error).__name__}: {error}"
        return Status.FAILED, {"what": one_line(what), "got": _place(error), "fix": "see the line that is named"}
    return Status.PASSED, {}


def _said(error: ModaxferError) -> dict[str, str]:
    parts = {"what": error.what, "got": error.got, "allowed": error.allowed, "fix": error.fix}
    return {key: one_line(_shown(value)) for key, value in parts.items() if value is not None}


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple | set | frozenset) else str(value)


def _place(error: BaseException) -> str:
    """Return the last line of code outside the kit that took part."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith((_KIT, *_FRAMEWORK))]
    return f"{frames[-1].filename}, line {frames[-1].lineno}, in {frames[-1].name}" if frames else ""


def _excused(outcome: Outcome, subject: Subject, expected: Sequence[ExpectedFailure]) -> Outcome:
    """Return the outcome in the light of what the plugin says of itself."""
    of = "" if subject.entry is None else subject.id
    known = next((one for one in expected if one.check == outcome.check.name and one.of in (of, outcome.id)), None)
    if known is None or outcome.status is Status.SKIPPED:
        return outcome
    if outcome.status is Status.PASSED:
        what, fix = "it passes, and is expected to fail", "take the expected failure away"
        return replace(outcome, status=Status.UNEXPECTED, what=what, fix=fix, reason=known.reason)
    if known.is_expired(subject.plugin.version):
        what = f"{outcome.what}; expected to fail until version {known.expires}, and this is {subject.plugin.version}"
        return replace(outcome, what=what, reason=known.reason)
    return replace(outcome, status=Status.EXPECTED, reason=known.reason)
