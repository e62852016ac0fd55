"""The standard checks: named here one by one, so that none is lost, and found in their modules.

To add checks of a kind: a module of this room with functions under `modaxfer.testing.check` and a tuple ``CHECKS`` of
them, its name in `MODULES`, theirs in `STANDARD`; `make docs` puts them into the table of all checks.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from modaxfer.testing.check import Check, Level

__all__ = ["MODULES", "STANDARD", "standard_checks"]

MODULES = {
    Level.METADATA: ("metadata",),
    Level.IMPORT: (),
    Level.SPECS: (),
    Level.CONTRACT: ("encoders", "bridges"),
    Level.WEIGHTS: (),
}
"""Modules of this room that hold the checks of a level; each is imported when its level is asked for."""

STANDARD = {
    Level.METADATA: frozenset({"plugin-has-a-namespace-of-its-own"}),
    Level.IMPORT: frozenset(),
    Level.SPECS: frozenset(),
    Level.CONTRACT: frozenset(
        {
            "encoder-size-is-as-declared",
            "encoder-is-deterministic",
            "encoder-padding-changes-nothing",
            "encoder-order-of-rows-changes-nothing",
            "encoder-takes-the-shortest-input",
            "encoder-cuts-long-inputs",
            "encoder-gradients-reach-every-parameter",
            "encoder-cut-anywhere-is-the-whole",
            "encoder-saved-is-what-is-loaded",
            "encoder-random-weights-follow-the-seed",
            "bridge-gives-one-value-of-each-row",
            "bridge-is-deterministic",
            "bridge-looks-at-each-row-alone",
            "bridge-identity-names-every-option",
            "bridge-restored-is-what-was-fitted",
            "bridge-embedder-keeps-the-mask",
        }
    ),
    Level.WEIGHTS: frozenset(),
}
"""Names of the checks of each level. A check that is added or taken away is added or taken away here as well: what is
not found, and what is found and not named, ends every run of the kit."""


@cache
def standard_checks(level: Level) -> tuple[Check, ...]:
    """Return the checks of one level, in the order in which they are run.

    Raises:
        AssertionError: They are not those that `STANDARD` names.
    """
    modules = [import_module(f"modaxfer.testing.{name}") for name in MODULES[level]]
    checks = tuple(check for module in modules for check in module.CHECKS)
    off = {check.name for check in checks} ^ STANDARD[level]
    if off or len(checks) != len(STANDARD[level]):
        raise AssertionError(
            f"checks of level {level:d} are not the standard ones: {', '.join(sorted(off)) or 'twice'}"
        )
    return checks
