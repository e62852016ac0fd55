"""Level 3 of pretraining objectives: a loss by which an encoder can learn, drawn by its seed, and gone on with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from modaxfer.contracts import ObjectiveLoss
from modaxfer.testing.check import Check, Level, check, fail, skip
from modaxfer.testing.material.objective_cases import Built, ObjectiveCase, objective_cases
from modaxfer.testing.subject import Subject

__all__ = ["CHECKS"]

RATE = 1e-2


@check(Level.CONTRACT, "objective")
def teaches_the_encoder(subject: Subject) -> None:
    """On each input that it says, its loss is a finite scalar whose gradient reaches the encoder, with a vector a row.

    It is given exactly what its spec says that it needs: a teacher, labels, what stands beside.
    """
    for number, case in enumerate(objective_cases(subject)):
        built, rows = _begun(case, _folder(subject, number)), case.rows()
        said = built.said(rows, training=True)
        _require_loss(case, built, said, len(rows))
        said.loss.backward()  # type: ignore[no-untyped-call]
        reached = [one.grad for one in built.encoder.parameters() if one.grad is not None]
        if not any(one.any() for one in reached):
            fail(f"{case}: its loss does not reach the encoder", fix="ask context.student.encoder, with gradients")
        if not all(one.isfinite().all() for one in reached):
            fail(f"{case}: gradients of the encoder are not finite", fix="guard logarithms, roots and divisions")


@check(Level.CONTRACT, "objective")
def draws_by_its_generator(subject: Subject) -> None:
    """One seed gives one batch and one loss, whatever was drawn elsewhere; rows that are prepared stay as they are.

    A step is seeded by its number, so that a pretraining that was killed goes on as if it had not been.
    """
    case = objective_cases(subject)[0]
    built, rows = _begun(case, subject.folder), case.rows()
    before = [dict(row) for row in rows]
    first, second = (_prepared(built, rows, elsewhere) for elsewhere in (1, 2))
    if not _same(first[0], second[0]) or not torch.equal(first[1], second[1]):
        got = [f"{float(each[1]):.6g}" for each in (first, second)]
        fix = "draw in prepare alone, by the generator that it is given"
        fail(f"{case}: one seed gives two batches or losses", got=got, allowed="the same", fix=fix)
    if [dict(row) for row in rows] != before:
        fail(f"{case}: it changes the rows that it is given", fix="make new ones in prepare")


@check(Level.CONTRACT, "objective")
def goes_on_from_what_is_kept(subject: Subject) -> None:
    """With parameters and buffers of one that has learned, a fresh one that is not begun has the same loss.

    Of a pretraining that is stopped nothing else is kept.
    """
    case = objective_cases(subject)[0]
    built = _begun(case, _folder(subject, "first"))
    built.said(case.rows(), training=True).loss.backward()  # type: ignore[no-untyped-call]
    _step(built)
    twin = case.built(_folder(subject, "again"), seed=1)
    _fill(case, twin, built)
    with torch.no_grad():
        one, other = (each.said(case.rows(seed=1), seed=3).loss for each in (built, twin))
    if not torch.equal(one, other):
        fail(
            f"{case}: stopped and gone on with, it is another",
            got=f"a loss of {float(other):.6g} instead of {float(one):.6g}",
            fix="keep what begin learns, and what counts steps, in buffers",
        )


@check(Level.CONTRACT, "objective")
def needs_what_it_says(subject: Subject) -> None:
    """Where it says that it needs a teacher or labels, it does not say the same without.

    Users are made to name them, and rows without labels are refused.
    """
    spec = subject.spec
    if not (spec.teacher or spec.labels):
        skip("it needs neither a teacher nor labels, and is given none anywhere")
    case, what = objective_cases(subject)[0], "a teacher" if spec.teacher else "labels"
    built = _begun(case, _folder(subject, "given"))
    with torch.no_grad():
        wanted, alone = built.said(case.rows()).loss, _loss_without(case, _folder(subject, "alone"))
    if alone is not None and torch.equal(alone, wanted):
        fail(
            f"{case}: it says that it needs {what}, and has the same loss without",
            got=f"{float(alone):.6g}",
            fix="leave it out of its spec, or heed what context gives",
        )


def _require_loss(case: ObjectiveCase, built: Built, said: Any, rows: int) -> None:
    if not isinstance(said, ObjectiveLoss):
        allowed = "modaxfer.contracts.ObjectiveLoss(loss=..., vectors=...)"
        fail(f"{case}: it does not return what it says of a batch", got=type(said).__name__, allowed=allowed)
    if said.loss.shape != () or not said.loss.isfinite():
        got = f"shape {tuple(said.loss.shape)}, {said.loss.detach().tolist()}"
        fail(f"{case}: its loss is not one finite number", got=got[:120], allowed="a scalar", fix="take the mean")
    if not said.loss.requires_grad:
        fail(f"{case}: its loss has no gradient", fix="compute it outside of no_grad")
    shape, wanted = tuple(said.vectors.shape), (rows, built.encoder.hidden_size)
    if shape != wanted or not said.vectors.isfinite().all():
        fail(f"{case}: vectors are not one of each row, as the encoder has them", got=shape, allowed=wanted)
    if wrong := [name for name, number in said.numbers.items() if number.shape != () or not number.isfinite()]:
        fail(f"{case}: numbers for the log are no finite scalars", got=wrong, fix="take means")


def _loss_without(case: ObjectiveCase, folder: Path) -> torch.Tensor | None:
    """Return its loss without teacher and labels; None where there is none, for whatever reason."""
    try:
        built = case.built(folder, given=False)
        built.begin(case.rows())
        return built.said(case.rows()).loss
    except Exception:  # However it fails, it says that it needs them.
        return None


def _begun(case: ObjectiveCase, folder: Path) -> Built:
    built = case.built(folder)
    built.begin(case.rows())
    return built


def _prepared(built: Built, rows: Any, elsewhere: int) -> tuple[Any, torch.Tensor]:
    """Return a batch and its loss in evaluation mode, after others have drawn from the common generator."""
    with torch.random.fork_rng(devices=()), torch.no_grad():
        torch.manual_seed(elsewhere)
        prepared = built.objective.prepare(rows, torch.Generator().manual_seed(7))
        torch.manual_seed(elsewhere + 10)
        built.module.eval()
        return prepared, built.objective(prepared).loss


def _step(built: Built) -> None:
    with torch.no_grad():
        for one in built.module.parameters():
            if one.grad is not None:
                one.sub_(RATE * one.grad)


def _fill(case: ObjectiveCase, twin: Built, built: Built) -> None:
    kept, own = built.kept(), twin.kept()
    if kept.keys() != own.keys() or any(one.shape != own[name].shape for name, one in kept.items()):
        odd = sorted(kept.keys() ^ own.keys())
        fail(f"{case}: before it is begun it has other tensors", got=odd[:3], fix="make all of them when it is built")
    with torch.no_grad():
        for name, one in own.items():
            one.copy_(kept[name])


def _folder(subject: Subject, name: object) -> Path:
    place = subject.folder / str(name)
    place.mkdir()
    return place


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, Mapping):
        return isinstance(other, Mapping) and one.keys() == other.keys() and all(_same(one[k], other[k]) for k in one)
    return torch.equal(one, other) if isinstance(one, torch.Tensor) else True


CHECKS: tuple[Check, ...] = (
    teaches_the_encoder,
    draws_by_its_generator,
    goes_on_from_what_is_kept,
    needs_what_it_says,
)
