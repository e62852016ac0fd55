"""Cross-validation and few-shot episodes, end to end on tiny weights; also when killed with a fold half done."""

from __future__ import annotations

import pandas as pd
import pytest

import modaxfer
from modaxfer.errors import RefusedError
from modaxfer.runner.session import TaskSession
from modaxfer.runner.training import loop

pytestmark = pytest.mark.recipe

QUICK = {"precision": "fp32", "device": "cpu", "quiet": True}


def trained(encoder, rows, folder, **changes):
    return modaxfer.train(encoder=str(encoder), output=str(folder), **QUICK, **rows, **changes)


@pytest.fixture
def encoded(monkeypatch):
    """Count rows that go through the encoder without a gradient, by split as it is called."""
    counts, forward = [], TaskSession.forward

    def counting(session, split, *given, **settings):
        if settings.get("label", "").startswith("encoding"):
            counts.append(len(split.lengths))
        return forward(session, split, *given, **settings)

    monkeypatch.setattr(TaskSession, "forward", counting)
    return counts


def test_rows_are_encoded_once_for_all_folds(tiny, own_rows, tmp_path, encoded, monkeypatch):
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path / "cache"))
    run = trained(tiny("bert"), own_rows("text"), tmp_path / "run", strategy="frozen", folds=3)
    whole = sum(run.result.data["rows"].values())
    # The run reads one layer of its test rows, the folds read any: these go through the encoder twice.
    assert sum(encoded) == whole + run.result.data["rows"]["test"]
    found = pd.read_parquet(run.folder / run.result.folds["predictions"])
    assert found.row_id.is_unique
    assert len(found) == run.result.folds["rows"] == whole
    assert set(found.fold) == {0, 1, 2}
    # A fold is a run like any other: it predicts, and its scores are found again.
    fold = modaxfer.load(run.folder / "folds" / "1")
    assert fold.evaluate()["metrics"] == pytest.approx(fold.result.metrics["test"], abs=1e-6)
    # And as it would be without the whole, but for rounding in batches of other rows.
    settings = {"strategy": "frozen", "folds": 3, "fold": 1, "set": {"train.cache": False}}
    alone = trained(tiny("bert"), own_rows("text"), tmp_path / "alone", **settings)
    assert alone.result.metrics["test"] == pytest.approx(fold.result.metrics["test"], abs=1e-6)
    assert alone.predictions.prediction.tolist() == fold.predictions.prediction.tolist()


TWO_FOLDS = {"strategy": "lora", "folds": 2, "epochs": 1, "batch_size": 16}


@pytest.fixture(scope="module")
def whole(tiny, own_rows, tmp_path_factory):
    """A run with two folds that nobody killed."""
    return trained(tiny("bert"), own_rows("text"), tmp_path_factory.mktemp("whole") / "run", **TWO_FOLDS)


@pytest.mark.slow  # By default the schedule of runs beside a run is killed without training any: tests/runner/beside.
@pytest.mark.parametrize("killed_at", [2, 3])
def test_a_command_killed_in_a_fold_ends_as_an_unbroken_one(killed_at, whole, tiny, own_rows, tmp_path, monkeypatch):
    """Killed while the first or the second fold is trained; one validation ends each of the three trainings."""
    judge, calls = loop._GradientPhase._judge, []

    def dying(phase, *given):
        calls.append(phase)
        if len(calls) == killed_at:
            raise KeyboardInterrupt
        return judge(phase, *given)

    with monkeypatch.context() as patch:
        patch.setattr(loop._GradientPhase, "_judge", dying)
        with pytest.raises(KeyboardInterrupt):
            trained(tiny("bert"), own_rows("text"), tmp_path / "run", **TWO_FOLDS)
    monkeypatch.setattr(loop._GradientPhase, "_judge", lambda *given: (calls.append(given), judge(*given))[1])
    resumed = modaxfer.train(output=str(tmp_path / "run"), resume=True, quiet=True)
    assert len(calls) == 3 + 1
    for key in ("metrics", "folds", "baselines"):
        assert getattr(resumed.result, key) == getattr(whole.result, key), key
    files = [folder / "out_of_fold.parquet" for folder in (whole.folder, resumed.folder)]
    pd.testing.assert_frame_equal(*map(pd.read_parquet, files))


@pytest.mark.parametrize(
    ("strategy", "changes"),
    [("frozen", {}), pytest.param("full", {"epochs": 1, "batch_size": 8}, marks=pytest.mark.slow)],
)
def test_episodes_are_scored_on_one_test_split(strategy, changes, tiny, own_rows, tmp_path, encoded, monkeypatch):
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path / "cache"))
    settings = {"strategy": strategy, "shots": 4, "episodes": 3, **changes}
    run = trained(tiny("bert"), own_rows("text"), tmp_path / "run", **settings)
    episodes = [run, *(modaxfer.load(run.folder / "episodes" / name) for name in "12")]
    assert [each.result.data["rows"]["train"] for each in episodes] == [8] * 3
    tested = [pd.read_parquet(each.folder / "predictions.parquet").row_id.tolist() for each in episodes]
    assert tested[0] == tested[1] == tested[2]
    assert len({each.result.data["fingerprint"] for each in episodes}) == 3
    assert run.result.episodes["test"]["accuracy"] == [each.result.metrics["test"]["accuracy"] for each in episodes]
    assert episodes[1].evaluate()["metrics"] == pytest.approx(episodes[1].result.metrics["test"], abs=1e-6)
    if strategy == "frozen":
        rows = run.result.data["rows"]
        # The test rows once; of each episode its own few rows, in train and validation.
        assert sum(encoded) <= rows["test"] + 3 * (rows["train"] + rows["validation"])


@pytest.mark.usefixtures("no_weights")
@pytest.mark.parametrize("asked", [{"folds": 3, "shots": 2}, {"folds": 3, "seeds": 2}])
def test_what_excludes_each_other_is_refused_before_weights(asked, tiny, own_rows, tmp_path):
    with pytest.raises(RefusedError, match="--folds"):
        trained(tiny("bert"), own_rows("text"), tmp_path / "run", strategy="frozen", **asked)
    assert not (tmp_path / "run").exists()
