"""The study behind ``--tune``: the run as it is comes first, the seed and what came of trials decide the rest."""

from __future__ import annotations

import math
from importlib.util import find_spec

import pytest

from modaxfer.runner.request.dimensions import Dimension
from modaxfer.runner.tuning.study import COMPLETED, FAILED, PRUNED, STUDY, Study, Trial

pytestmark = pytest.mark.skipif(find_spec("optuna") is None, reason="optuna chooses the settings of trials")

RATE = Dimension(key="learning_rate", default=1e-4, low=1e-5, high=1e-3, log=True)
RANK = Dimension(key="strategy.rank", default=16, low=4, high=64, log=True, whole=True)
HEAD = Dimension(key="strategy.head", default="auto", choices=("auto", "ridge", "logistic"))
EPOCHS = Dimension(key="epochs", default=3.0, low=1.5, high=6.0, step=0.5)
ALL = (RATE, RANK, HEAD, EPOCHS)


def score(setting):
    """The best rate is 3e-4, whatever else is set."""
    return 1 - abs(math.log10(setting.get("learning_rate", 1e-4) / 3e-4))


def tried(study, number):
    setting = study.suggest(number)
    return Trial(number=number, setting=setting, state=COMPLETED, score=score(setting), validation=score(setting))


def searched(folder, count, *, opened_anew=False, dimensions=ALL):
    study = Study(folder, dimensions, trials=12, seed=0)
    for number in range(len(study.trials), count):
        study = Study(folder, dimensions, trials=12, seed=0) if opened_anew else study
        study.record(tried(study, number))
    return study


def test_a_study_that_is_opened_anew_goes_on_as_it_would_have(tmp_path):
    whole = searched(tmp_path / "whole", 8)
    searched(tmp_path / "killed", 3)
    study = Study(tmp_path / "killed", ALL, trials=12, seed=0)
    study.suggest(3)  # asked, and killed before it had ended
    assert searched(tmp_path / "killed", 8, opened_anew=True).trials == whole.trials
    assert (whole.trials[0].setting, len(whole.trials)) == ({}, 8)
    assert (tmp_path / "whole" / STUDY).is_file()


def test_settings_lie_within_what_is_searched(tmp_path):
    for trial in searched(tmp_path, 8).trials[1:]:
        assert list(trial.setting) == [each.key for each in ALL]
        assert all(each.has(trial.setting[each.key]) for each in ALL)
        assert float(f"{trial.setting['learning_rate']:.3g}") == trial.setting["learning_rate"]
        assert isinstance(trial.setting["strategy.rank"], int)


def test_it_finds_better_ones_and_other_seeds_other_ones(tmp_path):
    found = searched(tmp_path / "0", 12).trials
    assert max(trial.score for trial in found) > score({}) + 0.3
    assert Study(tmp_path / "1", ALL, trials=12, seed=1).suggest(1) != found[1].setting


def test_a_default_beyond_the_range_is_tried_all_the_same(tmp_path):
    high = Dimension(key="learning_rate", default=1e-4, low=1e-3, high=1e-2, log=True)
    study = searched(tmp_path, 3, dimensions=(high,))
    assert study.trials[0].setting == {}
    assert all(trial.setting["learning_rate"] >= 1e-3 for trial in study.trials[1:])


def completed(number, epochs):
    return Trial(number=number, setting={}, state=COMPLETED, score=epochs[-1], epochs=epochs)


def test_below_the_median_of_four_a_trial_is_hopeless(tmp_path):
    study = Study(tmp_path, (RATE,), trials=12, seed=0)
    for number, last in enumerate((0.5, 0.6, 0.8, 0.9)):
        assert not study.is_hopeless({}, [0.0])
        study.record(completed(number, [0.1 * number, last]))
    # Medians are .15 after one epoch and .7 after two; a trial is judged by its best epoch so far.
    assert study.is_hopeless({}, [0.1])
    assert not study.is_hopeless({}, [0.2])
    assert study.is_hopeless({}, [0.2, 0.69])
    assert not study.is_hopeless({}, [0.75, 0.1])
    assert not study.is_hopeless({}, [0.0, 0.0, 0.0])  # none has been so far


def test_what_was_pruned_or_failed_is_kept_as_that(tmp_path):
    study = Study(tmp_path, (RATE,), trials=12, seed=0)
    pruned = Trial(number=0, setting={"learning_rate": 1e-3}, state=PRUNED, score=0.2, epochs=(0.1, 0.2))
    failed = Trial(number=1, setting={"learning_rate": 1e-2}, state=FAILED, reason="the loss is nan")
    study.record(pruned)
    study.record(failed)
    assert Study(tmp_path, (RATE,), trials=12, seed=0).trials == (pruned, failed)
