"""Failures that a plugin knows of: said with a reason, and until which of its versions."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from modaxfer.errors import ConfigError

__all__ = ["ExpectedFailure"]

_MEANT = "ExpectedFailure('metric-perfect-is-best', of='sound/gain', reason='...', expires='0.3')"


@dataclass(frozen=True)
class ExpectedFailure:
    """A check that a plugin fails and knows that it does.

    It is strict: where the check passes after all, and from the version `expires` of the plugin on, that is a failure.

    Raises:
        ConfigError: There is no reason, or no version.
    """

    check: str
    """Name of the check."""
    of: str = ""
    """Id of what fails it; empty = the plugin as a whole."""
    reason: str = ""
    """Why, and what will be done: a sentence."""
    expires: str = ""
    """Version of the plugin's distribution from which on it has to pass."""

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ConfigError(f"the expected failure of {self.check} has no reason", allowed=_MEANT, fix="say why")
        try:
            Version(self.expires)
        except InvalidVersion:
            raise ConfigError(
                f"the expected failure of {self.check} does not say until when it is expected",
                got=self.expires or "no version",
                allowed=_MEANT,
                fix="name the version of your distribution that will pass",
            ) from None

    def is_expired(self, version: str) -> bool:
        """Return whether a plugin of this version has to pass; one without a readable version has to."""
        try:
            return Version(version) >= Version(self.expires)
        except InvalidVersion:
            return True
