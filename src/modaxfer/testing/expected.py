"""Failures that a plugin knows of: said with a reason, and until which of its versions."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from packaging.version import InvalidVersion, Version

from modaxfer.errors import ConfigError

if TYPE_CHECKING:
    from modaxfer.registry import PluginRecord

__all__ = ["ExpectedFailure", "expected_of"]

MODULE = "expected_failures"
"""Name of a module beside a plugin's light one, whose ``EXPECTED`` holds what its author knows to fail."""

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


def expected_of(plugin: PluginRecord) -> tuple[ExpectedFailure, ...]:
    """Return what a plugin says of itself that fails: ``EXPECTED`` of the module `MODULE` beside its light one.

    Both the command and the test read it there. A plugin without a package of its own has none.

    Raises:
        ConfigError: There is such a module, and no ``EXPECTED`` in it that holds expected failures.
    """
    package = plugin.module.rpartition(".")[0]
    if not package or find_spec(package) is None or find_spec(f"{package}.{MODULE}") is None:
        return ()
    found: Any = getattr(import_module(f"{package}.{MODULE}"), "EXPECTED", None)
    if isinstance(found, tuple) and all(isinstance(one, ExpectedFailure) for one in found):
        return found
    raise ConfigError(
        f"{package}.{MODULE} does not say what is expected to fail",
        got="no EXPECTED" if found is None else f"EXPECTED, {type(found).__name__} {found!r}"[:200],
        allowed=f"EXPECTED = ({_MEANT},)",
        fix="correct it, or remove the module",
    )
