"""The simple model of each signal learns what can be learned, and nothing from noise."""

from __future__ import annotations

import numpy as np
import pytest

from answers import answers_of
from modaxfer.baselines.simple import fit_simple
from modaxfer.config import RunConfig, build
from modaxfer.errors import RefusedError
from modaxfer.spec import Field, Signal
from modaxfer.tasks.load import fields_of, load_task
from modaxfer.tasks.own import task_from_files
from modaxfer.testing.material.tiny_files import write


def load(kind, folder, rows=120):
    spec = task_from_files(build(RunConfig, write(kind, folder, rows)))
    data = load_task(spec)
    return data, fields_of(spec, data)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("text", "tf-idf"), ("pair", "tf-idf"), ("image", "raw pixels"), ("audio", "log-mel")],
)
def test_classes_that_can_be_told_apart_are(kind, name, tmp_path):
    data, fields = load(kind, tmp_path)
    simple = fit_simple(data, fields=fields)
    assert simple.name.startswith(name) or name in simple.name
    assert simple.name.endswith("logistic regression")
    for split in ("validation", "test"):
        assert (simple.predictions[split] == answers_of(data)[split]).mean() > 0.9
        np.testing.assert_allclose(simple.scores[split].sum(1), 1, rtol=1e-5)


def test_a_regression_gets_ridge(tmp_path):
    data, fields = load("regression", tmp_path)
    simple = fit_simple(data, fields=fields)
    assert simple.name.endswith("ridge regression")
    assert simple.scores["test"] is None
    error = np.square(simple.predictions["test"] - answers_of(data)["test"]).mean()
    assert error < 0.5 * answers_of(data)["test"].var()


def test_labels_are_told_one_by_one(tmp_path):
    data, fields = load("multilabel", tmp_path)
    simple = fit_simple(data, fields=fields)
    assert simple.predictions["test"].shape == answers_of(data)["test"].shape
    assert (simple.predictions["test"] == answers_of(data)["test"]).mean() > 0.9


def test_tables_with_gaps_and_categories(tmp_path):
    rng = np.random.default_rng(0)
    lines = ["age,colour,label"]
    for row in range(200):
        good = rng.random() < 0.5
        age = "" if row % 9 == 0 else f"{rng.normal(60 if good else 30, 5):.1f}"
        lines.append(f"{age},{'red' if good != (rng.random() < 0.2) else 'blue'},{'yes' if good else 'no'}")
    path = tmp_path / "people.csv"
    path.write_text("\n".join(lines) + "\n")
    spec = task_from_files(RunConfig(data=str(path), number=("age", "colour")))
    data = load_task(spec)
    simple = fit_simple(data, fields=fields_of(spec, data))
    assert "boosted" in simple.name
    assert (simple.predictions["test"] == answers_of(data)["test"]).mean() > 0.85


def test_the_same_seed_gives_the_same_model(tmp_path):
    data, fields = load("text", tmp_path)
    first, second = (fit_simple(data, fields=fields, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.scores["test"], second.scores["test"])


def test_test_targets_are_not_read(tmp_path):
    data, fields = load("text", tmp_path)
    fit_simple(data, fields=fields)
    assert len(data.sealed["test"].unseal().targets) == data.rows["test"]


def test_a_signal_without_a_simple_model_is_refused(tmp_path):
    data, _ = load("text", tmp_path)
    with pytest.raises(RefusedError, match=r"no simple model.*text \(radar\)"):
        fit_simple(data, fields=[Field(name="text", signal=Signal(kind="radar"))])
