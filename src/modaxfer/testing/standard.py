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
    Level.IMPORT: ("importing",),
    Level.SPECS: ("specs", "signatures", "links"),
    Level.CONTRACT: (
        "encoders",
        "bridges",
        "tasks",
        "strategies",
        "losses",
        "metrics",
        "augmentations",
        "validators",
        "transferability",
        "reports",
        "heads",
        "classical_heads",
        "problems",
        "objectives",
        "observers",
    ),
    Level.WEIGHTS: ("checkpoints", "real_rows"),
}
"""Modules of the room `checks` that hold the checks of a level; each is imported when its level is asked for."""

STANDARD = {
    Level.METADATA: frozenset(
        {
            "plugin-has-a-namespace-of-its-own",
            "plugin-names-a-module-that-is-there",
            "plugin-requires-modaxfer",
            "plugin-says-what-it-is",
            "plugin-speaks-this-interface",
            "plugin-states-a-licence",
            "plugin-states-a-version",
            "plugin-states-its-pythons",
        }
    ),
    Level.IMPORT: frozenset(
        {
            "plugin-imports-nothing-heavy",
            "plugin-is-quick-to-import",
            "plugin-leaves-the-process-alone",
            "plugin-loads",
            "plugin-opens-no-socket",
            "plugin-starts-no-process",
            "plugin-uses-public-names-alone",
            "plugin-writes-no-file",
        }
    ),
    Level.SPECS: frozenset(
        {
            "augmentation-changes-known-signals",
            "bridge-joins-known-signals",
            "checkpoint-is-for-a-known-encoder",
            "checkpoint-states-its-licence",
            "classical-head-fits-known-links",
            "encoder-has-inputs-that-bridges-reach",
            "head-reads-vectors-or-tokens",
            "metric-scores-known-problems",
            "objective-learns-from-known-inputs",
            "problem-names-what-is-there",
            "spec-has-a-name-of-its-own",
            "spec-has-options-that-explain-themselves",
            "spec-has-the-methods-that-are-called",
            "spec-names-code-that-is-there",
            "spec-says-what-it-is",
            "spec-takes-what-it-is-given",
            "strategy-says-what-it-learns-from",
            "task-has-distinct-columns",
            "task-has-fields-that-bridges-take",
            "task-names-metrics-of-its-problem",
            "task-says-where-its-rows-are-from",
            "transferability-score-judges-known-links",
            "validator-needs-labels-as-its-class-says",
        }
    ),
    Level.CONTRACT: frozenset(
        {
            "encoder-size-is-as-declared",
            "encoder-rate-is-as-declared",
            "encoder-is-deterministic",
            "encoder-rows-are-prepared-alone-and-together",
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
            "strategy-writes-plans",
            "strategy-hides-targets-that-it-says-to-hide",
            "strategy-moves-what-it-declares",
            "strategy-disabled-adapter-is-the-base",
            "strategy-merged-adapter-says-the-same",
            "strategy-losses-are-finite-and-teach",
            "strategy-losses-count-each-row-alone",
            "head-answers-each-row",
            "head-is-its-config-and-its-tensors",
            "head-reads-what-it-says",
            "head-learns-by-gradient",
            "classical-head-learns-classes-that-lie-apart",
            "classical-head-is-deterministic",
            "classical-head-judges-each-value-by-rows-it-was-not-fitted-to",
            "task-every-split-has-rows",
            "task-labels-are-of-its-classes",
            "task-no-row-is-in-two-splits",
            "task-is-seeded",
            "task-inputs-can-be-read",
            "problem-labels-are-read-back",
            "problem-loss-is-one-of-each-row",
            "problem-least-loss-is-the-right-answer",
            "problem-decodes-each-row",
            "problem-absent-and-unknown-labels-are-no-others",
            "problem-restored-is-what-was-stored",
            "problem-weighs-classes-or-refuses",
            "objective-teaches-the-encoder",
            "objective-draws-by-its-generator",
            "objective-goes-on-from-what-is-kept",
            "objective-needs-what-it-says",
            "plugin-observers-bear-every-run",
            "plugin-observers-write-to-the-run-alone",
            "metric-is-a-float",
            "metric-perfect-is-best",
            "metric-stays-in-its-bounds",
            "metric-constant-is-known",
            "metric-more-right-is-better",
            "metric-shuffled-is-near-chance",
            "metric-heeds-its-groups",
            "metric-order-of-rows-changes-nothing",
            "metric-leaves-its-arrays-alone",
            "metric-undefined-is-not-a-number",
            "augmentation-keeps-kind-and-shape",
            "augmentation-follows-its-generator",
            "augmentation-strength-zero-changes-nothing",
            "augmentation-leaves-what-it-is-given-alone",
            "augmentation-heeds-what-is-forbidden",
            "validator-is-a-number",
            "validator-is-the-same-each-time",
            "validator-leaves-what-it-sees-alone",
            "transferability-score-is-a-judgement",
            "transferability-score-is-the-same-each-time",
            "transferability-score-clear-rows-are-better",
            "report-renders-an-empty-run",
            "report-renders-a-failed-run",
            "report-writes-into-its-folder-alone",
        }
    ),
    Level.WEIGHTS: frozenset(
        {
            "checkpoint-real-weights-keep-the-contract",
            "checkpoint-real-weights-are-kept-when-saved",
            "task-real-rows-keep-the-contract",
        }
    ),
}
"""Names of the checks of each level. A check that is added or taken away is added or taken away here as well: what is
not found, and what is found and not named, ends every run of the kit."""


@cache
def standard_checks(level: Level) -> tuple[Check, ...]:
    """Return the checks of one level, in the order in which they are run.

    Raises:
        AssertionError: They are not those that `STANDARD` names.
    """
    modules = [import_module(f"modaxfer.testing.checks.{name}") for name in MODULES[level]]
    checks = tuple(check for module in modules for check in module.CHECKS)
    off = {check.name for check in checks} ^ STANDARD[level]
    if off or len(checks) != len(STANDARD[level]):
        raise AssertionError(
            f"checks of level {level:d} are not the standard ones: {', '.join(sorted(off)) or 'twice'}"
        )
    return checks
