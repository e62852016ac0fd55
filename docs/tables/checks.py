"""What the conformance kit checks."""

from __future__ import annotations

from modaxfer.testing import EVERY_KIND, PLUGIN, Level, standard_checks
from tables.markdown import code, table

_LOOKED_AT = {PLUGIN: "the plugin", EVERY_KIND: "each of its specs"}


def checks() -> str:
    """Return every standard check with its level, what it looks at and what holds where it passes."""
    rows = [
        [f"{level:d}", _LOOKED_AT.get(check.kind, check.kind), code(check.name), check.meaning + _slow(check.slow)]
        for level in Level
        for check in standard_checks(level)
    ]
    return table(["level", "looks at", "check", "what holds where it passes"], rows)


def _slow(slow: bool) -> str:
    return " Takes long." if slow else ""
