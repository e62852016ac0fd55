"""Whether inputs mean the same in both tasks: what a classifier of the source loses on the target beyond the inputs.

Cai, Namkoong & Yadlowsky 2023, "Diagnosing Model Performance Under Distribution Shift" (DISDE): between the source's
inputs and the target's stand those that both have. From the source to these, and from these to the target, only inputs
change; among these, only what they mean.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from modaxfer.heads.classical.cut import FitTargets
from modaxfer.heads.classical.ridge import Ridge, solve_ridge
from modaxfer.heads.classical.space import Space
from modaxfer.registry import problem_spec
from modaxfer.transferability.nests import Nests
from modaxfer.transferability.shift.effects import Part, effect, resamples
from modaxfer.transferability.targets import criterion_of

if TYPE_CHECKING:
    from modaxfer.contracts import Criterion, Encoded
    from modaxfer.transferability.shift.pair import PairOfTasks

__all__ = ["Decomposed", "concept_part", "decomposed"]

FEW_SHARED = 30
"""Rows that the shared inputs amount to on either side, below which a reader is warned."""


class Decomposed(NamedTuple):
    """The mean loss on the target less that on the source, and its three terms, ``[times]`` each."""

    total: np.ndarray
    concept: np.ndarray
    """On shared inputs: the target's mean loss less the source's."""
    covariate: np.ndarray
    """From the source's inputs to shared ones, and from these to the target's."""


def concept_part(pair: PairOfTasks, shares: np.ndarray) -> Part:
    """Return what a ridge fitted to the source loses on the target, parted by cause.

    The loss is 0 or 1 for classes, the share of wrong labels, or the squared error in units of the source's variance.
    Rows of the source are judged by fits to other folds, rows of the target by the mean loss of the same fits. A class
    that the source lacks is always wrong. The penalty is that of the least loss on the source.

    Args:
        pair: The tasks.
        shares: How likely each compared row is one of the target's.
    """
    targets, reason = _in_terms_of_source(pair)
    if targets is None:
        return Part(left_out=reason)
    losses = _losses(pair, targets)
    drawn = [losses[side][pair.drawn[side]] for side in (0, 1)]
    sides = [shares[pair.domain == side] for side in (0, 1)]
    # A row counts for shared inputs as far as the other task has it too: density p q / (p + q).
    shared = sides[0], 1 - sides[1]
    once = decomposed(drawn, shared, [np.ones((1, len(each))) for each in drawn])
    weights = [resamples(len(each), pair.groups(side), pair.source.seed + side) for side, each in enumerate(drawn)]
    found = decomposed(drawn, shared, weights)
    return Part(
        effects=(
            effect("loss on the target less the source's", once.total[0], found.total, _meaning(pair.source)),
            effect("of that, concept", once.concept[0], found.concept, "inputs that both tasks have mean other things"),
            effect("of that, covariate", once.covariate[0], found.covariate, "the target has other, harder inputs"),
        ),
        notes=_notes(shared, pair),
    )


def decomposed(
    losses: list[np.ndarray], shared: tuple[np.ndarray, np.ndarray], weights: list[np.ndarray]
) -> Decomposed:
    """Return the decomposition of Cai, Namkoong & Yadlowsky 2023, equation 3; its two covariate terms are one here.

    Args:
        losses: Of rows of the source and of the target.
        shared: How far each of them counts for the shared inputs.
        weights: How often each counts, ``[times, rows]``.
    """
    plain = [times @ loss / times.sum(1) for loss, times in zip(losses, weights, strict=True)]
    on_shared = [
        times @ (far * loss) / np.maximum(times @ far, np.finfo(float).tiny)
        for loss, far, times in zip(losses, shared, weights, strict=True)
    ]
    total, concept = plain[1] - plain[0], on_shared[1] - on_shared[0]
    return Decomposed(total, concept, total - concept)


def _in_terms_of_source(pair: PairOfTasks) -> tuple[np.ndarray | None, str]:
    """Return the target's targets by the source's numbers of classes, or why that cannot be done."""
    source, target = pair.source, pair.target
    links = [problem_spec(each.problem).link for each in (source, target)]
    if links[0] != links[1] or not links[0]:
        return None, f"targets of another kind: {source.problem} and {target.problem}"
    if links[0] == "identity":
        return np.asarray(target.targets), ""
    if links[0] == "sigmoid":
        if set(source.classes) != set(target.classes):
            return None, "the tasks do not have the same labels"
        return np.asarray(target.targets)[:, [list(target.classes).index(name) for name in source.classes]], ""
    place = {name: number for number, name in enumerate(source.classes)}
    if not place.keys() & set(target.classes):
        return None, "the tasks have no class in common"
    return np.array([place.get(name, -1) for name in target.classes])[target.targets], ""


def _losses(pair: PairOfTasks, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the loss of each row of the source, ``[rows]``, and of the target."""
    source, criterion = pair.source, criterion_of(pair.source)
    nests, link = Nests(source), problem_spec(source.problem).link
    references = source.targets[nests.order]
    cut = nests.cut(pair.features[0], FitTargets.of(references, criterion, None))
    cut = replace(cut, uses=cut.uses[: nests.count], held=tuple(range(nests.count)))
    other = (torch.from_numpy(pair.features[1]).float() - cut.shift) / cut.scale
    space, best, found = Space.standardised(cut), np.inf, None
    for penalty in Ridge.grid:
        maps = solve_ridge(space, penalty)
        own = _loss(criterion, link, cut.held_out(maps), references)
        if own.mean() < best:
            said = [torch.addmm(maps.bias[fold], other, maps.weight[fold]) for fold in range(nests.count)]
            best, found = own.mean(), (own, np.mean([_loss(criterion, link, each, targets) for each in said], axis=0))
    assert found is not None, "a loss is finite"
    unit = float(np.var(references)) or 1.0 if link == "identity" else 1.0
    return found[0][np.argsort(nests.order)] / unit, found[1] / unit


def _loss(criterion: Criterion, link: str, outputs: torch.Tensor, targets: np.ndarray) -> np.ndarray:
    # Indicators of labels say yes from a half on, where logits do from zero on.
    predictions, _ = criterion.decode(outputs - 0.5 if link == "sigmoid" else outputs)
    if link == "identity":
        return np.asarray(np.square(np.asarray(predictions, float) - targets))
    wrong = np.asarray(predictions != targets, float)
    return wrong if wrong.ndim == 1 else np.asarray(wrong.mean(1))


def _meaning(source: Encoded) -> str:
    if not source.classes:
        return "squared error, in units of the variance of the source's numbers"
    return "share of rows told wrong" if source.targets.ndim == 1 else "share of labels told wrong"


def _notes(shared: tuple[np.ndarray, np.ndarray], pair: PairOfTasks) -> tuple[str, ...]:
    notes = []
    effective = [float(each.sum() ** 2 / max(np.square(each).sum(), np.finfo(float).tiny)) for each in shared]
    # What hardly any row has in common is told by the sum, not by how evenly little it is.
    common = min(*effective, *(2 * float(each.sum()) for each in shared))
    if common < FEW_SHARED:
        notes.append(f"the tasks share inputs of about {common:.0f} rows: what is concept is hardly known")
    new = [name for name in pair.target.classes if name not in set(pair.source.classes)]
    if new and pair.source.classes:
        notes.append(f"classes that the source lacks count as wrong: {', '.join(map(repr, new))}")
    return tuple(notes)
