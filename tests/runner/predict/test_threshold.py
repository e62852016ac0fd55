"""A threshold for one call is refused before weights are loaded, and goes over what a run decides by."""

from __future__ import annotations

import json

import numpy as np
import pytest

from modaxfer.encoders.runs import SCHEMA
from modaxfer.errors import ConfigError
from modaxfer.runner.model.decision import Decision
from modaxfer.runner.predict.threshold import refuse_threshold


@pytest.fixture
def run_of(tmp_path):
    """Return a function that writes the description of a model, without its weights."""

    def write(problem, *classes):
        (tmp_path / "model").mkdir()
        told = {"schema": SCHEMA, "criterion": {"problem": problem}, "classes": classes}
        (tmp_path / "model" / "model.json").write_text(json.dumps(told))
        return tmp_path

    return write


@pytest.mark.parametrize("threshold", [0.0, 1.0, float("nan")])
def test_what_is_no_score_is_refused(run_of, threshold):
    with pytest.raises(ConfigError, match=r"--threshold is a score between 0 and 1\. Got: .*leave it out"):
        refuse_threshold(threshold, run_of("binary", "no", "yes"))


@pytest.mark.parametrize(
    ("problem", "classes", "got"),
    [
        ("multiclass", ("a", "b", "c"), "a multiclass problem of 3 classes"),
        ("regression", (), "a regression problem"),
        ("tagging", ("no", "yes"), "a tagging problem of 2 classes"),
    ],
)
def test_where_there_is_nothing_to_divide(run_of, problem, classes, got):
    with pytest.raises(ConfigError, match=f"for two classes, or for labels.*Got: {got}"):
        refuse_threshold(0.3, run_of(problem, *classes))


@pytest.mark.parametrize(("problem", "classes"), [("binary", ("no", "yes")), ("multilabel", ("a", "b", "c"))])
def test_what_can_be_divided_is_let_through(run_of, problem, classes):
    refuse_threshold(0.3, run_of(problem, *classes))


def test_it_goes_over_what_was_stored():
    scores = np.array([[0.8, 0.2], [0.5, 0.5], [0.2, 0.8]])
    for stored in (Decision(thresholds=(0.1,)), Decision(cost=((0.0, 1.0), (9.0, 0.0)))):
        assert stored.predicted(scores.argmax(1), scores).tolist() == [1, 1, 1]
        assert stored.at(0.7).predicted(scores.argmax(1), scores).tolist() == [0, 0, 1]
        assert stored.at(None) is stored
