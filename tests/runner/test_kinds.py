"""A kind of companion is declared once: its folder, its files, what asks for it and what it is called in reports."""

from __future__ import annotations

import pytest

from modaxfer.config import RunConfig
from modaxfer.registry import load_target
from modaxfer.reports.scores import baselines_present, score_rows
from modaxfer.result import Result
from modaxfer.runner import kinds
from modaxfer.runner.beside.companion import Kind
from modaxfer.runner.claims.contents import clashes, foreign
from modaxfer.runner.request.single import single

ASKED = {
    "seeds": {"seeds": 2},
    "episodes": {"episodes": 3},
    "folds": {"folds": 4},
    "scratch": {"baseline": ("scratch",)},
}


@pytest.mark.parametrize("kind", kinds.KINDS, ids=lambda kind: kind.folder)
def test_a_declared_kind_is_there_and_its_runs_belong_to_the_run(kind, tmp_path):
    assert isinstance(load_target(kind.does), Kind)
    assert not kind.asks or callable(load_target(kind.asks))
    (tmp_path / kind.folder / "7" / "model").mkdir(parents=True)
    for name in (f"{kind.folder}/7/config.yaml", f"{kind.folder}/7/model/model.json", *kind.files):
        (tmp_path / name).touch()
    assert foreign(tmp_path) == []
    assert set(clashes(tmp_path)) == {kind.folder, *kind.files}
    (tmp_path / kind.folder / "notes.txt").touch()
    assert foreign(tmp_path) == [f"{kind.folder}/notes.txt"]


@pytest.mark.parametrize("folder", ASKED)
def test_one_run_of_many_asks_for_none_beside_it(folder):
    asked = RunConfig(**ASKED[folder])
    assert folder in [kind.folder for kind in kinds.KINDS if kind.asked(asked)]
    assert not [kind.folder for kind in kinds.KINDS if kind.asked(RunConfig())]
    assert kinds.asks_by_settings(asked)
    assert not kinds.asks_by_settings(single(asked))


def test_one_fold_stays_one_of_its_folds():
    one = RunConfig(folds=4, fold=1, seeds=2)
    assert single(one) == RunConfig(folds=4, fold=1)
    assert not kinds.asks_by_settings(single(one))


def test_baselines_of_companions_come_behind_the_simple_ones_in_order():
    labels = kinds.baseline_labels()
    scores = {name: {"accuracy": 0.5} for name in (*reversed(labels), "simple")}
    metrics = {"test": {"accuracy": 0.9}, "primary": "accuracy"}
    result = Result(status="completed", encoder={}, bridge="", strategy="", task="", metrics=metrics, baselines=scores)
    assert baselines_present(score_rows(result)) == ("simple", *labels)
