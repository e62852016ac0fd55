"""Level 3 of losses, which come with the strategy that names them: they teach, and tell of each row by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from modaxfer.contracts import UNSEEN, Step, StreamBatch
from modaxfer.testing.check import Check, Level, check, fail
from modaxfer.testing.material.loss_cases import LossCase, loss_cases, rows_of

if TYPE_CHECKING:
    from modaxfer.testing.subject import Subject

__all__ = ["CHECKS"]

NEAR = 1e-5
"""Float32 sums in another order."""

SURE = 30.0
"""What outputs are multiplied by for a model that is sure of every row, and wrong about some."""


@check(Level.CONTRACT, "strategy")
def losses_are_finite_and_teach(subject: Subject) -> None:
    """Its losses are finite, of a model that is sure and wrong too, and send a finite gradient to what they read.

    One row that is not a number ends a run; a loss that was detached trains nothing.
    """
    for case in loss_cases(subject):
        moved = [_gradient(case, step) for scale in (1.0, SURE) for step in case.steps(scale=scale)]
        if not any(moved):
            fail(
                f"loss {case.term.spec.name} sends no gradient to what it reads",
                got=sorted(case.term.spec.reads),
                fix="compute it from these by torch alone, and detach none that is to learn",
            )


@check(Level.CONTRACT, "strategy")
def losses_count_each_row_alone(subject: Subject) -> None:
    """A loss per row is the same with the row alone; a row of a class that train lacks counts as no other class.

    Steps are cut into parts of any size, and the runner averages over the rows of the whole step.
    """
    for case in loss_cases(subject):
        if not case.term.spec.joint:
            for step in case.steps():
                _require_alone(case, step)
                _require_unseen_borne(case, step)


def _gradient(case: LossCase, step: Step) -> bool:
    """Return whether a gradient reaches what the loss reads; it has to be finite."""
    losses = case.term(step).losses
    if not losses.isfinite().all():
        fail(
            f"loss {case.term.spec.name} is not finite", got=losses.tolist(), fix="use log_softmax, clamp denominators"
        )
    leaves = [one for one in _read(step) if one.requires_grad]
    if not losses.requires_grad:
        return False
    gradients = torch.autograd.grad(losses.sum(), leaves, allow_unused=True)
    told = [one for one in gradients if one is not None]
    if not all(one.isfinite().all() for one in told):
        fail(f"the gradient of loss {case.term.spec.name} is not finite", fix="add a small number below roots")
    return any(bool(one.any()) for one in told)


def _read(step: Step) -> list[torch.Tensor]:
    values = [value for stream in step.streams.values() for value in stream.made.values()]
    flat = [one for value in values for one in (value.values() if isinstance(value, Mapping) else [value])]
    return [getattr(one, "tokens", one) for one in flat] + [one.now for one in (step.trained or {}).values()]


def _require_alone(case: LossCase, step: Step) -> None:
    whole, stream = case.term(step), step.only
    alone = [case.term(_with(step, rows_of(stream, [row]))) for row in range(len(stream.rows))]
    if not torch.allclose(torch.cat([one.losses for one in alone]), whole.losses, rtol=NEAR, atol=NEAR):
        got = f"{_told(whole.losses)} together, {', '.join(_told(one.losses) for one in alone)} alone"
        fix = "return the loss of each row, and leave the mean to the runner; or say joint=True"
        fail(f"loss {case.term.spec.name} of a row depends on the rows beside it", got=got, fix=fix)


def _require_unseen_borne(case: LossCase, step: Step) -> None:
    targets, name = step.only.targets, case.term.spec.name
    if targets is None or targets.is_floating_point():
        return
    whole, strange = case.term(step).losses, _last_as(case, step, UNSEEN)
    known = torch.stack([_last_as(case, step, one)[-1] for one in range(case.facts[step.only.name].outputs)])
    same = [number for number, one in enumerate(known) if torch.isclose(one, strange[-1], rtol=NEAR, atol=NEAR)]
    if known.max() - known.min() > NEAR and same:
        what = f"loss {name} takes a row of a class that train lacks, target {UNSEEN}, for one of class {same[0]}"
        fail(what, got=_told(strange), fix="give such a row 0, or hand it to the criterion's loss")
    if not strange.isfinite().all() or not torch.allclose(strange[:-1], whole[:-1], rtol=NEAR, atol=NEAR):
        what = f"loss {name} does not bear a row of a class that train lacks, target {UNSEEN}"
        fail(what, got=_told(strange), allowed="finite numbers, of other rows as before", fix="give such a row 0")


def _last_as(case: LossCase, step: Step, target: int) -> torch.Tensor:
    """Return the losses where the last row is of class `target`."""
    assert step.only.targets is not None, "asked of streams whose labels are given"
    targets = step.only.targets.clone()
    targets[-1] = target
    return case.term(_with(step, replace(step.only, targets=targets))).losses.detach()


def _with(step: Step, batch: StreamBatch) -> Step:
    return replace(step, streams={batch.name: batch})


def _told(losses: torch.Tensor) -> str:
    return " ".join(f"{value:.4g}" for value in losses.tolist())


CHECKS: tuple[Check, ...] = (losses_are_finite_and_teach, losses_count_each_row_alone)
