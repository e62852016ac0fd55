"""The kit as a test: one that pytest runs for a plugin and for each thing that it brings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from modaxfer.testing.check import Level
from modaxfer.testing.engine import checks_for, judge, level_of, require_known
from modaxfer.testing.expected import ExpectedFailure, expected_of
from modaxfer.testing.shown import failure_text
from modaxfer.testing.subject import Subject, plugin_named, subjects_of

__all__ = ["conformance"]


def conformance(
    name: str, *, level: int = Level.CONTRACT, expected: Sequence[ExpectedFailure] = (), slow: bool | None = None
) -> Callable[..., None]:
    """Return a test for pytest, which makes the standard checks of a plugin and fails where one does.

        from modaxfer.testing import conformance

        test_conformance = conformance("sound")

    Args:
        name: Namespace of the plugin, which is installed.
        level: The deepest level, see `Level`.
        expected: Failures that are known, see `ExpectedFailure`, beside those that the plugin ships.
        slow: None makes all checks, False leaves out those that take long, True makes these alone.

    Raises:
        ConfigError: There is no such level, or an expected failure names no check or nothing that the plugin brings.
        UnknownNameError: No such plugin is installed.
    """
    import pytest

    deepest, plugin = level_of(level), plugin_named(name)
    subjects, known = subjects_of(plugin), (*expected_of(plugin), *expected)
    require_known(known, subjects)
    looked_at = [subject for subject in subjects if checks_for(subject, deepest, slow)]

    @pytest.mark.parametrize("subject", looked_at, ids=[f"{subject.kind} {subject.id}" for subject in looked_at])
    def test(subject: Subject) -> None:
        outcomes: Any = judge(subject, checks_for(subject, deepest, slow), known)
        if failures := [outcome for outcome in outcomes if outcome.status.is_bad]:
            pytest.fail("\n".join(failure_text(subject.plugin, outcome) for outcome in failures), pytrace=False)

    test.__doc__ = f"The plugin {name} keeps the contracts of modaxfer, at levels 0 to {deepest:d}."
    return test
