"""Level 3 of problems: labels go to targets and back, and the least loss is the right answer."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import torch

from modaxfer.contracts import UNSEEN
from modaxfer.errors import ConfigError
from modaxfer.registry import load_target
from modaxfer.testing.check import Check, Level, check, fail, skip
from modaxfer.testing.material.problem_cases import STRANGE, ProblemCase, alike, problem_case
from modaxfer.testing.subject import Subject

__all__ = ["CHECKS"]

NEAR = 1e-5
"""Float32 sums in another order."""

FITTED = 1e-3
"""How far the score of outputs of least loss may be from the best one: numbers are found by steps, so of them it is a
share of their range."""


@check(Level.CONTRACT, "problem")
def labels_are_read_back(subject: Subject) -> None:
    """Targets that are shown, stored as JSON and parsed are the same targets, one for each row.

    Predictions lie in files in that form; figures and comparisons of runs read them back.
    """
    case = problem_case(subject)
    shown = json.loads(json.dumps(case.problem.labels.show(case.targets, case.classes)))
    back = case.problem.labels.parse(shown, case.classes)
    if not len(case.targets) == len(shown) == len(case.labels):
        fail("there is not one target for each label", got=len(case.targets), allowed=len(case.labels))
    if not alike(back, case.targets):
        pairs = enumerate(zip(back, case.targets, strict=False))
        row = next((row for row, (one, other) in pairs if not alike([one], [other])), 0)
        fail(
            "what a target is shown as is parsed as another",
            got=f"{shown[row]!r} becomes {back[row]}",
            allowed=case.targets[row],
            fix="let parse return what show was given",
        )


@check(Level.CONTRACT, "problem")
def loss_is_one_of_each_row(subject: Subject) -> None:
    """The loss is float32 ``[rows]``, finite, above zero gradient for each row, and of no other row.

    It is summed over micro-batches, processes and paddings of other sizes.
    """
    case = problem_case(subject)
    outputs = case.outputs(seed=0)
    loss = case.criterion.loss(outputs, case.criterion.batch(case.targets))
    rows = len(case.targets)
    if loss.shape != (rows,) or loss.dtype != torch.float32 or not loss.isfinite().all():
        fail(
            "it does not give one loss of each row",
            got=f"{loss.dtype} {tuple(loss.shape)}",
            allowed=f"torch.float32 ({rows},), all finite",
            fix="leave the mean over rows to the caller",
        )
    if not loss.requires_grad:
        fail("its loss has no gradient", fix="compute it from outputs by torch alone")
    (gradient,) = torch.autograd.grad(loss.sum(), outputs)
    if lost := [row for row in range(rows) if not _moves(gradient[row])]:
        fail("rows have no gradient, or one that is not finite", got=lost, fix="let each row's loss depend on it")
    alone = torch.cat([_loss_alone(case, outputs.detach(), row) for row in range(rows)])
    if not torch.allclose(alone, loss.detach(), rtol=NEAR, atol=NEAR):
        fail("the loss of a row depends on the rows beside it", fix="count each row, and no padding, by itself")


@check(Level.CONTRACT, "problem")
def least_loss_is_the_right_answer(subject: Subject) -> None:
    """Outputs of least loss are decoded to the targets, and have the best value of the score that decides."""
    case = problem_case(subject)
    predictions, scores = case.decoded(case.fitted())
    metric = subject.registry.get("metric", case.spec.metrics[0])
    spec: Any = metric.spec
    best = spec.bounds[1] if spec.greater_is_better else spec.bounds[0]
    if not math.isfinite(best):
        skip(f"its first metric, {metric.id}, has no best value")
    value = float(load_target(spec.target)(case.targets, predictions, scores))
    scale = 1.0 if case.classes or case.spec.ragged else max(1.0, float(np.ptp(case.targets)))
    if not abs(value - best) < FITTED * scale:
        fail(
            f"outputs of least loss are not the right answer: {metric.id} is not at its best",
            got=f"{value:.4g}, predictions {case.problem.labels.show(predictions[:3], case.classes)} ...",
            allowed=f"{best:g}, targets {case.problem.labels.show(case.targets[:3], case.classes)} ...",
            fix="let decode undo what loss measures, and metrics begin with one that scores it",
        )


@check(Level.CONTRACT, "problem")
def decodes_each_row(subject: Subject) -> None:
    """Whatever the outputs, there is a prediction of each row that can be shown, and finite scores or none at all."""
    case = problem_case(subject)
    outputs = case.outputs(seed=1) * 5
    predictions, scores = case.decoded(outputs)
    rows = len(case.targets)
    if len(predictions) != rows or len(case.problem.labels.show(predictions, case.classes)) != rows:
        fail("there is not one prediction of each row", got=len(predictions), allowed=rows)
    if case.spec.ragged and [*map(len, predictions)] != [*map(len, case.targets)]:
        fail("a row has more or fewer predictions than parts", got=[*map(len, predictions)][:4])
    if scores is None:
        return
    if len(scores) != rows or not all(np.isfinite(np.asarray(row, float)).all() for row in scores):
        fail("there are not finite scores of each row", got=f"{len(scores)} rows", allowed=f"{rows} rows, or None")
    columns = len(case.classes)
    if case.spec.link in ("softmax", "sigmoid") and np.shape(scores) != (rows, columns):
        fail("scores are not one of each row and class", got=np.shape(scores), allowed=(rows, columns))


@check(Level.CONTRACT, "problem")
def absent_and_unknown_labels_are_no_others(subject: Subject) -> None:
    """An empty cell is no label; a class that train lacks is no known one, costs no loss, and counts as missed."""
    case = problem_case(subject)
    absent = case.read([*case.written[1:], None])[-1]
    if not (absent is None or absent != absent):
        fail("an empty cell is read as a label", got=repr(absent), allowed="None, or nan for a number")
    if not case.classes:
        return
    targets = case.problem.labels.encode([*case.labels, _strange(case)], case.classes)
    _require_apart(case, targets)
    known = np.asarray(case.criterion.known(targets))
    if not known[:-1].all():
        fail("rows of known classes are said to have no loss", got=[*map(int, np.flatnonzero(~known[:-1]))])
    grown = torch.cat([case.outputs(seed=0), case.outputs(seed=0)[:1]]).detach()
    loss = case.criterion.loss(grown, case.criterion.batch(targets))
    if not loss.isfinite().all() or (not known[-1] and float(loss[-1])):
        got, allowed = f"a loss of {float(loss[-1]):.3g}", "0 where known says that there is none, else finite"
        fail("a class that train lacks costs a loss", got=got, allowed=allowed, fix=f"leave out targets of {UNSEEN}")


@check(Level.CONTRACT, "problem")
def restored_is_what_was_stored(subject: Subject) -> None:
    """A criterion that is restored from its state, as JSON, has the same outputs, losses and predictions."""
    case = problem_case(subject)
    state = case.criterion.state()
    if "problem" in state:
        fail("its state has the key problem, under which a run stores the problem's name", fix="call it otherwise")
    twin = case.problem.restored({**json.loads(json.dumps(dict(state))), "later": 1})
    outputs = case.outputs(seed=2)
    losses = [each.loss(outputs, each.batch(case.targets)) for each in (case.criterion, twin)]
    said = [case.decoded(outputs, each)[0] for each in (case.criterion, twin)]
    if twin.outputs != case.criterion.outputs or not torch.equal(*losses) or not alike(*said):
        fail("restored from its state, it is another", got=dict(state), fix="store all that loss and decode depend on")


@check(Level.CONTRACT, "problem")
def weighs_classes_or_refuses(subject: Subject) -> None:
    """Weights of classes are finite and above 0, and the loss takes them; a problem without classes refuses them."""
    case = problem_case(subject)
    try:
        weights = case.criterion.class_weights(case.targets)
    except ConfigError:
        if case.classes:
            fail("it has classes and refuses to weigh them", got="ConfigError", fix="return a weight for each")
        return
    if not (weights.isfinite().all() and (weights > 0).all()):
        fail("weights of classes are not all above 0", got=weights.tolist(), fix="give what never occurs a weight of 1")
    targets = case.criterion.batch(case.targets)
    loss = case.criterion.loss(case.outputs(seed=0), targets, class_weight=weights)
    whole = case.criterion.total_weight(targets, weights)
    if not loss.isfinite().all() or not 0 < whole < math.inf:
        fail("losses with weights of classes are not finite", got=f"total weight {whole}", allowed="above 0")


def _strange(case: ProblemCase) -> Any:
    """Return a label like the first one, of a class that no row has."""
    first = case.labels[0]
    return (STRANGE,) * max(1, len(first)) if isinstance(first, tuple) else STRANGE


def _require_apart(case: ProblemCase, targets: np.ndarray) -> None:
    """Require that the last target, of a strange class, is told from those of known ones."""
    last, labels = len(targets) - 1, case.problem.labels
    shown = labels.show(targets, case.classes, {last: (STRANGE,)})[last]
    if STRANGE not in (shown if isinstance(shown, list | tuple) else (shown,)):
        fail("a class that train lacks is shown as another", got=shown, allowed=STRANGE, fix="heed unseen in show")
    if labels.one_class and targets[last] != UNSEEN:
        fail("a class that train lacks is encoded as a known one", got=targets[last], allowed=UNSEEN)
    references = labels.references(targets, {last: (STRANGE,)}, (STRANGE,), len(case.classes))
    if labels.one_class and references[last] != len(case.classes):
        fail("a class that train lacks does not count as missed", got=references[last], allowed=len(case.classes))
    if labels.many_columns and not (references.shape[1] == len(case.classes) + 1 and references[last, -1]):
        got, allowed = f"columns {references.shape[1]}", "a column of its own behind the known ones"
        fail("a label that train lacks does not count as missed", got=got, allowed=allowed)


def _loss_alone(case: ProblemCase, outputs: torch.Tensor, row: int) -> torch.Tensor:
    one = slice(row, row + 1)
    own = outputs[one, : len(case.targets[row])] if case.spec.ragged else outputs[one]
    loss: torch.Tensor = case.criterion.loss(own, case.criterion.batch(case.targets[one]))
    return loss


def _moves(gradient: torch.Tensor) -> bool:
    return bool(gradient.isfinite().all() and gradient.any())


CHECKS: tuple[Check, ...] = (
    labels_are_read_back,
    loss_is_one_of_each_row,
    least_loss_is_the_right_answer,
    decodes_each_row,
    absent_and_unknown_labels_are_no_others,
    restored_is_what_was_stored,
    weighs_classes_or_refuses,
)
