"""Several tasks on one encoder, end to end on tiny weights: a folder for each, and the same result each time."""

from __future__ import annotations

import pytest

from modaxfer.api import make_config
from modaxfer.errors import DataError, RefusedError
from modaxfer.result import Result
from modaxfer.runner.beside.schedule import run_with_companions
from modaxfer.runner.predict.evaluate import evaluate
from modaxfer.runner.predict.predictor import Predictor
from modaxfer.runner.progress import Progress
from modaxfer.runner.training import loop

pytestmark = pytest.mark.recipe

QUICK = {"epochs": 1, "batch_size": 8, "limit": 24, "precision": "fp32", "device": "cpu"}
THREE = ("reviews/sst2", "modaxfer/diabetes", "modaxfer/digits")
TWO = ("reviews/sst2", "modaxfer/breast-cancer")


def shared(encoder, tasks, folder, *, resume=False, strategy="multitask", **options):
    """Train tasks together and return the result and the run's folder."""
    values = {"encoder": str(encoder), "strategy": strategy, "task": tasks, "output": folder, "set": options}
    return run_with_companions(make_config(**values, **QUICK), resume=resume, progress=Progress(enabled=False))


def named(task):
    return task.replace("/", "-")


@pytest.fixture(autouse=True)
def made_up_rows(monkeypatch):
    """Take the samples, whatever data this machine has."""
    monkeypatch.delenv("MODAXFER_DATA", raising=False)


@pytest.fixture(scope="module")
def three(tiny, tmp_path_factory):
    """Text, numbers and pictures on one image encoder, each by itself as well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MODAXFER_DATA", raising=False)
        return shared(tiny("vit"), THREE, tmp_path_factory.mktemp("shared") / "run")


def test_the_result_names_each_task_and_what_sharing_did_to_it(three):
    result, _ = three
    assert (result.status, result.task) == ("completed", " + ".join(THREE))
    assert result.bridge == "modaxfer/render + modaxfer/grid + modaxfer/native-image"
    assert tuple(result.tasks) == THREE
    for task, told in result.tasks.items():
        assert told["run"] == f"tasks/{named(task)}"
        low, high = told["interval"]
        assert low <= told["test"] <= high
        low, high = told["difference"]
        assert low <= high
    assert result.metrics["primary"] == "mean_primary"
    assert [*result.metrics["test"]] == ["mean_primary"]
    assert [*filter(lambda warning: warning.startswith("reviews/sst2: train: render: "), result.warnings)]


def test_the_mean_is_of_what_is_better_the_greater_it_is(three):
    result, folder = three
    of_task = {task: Result.load(folder / told["run"]).metrics for task, told in result.tasks.items()}
    names = dict(zip(THREE, ("accuracy", "r2", "accuracy"), strict=True))
    for split in ("train", "validation", "test"):
        wanted = sum(of_task[task][split][name] for task, name in names.items()) / 3
        assert result.metrics[split]["mean_primary"] == pytest.approx(wanted)


@pytest.mark.parametrize("task", THREE)
def test_each_task_lies_in_a_folder_like_a_run(task, three):
    result, folder = three
    own, alone = folder / "tasks" / named(task), folder / "alone" / named(task)
    for place in (own, alone):
        stored = Result.load(place)
        assert (stored.status, stored.task) == ("completed", task)
        assert evaluate(place)["metrics"] == pytest.approx(stored.metrics["test"], abs=1e-4, rel=1e-5, nan_ok=True)
        files = {path.name for path in place.iterdir()}
        assert {"config.yaml", "result.json", "predictions.parquet", "model"} <= files
    stored = Result.load(own)
    assert result.tasks[task]["test"] == stored.metrics["test"][stored.primary]
    assert result.tasks[task]["alone"] == Result.load(alone).metrics["test"][stored.primary]


def test_a_task_of_many_predicts_and_the_whole_names_them(three):
    _, folder = three
    ((row),) = Predictor(folder / "tasks" / named("reviews/sst2")).predict([{"text": "A fine film."}])
    assert row["prediction"] in ("negative", "positive")
    with pytest.raises(DataError, match=r"no trained model here .*name one of its tasks: .*modaxfer-digits"):
        Predictor(folder)


@pytest.mark.slow
def test_the_same_sharing_twice_gives_the_same_metrics(three, tiny, tmp_path):
    again, folder = shared(tiny("vit"), THREE, tmp_path / "run", alone=False)
    assert again.metrics == three[0].metrics
    assert not (folder / "alone").exists()
    assert all("alone" not in told for told in again.tasks.values())


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"temperature": 1.0, "underneath": "lora"}, marks=pytest.mark.slow),
        pytest.param({"weighting": "uncertainty"}, marks=pytest.mark.slow),
        {"weighting": "uncertainty", "underneath": "lora", "temperature": 5.0},
    ],
)
def test_words_and_a_table_written_out_share_one_text_encoder(options, tiny, tmp_path):
    result, folder = shared(tiny("bert"), TWO, tmp_path / "run", alone=False, **options)
    assert result.bridge == "modaxfer/native-text + modaxfer/serialise"
    for task, told in result.tasks.items():
        place = folder / told["run"]
        assert evaluate(place)["metrics"] == pytest.approx(Result.load(place).metrics["test"], abs=1e-6, nan_ok=True)
        assert Result.load(place).task == task


STORED = {"weighting": "uncertainty", "train.checkpoint_minutes": 1e-9}


@pytest.mark.slow  # By default two streams, and what a loss has learned, are resumed where a run adapts.
@pytest.mark.parametrize(("where", "killed_at"), [("_record", 5), ("_judge", 3)])
def test_a_killed_sharing_ends_as_an_unbroken_one(where, killed_at, tiny, tmp_path, monkeypatch):
    """Killed in the middle of an epoch of both tasks, or while the second one is trained alone."""
    asked = {**STORED, "alone": where == "_judge"}
    unbroken, _ = shared(tiny("bert"), TWO, tmp_path / "unbroken", **asked)
    real, calls = getattr(loop._GradientPhase, where), []

    def dying(phase, *arguments):
        calls.append(phase)
        if len(calls) == killed_at:
            raise KeyboardInterrupt
        return real(phase, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(loop._GradientPhase, where, dying)
        with pytest.raises(KeyboardInterrupt):
            shared(tiny("bert"), TWO, tmp_path / "broken", **asked)
    # While a task is trained alone the shared run itself is finished.
    assert (tmp_path / "broken" / "result.json").exists() == (where == "_judge")
    resumed, folder = shared(tiny("bert"), TWO, tmp_path / "broken", resume=True, **asked)
    assert resumed.metrics == unbroken.metrics
    assert resumed.tasks == unbroken.tasks
    assert not (folder / ".checkpoint").exists()


@pytest.mark.usefixtures("no_weights")
@pytest.mark.parametrize("strategy", ["full", "lora", "frozen"])
def test_a_strategy_of_one_task_refuses_two(strategy, tiny, tmp_path):
    message = rf"strategy {strategy} takes one task\. Got: reviews/sst2, modaxfer/breast-cancer\. Allowed: 1\."
    with pytest.raises(RefusedError, match=message):
        shared(tiny("bert"), TWO, tmp_path / "run", strategy=strategy)
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("no_weights")
def test_fusion_of_several_tasks_or_of_one_encoder_is_refused(tiny, tmp_path):
    with pytest.raises(RefusedError, match=r"strategy fusion takes one task"):
        shared(tiny("bert"), TWO, tmp_path / "run", strategy="fusion")
    with pytest.raises(RefusedError, match=r"strategy fusion fuses several encoders\. Got: .*bert\. Allowed: two"):
        shared(tiny("bert"), TWO[:1], tmp_path / "run", strategy="fusion")
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("no_weights")
def test_sharing_what_does_not_move_is_refused(tiny, tmp_path):
    with pytest.raises(RefusedError, match=r"over a frozen encoder tasks share nothing that moves"):
        shared(tiny("bert"), TWO, tmp_path / "run", underneath="frozen")
    assert not (tmp_path / "run").exists()
