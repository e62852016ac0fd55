"""A search over settings end to end on tiny weights; also when killed in the middle of a trial."""

from __future__ import annotations

import json
from importlib.util import find_spec

import pytest

import modaxfer
from modaxfer.config import RunConfig, build, read_yaml
from modaxfer.contracts import Sealed
from modaxfer.errors import ConfigError
from modaxfer.runner.tuning.study import Study

pytestmark = [
    pytest.mark.recipe,
    pytest.mark.skipif(find_spec("optuna") is None, reason="optuna chooses the settings of trials"),
]

QUICK = {"strategy": "lora", "epochs": 2, "batch_size": 16, "precision": "fp32", "device": "cpu", "quiet": True}
SEARCH = {"tune": 3, "tune_over": "learning_rate=1e-3..3e-2"}


def trained(tiny, own_rows, folder, **changes):
    return modaxfer.train(encoder=str(tiny("bert")), output=str(folder), **QUICK | own_rows("text") | changes)


@pytest.fixture(scope="module")
def opened_tests():
    """Rows whose targets were unsealed while the run below was made."""
    return []


@pytest.fixture(scope="module")
def run(tiny, own_rows, tmp_path_factory, opened_tests):
    unseal = Sealed.unseal
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sealed, "unseal", lambda self: opened_tests.append(len(self)) or unseal(self))
        return trained(tiny, own_rows, tmp_path_factory.mktemp("tuned") / "run", **SEARCH)


def stored(folder):
    return build(RunConfig, read_yaml(folder / "config.yaml"))


def test_the_run_is_that_of_the_setting_that_was_best_on_validation(run, opened_tests):
    told = run.result.tuning
    assert (told["trials"], told["completed"] + told["pruned"] + told["failed"]) == (3, 3)
    best = max((trial for trial in told["tried"] if trial["state"] == "completed"), key=lambda trial: trial["score"])
    assert (told["chosen"], told["setting"], told["validation"]) == (
        best["number"],
        best["setting"],
        best["validation"],
    )
    config = stored(run.folder)
    assert (config.tune, config.tune_over) == (None, ())
    assert config.learning_rate == told["setting"].get("learning_rate")
    primary = run.result.primary
    assert run.result.metrics["validation"][primary] == pytest.approx(told["validation"], abs=1e-12)
    low, high = told["interval"]
    assert low <= told["validation"] <= high
    # Trials are scored on validation alone: the test split is opened once, by the run itself.
    assert opened_tests == [run.result.data["rows"]["test"]]
    assert not list((run.folder / "trials").rglob("result.json"))
    assert not list((run.folder / "trials").rglob("*.safetensors"))


def test_the_first_trial_is_the_run_without_a_search(run, tiny, own_rows, tmp_path):
    plain = trained(tiny, own_rows, tmp_path / "plain")
    told = run.result.tuning
    assert told["default"] == told["tried"][0]["validation"]
    assert plain.result.metrics["validation"][plain.result.primary] == pytest.approx(told["default"], abs=1e-12)


def test_a_killed_search_ends_with_the_study_of_an_unbroken_one(run, tiny, own_rows, tmp_path, monkeypatch):
    asked = []

    def killed(study, setting, epochs):
        asked.append(setting)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return False

    with monkeypatch.context() as patch:
        patch.setattr(Study, "is_hopeless", killed)
        with pytest.raises(KeyboardInterrupt):
            trained(tiny, own_rows, tmp_path / "run", **SEARCH)
    assert not (tmp_path / "run" / "result.json").exists()
    with pytest.raises(ConfigError, match="started with other settings"):
        trained(tiny, own_rows, tmp_path / "run", tune=5, resume=True)
    resumed = modaxfer.train(output=str(tmp_path / "run"), resume=True, quiet=True)
    assert resumed.result.tuning == run.result.tuning
    assert resumed.result.metrics == run.result.metrics
    again = modaxfer.train(output=str(tmp_path / "run"), resume=True, quiet=True)
    assert again.result.tuning == run.result.tuning


def test_everybody_is_told(run):
    warning = next(each for each in run.result.warnings if "validation rows" in each)
    assert "3 settings were compared by" in warning
    assert json.loads((run.folder / "result.json").read_text(encoding="utf-8"))["tuning"] == run.result.tuning
    for name in ("report.html", "README.md"):
        assert "3 trials" in (run.folder / name).read_text(encoding="utf-8")


@pytest.mark.slow
def test_two_processes_try_the_same_settings(tiny, own_rows, tmp_path, run):
    two = trained(tiny, own_rows, tmp_path / "two", num_processes=2, **SEARCH)
    assert two.result.tuning["completed"] == 3
    settings = [[trial["setting"] for trial in each.result.tuning["tried"]] for each in (run, two)]
    assert settings[0] == settings[1]
