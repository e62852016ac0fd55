"""Each check of problems finds the broken twin that is made for it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from made_subjects import subject_of
from modaxfer.errors import ConfigError
from modaxfer.problems.criteria.softmax import Softmax
from modaxfer.problems.criteria.tags import TagSoftmax
from modaxfer.problems.labels.classes import ClassLabels
from modaxfer.problems.labels.sets import SetLabels
from modaxfer.problems.multiclass import Multiclass
from modaxfer.problems.multilabel import Multilabel
from modaxfer.problems.tagging import Tagging
from modaxfer.spec import ProblemSpec
from modaxfer.testing import CheckFailedError, CheckSkippedError
from modaxfer.testing.checks import problems


def with_labels(labels):
    """Return a choice of one of several classes with these labels."""
    return type(labels.__name__, (Multiclass,), {"labels": labels()})


def with_criterion(criterion):
    """Return a choice of one of several classes with this criterion."""
    made = {"criterion": lambda self, classes, targets: criterion(classes=classes), "restored": Multiclass.restored}
    return type(criterion.__name__, (Multiclass,), made)


class Turned(ClassLabels):
    def parse(self, shown, classes):
        return super().parse(shown, classes[::-1])


class Greedy(ClassLabels):
    def read(self, table, target, learned):
        return [label or "none" for label in super().read(table, target, learned)]


class Blind(ClassLabels):
    def encode(self, labels, classes):
        return np.maximum(super().encode(labels, classes), 0)


class Forgiving(ClassLabels):
    def references(self, targets, unseen, strange, classes):
        return np.maximum(targets, 0)


class Veiled(ClassLabels):
    def show(self, values, classes, unseen=None):
        return super().show(values, classes)


class Mean(Softmax):
    def loss(self, *given, **more):
        return super().loss(*given, **more).mean()


class Detached(Softmax):
    def loss(self, outputs, *given, **more):
        return super().loss(outputs.detach(), *given, **more)


class Beside(Softmax):
    def loss(self, outputs, *given, **more):
        return super().loss(outputs - outputs.mean(0) * torch.arange(outputs.shape[1]), *given, **more)


class Least(Softmax):
    def decode(self, outputs):
        return super().decode(-outputs)


class Endless(Softmax):
    def decode(self, outputs):
        said, scores = super().decode(outputs)
        return said, np.full_like(scores, np.inf)


class Mild(Softmax):
    def decode(self, outputs):
        said, scores = super().decode(outputs)
        return said, scores[:, :1]


class Costly(Softmax):
    def loss(self, outputs, targets, *given, **more):
        return super().loss(outputs, targets.clamp(min=0), *given, **more)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scaled(Softmax):
    """Forgets the factor that it was fitted with."""

    factor: float = 3.0

    @classmethod
    def from_state(cls, state):
        return cls(classes=state["classes"], factor=1.0)

    def loss(self, outputs, *given, **more):
        return super().loss(self.factor * outputs, *given, **more)


class Forgetful(Multiclass):
    def criterion(self, classes, targets):
        return Scaled(classes=classes)

    def restored(self, state):
        return Scaled.from_state(state)


class Doubtful(Softmax):
    def known(self, targets):
        return targets > 0


class Named(Softmax):
    def state(self):
        return {**super().state(), "problem": "twin"}


class Unfair(Softmax):
    def class_weights(self, targets):
        raise ConfigError("there are no classes")


class Cut(TagSoftmax):
    def decode(self, outputs):
        return super().decode([row[:1] for row in outputs])


class CutTagging(Tagging):
    def criterion(self, classes, targets):
        return Cut.fit(targets)


class Merged(SetLabels):
    def references(self, targets, unseen, strange, classes):
        return targets


class MergedSets(Multilabel):
    labels = Merged()


class Weightless(Softmax):
    def class_weights(self, targets):
        return super().class_weights(targets) * 0


class Untold(Multiclass):
    """Its labels are boxes, of which the kit has none."""

    class Boxes(ClassLabels):
        def read(self, table, target, learned):
            return [None] * len(table)

    labels = Boxes()


def problem(code, **spec):
    own = {"metrics": ("accuracy",), "link": "softmax", **spec}
    return subject_of("problem", ProblemSpec(name="twin", target="twin:Problem", **own), code)


@pytest.mark.parametrize(
    ("code", "spec"),
    [(Multiclass, {}), (Tagging, {"ragged": True, "link": "", "metrics": ("span_f1",)})],
    ids=["class", "tags"],
)
def test_a_sound_problem_passes(code, spec):
    for check in problems.CHECKS:
        check.run(problem(code, **spec))


@pytest.mark.parametrize(
    ("check", "code", "message"),
    [
        (problems.labels_are_read_back, with_labels(Turned), r"parsed as another\. Got: 'high' becomes 2"),
        (problems.loss_is_one_of_each_row, with_criterion(Mean), r"one loss of each row\. Got: torch\.float32 \(\)"),
        (problems.loss_is_one_of_each_row, with_criterion(Detached), r"its loss has no gradient"),
        (problems.loss_is_one_of_each_row, with_criterion(Beside), r"depends on the rows beside it"),
        (problems.least_loss_is_the_right_answer, with_criterion(Least), r"accuracy is not at its best\. Got: 0"),
        (problems.decodes_each_row, with_criterion(Endless), r"there are not finite scores of each row"),
        (problems.decodes_each_row, with_criterion(Mild), r"not one of each row and class\. Got: \(?12, 1\)?"),
        (problems.absent_and_unknown_labels_are_no_others, with_labels(Greedy), r"empty cell .* Got: 'none'"),
        (problems.absent_and_unknown_labels_are_no_others, with_labels(Blind), r"encoded as a known one\. Got: 0"),
        (problems.absent_and_unknown_labels_are_no_others, with_labels(Forgiving), r"does not count as missed"),
        (problems.absent_and_unknown_labels_are_no_others, with_criterion(Costly), r"lacks costs a loss\. Got: a loss"),
        (problems.absent_and_unknown_labels_are_no_others, with_labels(Veiled), r"shown as another.* Allowed: strange"),
        (problems.absent_and_unknown_labels_are_no_others, with_criterion(Doubtful), r"are said to have no loss"),
        (problems.restored_is_what_was_stored, with_criterion(Named), r"its state has the key problem"),
        (problems.weighs_classes_or_refuses, with_criterion(Unfair), r"it has classes and refuses to weigh them"),
        (problems.restored_is_what_was_stored, Forgetful, r"restored from its state, it is another"),
        (problems.weighs_classes_or_refuses, with_criterion(Weightless), r"weights of classes are not all above 0"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_broken_problem_is_found_out(check, code, message):
    with pytest.raises(CheckFailedError, match=message):
        check.run(problem(code))


def test_a_row_with_fewer_predictions_than_parts_is_found_out():
    with pytest.raises(CheckFailedError, match="more or fewer predictions than parts"):
        problems.decodes_each_row.run(problem(CutTagging, ragged=True, link=""))


def test_a_label_that_train_lacks_and_that_is_not_counted_is_found_out():
    with pytest.raises(CheckFailedError, match=r"does not count as missed\. Got: columns 2"):
        problems.absent_and_unknown_labels_are_no_others.run(problem(MergedSets, link="sigmoid"))


def test_labels_that_the_kit_does_not_have_are_skipped_with_a_reason():
    with pytest.raises(CheckSkippedError, match="none of those that the kit has: classes, two classes, sets"):
        problems.labels_are_read_back.run(problem(Untold))
