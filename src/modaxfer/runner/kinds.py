"""Which kinds of companions there are: the one list that a new kind is added to, and what others ask of it.

A kind is a file of `modaxfer.runner.beside` and a line here. Imports nothing heavy: before torch is there, folders are
claimed by these names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modaxfer.config import RunConfig
from modaxfer.plan import Plan
from modaxfer.registry import load_target

__all__ = [
    "KINDS",
    "PRETRAINING",
    "SOURCE_STAGE",
    "UNLABELLED_ROWS",
    "DeclaredKind",
    "Step",
    "asked_companions",
    "asks_by_settings",
    "baseline_labels",
    "steps",
    "without_companions",
]

ROOM = "modaxfer.runner.beside"


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of a transfer, and how people call the run without it, which says what the step gained."""

    name: str
    """Its key in ``transfer_gain`` of a result."""
    baseline: str
    """The run without it among the baselines."""
    said: str
    """What gained or harmed: ``pretraining``."""
    rival: str
    """The run without it, in a sentence."""
    against: str
    """What the run without it has in its place."""
    columns: tuple[str, str]
    """Heads of the scores with and without it."""
    note: str
    """What the two have in common, as a sentence."""


PRETRAINING = Step(
    name="pretraining",
    baseline="scratch",
    said="pretraining",
    rival="the same architecture from scratch",
    against="random weights",
    columns=("pretrained", "from scratch"),
    note="The same architecture on the same rows, for as many epochs and with the same search over learning rates, "
    "from pretrained and from random weights.",
)


UNLABELLED_ROWS = Step(
    name="unlabelled",
    baseline="labelled",
    said="rows without labels",
    rival="the same strategy without the rows that came without labels",
    against="labelled rows alone",
    columns=("with unlabelled rows", "without"),
    note="The same strategy on the same labelled rows, for as many steps, with and without the rows of --unlabelled.",
)


SOURCE_STAGE = Step(
    name="source",
    baseline="without_source",
    said="the source stage",
    rival="the same run without it",
    against="no source stage",
    columns=("with source stage", "without"),
    note="The same request with and without the source stage, the same seeds, rows and options.",
)


@dataclass(frozen=True, kw_only=True)
class DeclaredKind:
    """What is known of a kind of companions before any of them is run."""

    folder: str
    """Where they lie in the run's folder, each in one of its own."""
    does: str
    """``module:NAME`` of its `modaxfer.runner.beside.companion.Kind`."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings that ask for it, each with the value that asks for none."""
    one: str = ""
    """Setting that makes a run one of them, which then keeps the settings that ask for all."""
    asks: str = ""
    """``module:function`` that returns what a plan asks for, given that and the config; empty where no plan does."""
    files: tuple[str, ...] = ()
    """Files that it leaves at the top of the run's folder."""
    baselines: Mapping[str, str] = field(default_factory=dict)
    """Baselines that it puts into the result, each with its name for people."""
    step: Step | None = None
    """The step of a transfer that its companions do without."""

    def asked(self, config: RunConfig) -> bool:
        """Return whether the settings of `config` ask for it, and `config` is not one of them."""
        return not self.is_one(config) and any(getattr(config, name) != none for name, none in self.settings.items())

    def is_one(self, config: RunConfig) -> bool:
        """Return whether the run of `config` is one of them."""
        return bool(self.one) and getattr(config, self.one) is not None


KINDS = (
    DeclaredKind(folder="seeds", does=f"{ROOM}.seeds:SEEDS", settings={"seeds": 1}),
    DeclaredKind(folder="episodes", does=f"{ROOM}.episodes:EPISODES", settings={"episodes": 1}),
    DeclaredKind(
        folder="folds",
        does=f"{ROOM}.folds:FOLDS",
        settings={"folds": None},
        one="fold",
        files=("out_of_fold.parquet",),
    ),
    DeclaredKind(
        folder="scratch",
        does=f"{ROOM}.scratch:FROM_SCRATCH",
        settings={"baseline": ()},
        baselines={"scratch": "from scratch"},
        step=PRETRAINING,
    ),
    DeclaredKind(
        folder="without-source",
        does=f"{ROOM}.without_source:WITHOUT_SOURCE",
        asks=f"{ROOM}.without_source:asked",
        baselines={"without_source": "without source stage"},
        step=SOURCE_STAGE,
    ),
    DeclaredKind(
        folder="labelled",
        does=f"{ROOM}.labelled:LABELLED_ONLY",
        settings={"baseline": ()},
        baselines={"labelled": "labelled rows alone"},
        step=UNLABELLED_ROWS,
    ),
    DeclaredKind(folder="alone", does=f"{ROOM}.alone:ALONE", asks=f"{ROOM}.alone:asked"),
    DeclaredKind(
        folder="bounds",
        does=f"{ROOM}.bounds:BOUND_RUNS",
        asks=f"{ROOM}.bounds:asked",
        baselines={"source_only": "source only", "target_oracle": "target oracle"},
    ),
)
"""All kinds, in the order in which their companions are run."""


def asks_by_settings(config: RunConfig) -> bool:
    """Return whether a setting of `config` asks for companions."""
    return any(kind.asked(config) for kind in KINDS)


def asked_companions(plan: Plan, config: RunConfig) -> tuple[str, ...]:
    """Return what `plan` is to be measured against, as ``companions`` of a result holds it.

    Each would spend again of what a private run has promised: there it is nothing.
    """
    if plan.privacy is not None:
        return ()
    return tuple(name for kind in KINDS if kind.asks for name in load_target(kind.asks)(plan, config))


def without_companions(config: RunConfig) -> dict[str, Any]:
    """Return the settings that ask for companions of `config`, with values that ask for none."""
    return {name: none for kind in KINDS if not kind.is_one(config) for name, none in kind.settings.items()}


def baseline_labels() -> dict[str, str]:
    """Return the baselines that companions give a result, each with its name for people."""
    return {name: label for kind in KINDS for name, label in kind.baselines.items()}


def steps() -> tuple[Step, ...]:
    """Return the steps of a transfer whose gain companions measure, in the order in which a model takes them."""
    return tuple(kind.step for kind in KINDS if kind.step is not None)
