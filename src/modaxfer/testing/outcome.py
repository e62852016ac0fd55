"""What became of each check, and of all of a plugin's."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from modaxfer.registry import PluginRecord
from modaxfer.testing.check import Check, Level

__all__ = ["Conformance", "Outcome", "Status"]


class Status(StrEnum):
    """What became of a check."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It does not apply, or something that it needs is not installed."""
    EXPECTED = "expected failure"
    """It fails, as the plugin says of itself."""
    UNEXPECTED = "unexpected pass"
    """It passes, and the plugin says that it fails."""

    @property
    def is_bad(self) -> bool:
        """Whether a plugin with such an outcome does not conform."""
        return self in (Status.FAILED, Status.UNEXPECTED)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one check of one subject."""

    check: Check
    kind: str
    """Of the subject."""
    id: str
    """Of the subject."""
    status: Status
    seconds: float = 0.0
    what: str = ""
    """What is wrong, or why the check was skipped."""
    got: str = ""
    allowed: str = ""
    fix: str = ""
    reason: str = ""
    """Why the failure is expected, in the plugin's words."""


@dataclass(frozen=True, kw_only=True)
class Conformance:
    """What became of all checks of one plugin. Returned by `modaxfer.testing.check_plugin`."""

    plugin: PluginRecord
    level: Level
    """The highest that was asked for."""
    outcomes: tuple[Outcome, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.failures

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """What is wrong."""
        return tuple(outcome for outcome in self.outcomes if outcome.status.is_bad)

    @property
    def unchecked(self) -> tuple[Level, ...]:
        """Levels that were asked for and at which nothing was looked at: there was nothing, or all was skipped."""
        made = {outcome.check.level for outcome in self.outcomes if outcome.status is not Status.SKIPPED}
        return tuple(level for level in Level if level <= self.level and level not in made)

    def counts(self, level: Level | None = None) -> dict[Status, int]:
        """Return how many checks ended how, at one level or at all."""
        count = Counter(o.status for o in self.outcomes if level is None or o.check.level == level)
        return {status: count[status] for status in Status if count[status]}
