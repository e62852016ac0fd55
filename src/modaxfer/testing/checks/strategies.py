"""Level 3 of strategies: their plans hold, and carried out on tiny weights they move what they name, nothing else."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch

from modaxfer.encoders.adapter_merge import merge_adapter
from modaxfer.encoders.adapters import attach_adapter
from modaxfer.encoders.checkpoints import resolve
from modaxfer.errors import RefusedError
from modaxfer.plan import AdapterSpec, Plan, Role
from modaxfer.testing.check import Check, Level, check, fail, skip
from modaxfer.testing.material.encoder_cases import EncoderCase, opened, tiny_encoder
from modaxfer.testing.material.strategy_cases import Carried, carried_out, plans_of
from modaxfer.testing.subject import Subject

__all__ = ["CHECKS", "require_disabled_is_base", "require_merged_is_same", "require_moves"]

NEAR = 1e-4
"""Sums in another order, of states that are as large as one or two."""


@check(Level.CONTRACT, "strategy")
def writes_plans(subject: Subject) -> None:
    """It writes a plan, or refuses with a reason; told the same it writes the same; its rates are above 0.

    A plan is data: what a run does is what it says, and a run is repeated by its config.
    """
    plans = plans_of(subject)
    if not plans:
        skip("it refuses a tiny encoder with a few rows of two classes, with its default options")
    again = plans_of(subject)
    for name, plan in plans.items():
        if not isinstance(plan, Plan):
            fail("a strategy writes no plan", got=type(plan).__name__, allowed="a modaxfer.plan.Plan", fix="return one")
        if plan != again[name]:
            fail("a strategy, told the same, writes two plans", got=f"told of {name}", fix="draw nothing at random")
        for phase in plan.phases:
            if wrong := [part for part, rate in phase.learning_rates.items() if not 0 < rate < math.inf]:
                fail(f"phase {phase.name} has rates that move nothing", got=wrong, allowed="numbers above 0")


@check(Level.CONTRACT, "strategy")
def hides_targets_that_it_says_to_hide(subject: Subject) -> None:
    """One that adapts from a labelled source, or from a run, sees no target of the task that it adapts to.

    Else its score would be compared with those of methods that had no labels.
    """
    if not subject.spec.adapts and not subject.spec.from_run:
        skip("it learns from the task's own labels")
    for name, plan in plans_of(subject).items():
        if plan.shows(Role.TARGET):
            fail(
                "a strategy that adapts reads the labels of the task it adapts to",
                got=f"a stream of role target whose labels are given, told of {name}",
                allowed="Stream(labels=Labels.HIDDEN)",
                fix="hide them, or leave adapts and from_run out of its spec",
            )


@check(Level.CONTRACT, "strategy")
def moves_what_it_declares(subject: Subject) -> None:
    """Carried out, its plan moves something, and nothing but what a phase declares; sealed targets stay sealed.

    What is declared frozen is computed once and kept: a tensor that moved in secret makes the cache lie.
    """
    require_moves(carried_out(subject))


@check(Level.CONTRACT, "strategy")
def disabled_adapter_is_the_base(subject: Subject) -> None:
    """With its adapter switched off, an encoder says what it said before one was attached, bit by bit.

    The base weights are kept by reference; an adapter that changes them cannot be loaded again.
    """
    require_disabled_is_base(_base(), _adapter(subject))


@check(Level.CONTRACT, "strategy")
def merged_adapter_says_the_same(subject: Subject) -> None:
    """Merged into the weights, its adapter says the same as beside them, and to merge again changes nothing.

    Runs are saved, joined and gone on with in merged form.
    """
    require_merged_is_same(_base(), _adapter(subject))


def require_moves(carried: Carried) -> None:
    """Require that something that is declared moved, and nothing else."""
    if secret := sorted(carried.moved - carried.declared):
        fail(
            "a strategy moves what no phase declares",
            got=[f"{name} ({carried.parts[name]})" for name in secret[:3]],
            allowed=sorted({str(each) for phase in carried.plan.phases for each in phase.trainable}),
            fix="name the part in Phase.trainable, or change no tensor beside the optimiser",
        )
    if carried.plan.phases and all(phase.solver is None for phase in carried.plan.phases) and not carried.moved:
        got = [phase.name for phase in carried.plan.phases]
        fail("a strategy moves nothing", got=got, fix="give its phases epochs and rates, and a loss that is not 0")


def require_disabled_is_base(case: EncoderCase, adapter: AdapterSpec) -> None:
    """Require that an attached adapter leaves the base as it was."""
    twin = _adapted(case, adapter)
    layers = [module for module in twin.encoder.modules() if hasattr(module, "enable_adapters")]
    if not layers:
        skip(f"an adapter by {adapter.method} has no switch")
    for layer in layers:
        layer.enable_adapters(False)
    with torch.no_grad():
        gap = float((twin.whole(twin.given()).tokens - case.whole(case.given()).tokens).abs().max())
    if gap:
        fail(
            f"an adapter by {adapter.method}, switched off, is not the base",
            got=f"states that differ by up to {gap:.2g}",
            allowed="what the encoder said before, bit by bit",
            fix="change no weight of the base when it is attached",
        )


def require_merged_is_same(case: EncoderCase, adapter: AdapterSpec) -> None:
    """Require that merging an adapter changes nothing that is said, once and again."""
    twin = _adapted(case, adapter)
    with torch.no_grad():
        beside = twin.whole(twin.given()).tokens
        try:
            merge_adapter(twin.encoder)
        except RefusedError as refused:
            skip(f"it cannot be merged, and says so: {refused.got}")
        merged = twin.whole(twin.given()).tokens
        merge_adapter(twin.encoder)
        again = twin.whole(twin.given()).tokens
    gap, more = float((merged - beside).abs().max()), float((again - merged).abs().max())
    if not gap <= NEAR or more:
        fail(
            f"an adapter by {adapter.method}, merged, says something else",
            got=f"states that differ by up to {gap:.2g}, merged again by {more:.2g}",
            allowed=f"{NEAR:.0e} by sums in another order, and nothing when merged again",
            fix="put exactly what is added into the weights, and leave no adapter behind",
        )


def _adapter(subject: Subject) -> AdapterSpec:
    found = next((plan.adapter for plan in plans_of(subject).values() if plan.adapter is not None), None)
    if found is None:
        skip("it attaches no adapter")
    return found


def _base() -> EncoderCase:
    return opened("bert", resolve(str(tiny_encoder("bert"))))[0]


def _adapted(case: EncoderCase, adapter: AdapterSpec) -> EncoderCase:
    """Return the encoder with an adapter that has learned something."""
    encoder: Any = copy.deepcopy(case.encoder)
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        attach_adapter(encoder, adapter)
        with torch.no_grad():
            for name, parameter in encoder.named_parameters():
                if name in encoder.adapter_parameters:
                    parameter.add_(0.05 * torch.randn_like(parameter))
    return EncoderCase(name=case.name, kind=case.kind, encoder=encoder.eval(), resolved=case.resolved)


CHECKS: tuple[Check, ...] = (
    writes_plans,
    hides_targets_that_it_says_to_hide,
    moves_what_it_declares,
    disabled_adapter_is_the_base,
    merged_adapter_says_the_same,
)
