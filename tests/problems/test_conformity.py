"""Every registered problem is complete; one that is not is refused with all that it lacks."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from modaxfer.errors import PluginError
from modaxfer.problems import ClassLabels
from modaxfer.problems.conformity import require_criterion, require_problem
from modaxfer.registry import problem_of, registry

IDS = [entry.id for entry in registry().all("problem")]
TRAIN = {"multilabel": np.eye(2, dtype=np.float32), "regression": np.arange(2.0)}


@pytest.mark.parametrize("name", IDS)
def test_registered_problems_are_complete(name) -> None:
    problem = problem_of(name)
    require_problem(name, problem)
    short = name.partition("/")[2]
    if registry().get("problem", name).spec.ragged:
        return
    criterion = problem.criterion(2, TRAIN.get(short, np.arange(2)))
    require_criterion(name, criterion)
    assert hasattr(criterion, "columns") == bool(registry().get("problem", name).spec.link)


def test_a_problem_without_labels_is_refused() -> None:
    with pytest.raises(
        PluginError, match=r"problem x/y is not complete .*. Got: .*without criterion, labels, restored"
    ):
        require_problem("x/y", SimpleNamespace())


def test_labels_that_are_none_are_refused_with_what_they_lack() -> None:
    problem = SimpleNamespace(labels=SimpleNamespace(**vars(ClassLabels)), criterion=None, restored=None)
    del problem.labels.encode, problem.labels.mistakes
    with pytest.raises(
        PluginError, match=r"the label type of problem x/y is not complete.*without encode, mistakes.*LabelType"
    ):
        require_problem("x/y", problem)


def test_an_criterion_without_a_loss_is_refused() -> None:
    with pytest.raises(PluginError, match=r"the criterion of problem x/y is not complete.*loss, .*Criterion describes"):
        require_criterion("x/y", SimpleNamespace(outputs=1))
