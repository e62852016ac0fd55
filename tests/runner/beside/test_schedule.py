"""Seeds and the baseline from scratch, over runs that are made up: what is asked for, kept, resumed and added up."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pytest

from made_up_runs import CLASSES, Runner, made_run
from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError, DataError, RefusedError
from modaxfer.metrics import compute
from modaxfer.registry import problem_of, registry
from modaxfer.result import Result
from modaxfer.runner.beside.companion import Main
from modaxfer.runner.beside.gain import step_baseline, step_gain
from modaxfer.runner.beside.repeats import repeats
from modaxfer.runner.beside.schedule import run_with_companions
from modaxfer.runner.beside.scratch import RATES, scratch_config, with_search
from modaxfer.runner.beside.seeds import summarise
from modaxfer.runner.evaluation.finished import read_finished
from modaxfer.runner.evaluation.summary import write_table
from modaxfer.runner.request.scratch import refuse_idle_baseline


def config(folder, **changes):
    values = {"encoder": ("bert",), "strategy": "lora", "task": ("x",), "output": str(folder), "seed": 7}
    return RunConfig(**values | {"set": {"strategy.rank": 4, "train.dropout": 0.1, "bridge.width": 3}} | changes)


def run(wanted, runner, **settings):
    return run_with_companions(wanted, run_one=runner, **settings)


def folders(runner, root):
    return [Path(str(each.output)).relative_to(root).as_posix() for each in runner.configs]


def test_without_seeds_and_baseline_it_is_one_run(tmp_path):
    result, folder = run(config(tmp_path), runner := Runner())
    assert folder == tmp_path
    assert folders(runner, tmp_path) == ["."]
    assert runner.configs[0] == config(tmp_path)
    assert (result.repeats, result.transfer_gain) == ({}, None)


def test_seeds_and_scratch_are_runs_of_their_own(tmp_path):
    run(config(tmp_path, seeds=3, baseline=("scratch",)), runner := Runner())
    assert folders(runner, tmp_path) == [".", "seeds/8", "seeds/9", "scratch/7", "scratch/8", "scratch/9"]
    assert [each.seed for each in runner.configs] == [7, 8, 9, 7, 8, 9]
    assert [each.weights for each in runner.configs] == ["pretrained"] * 3 + ["random"] * 3
    assert {(each.seeds, each.baseline) for each in runner.configs[1:]} == {(1, ())}
    # The first seed searches, with pretrained weights and from scratch; the others train at what it chose.
    searched, chosen = list(RATES), [3.0]
    assert [list(each.set["train.rates"]) for each in runner.configs] == [searched, chosen, chosen] * 2


def test_the_baseline_from_scratch_moves_everything_for_as_long(tmp_path):
    main = config(tmp_path, limit=200, batch_size=8, learning_rate=1.0, set={"strategy.rank": 4, "train.rates": [2]})
    made = scratch_config(main, made_run(tmp_path, 0.8))
    rates = registry().get("encoder", "bert").spec.rates
    assert made == dataclasses.replace(
        main,
        strategy="modaxfer/full",
        weights="random",
        epochs=5.0,
        learning_rate=rates.full * rates.head_multiplier,
        set={"train.rates": [2]},
    )
    # Two epochs were asked for, and two phases made five of them; a solver has none.
    asked, made = dataclasses.replace(main, epochs=2.0), made_run(tmp_path, 0.8)
    assert scratch_config(asked, made).epochs == made.training["epochs"] == 5.0
    assert scratch_config(asked, dataclasses.replace(made, training={})).epochs == 2.0


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"train.rates": RATES}),
        ({"train.rates": []}, {"train.rates": RATES}),
        ({"train.rates": "1,2"}, {"train.rates": "1,2"}),
        ({"rates": 2}, {"rates": 2}),
        ({"train": {"rates": 2}}, {"train": {"rates": 2}}),
    ],
)
def test_both_search_the_same_rates(options, expected):
    wanted = RunConfig(baseline=("scratch",), set=options)
    assert with_search(wanted).set == expected
    assert with_search(RunConfig(set=options)).set == options


def test_the_result_holds_gain_and_spread(tmp_path):
    result, folder = run(config(tmp_path, seeds=3, baseline=("scratch",)), Runner())
    assert Result.load(folder).to_dict() == result.to_dict()
    scores = result.repeats["test"]["f1_macro"]
    assert result.repeats["seeds"] == [7, 8, 9]
    assert scores[0] == result.metrics["test"]["f1_macro"]
    assert result.repeats["mean"]["f1_macro"] == pytest.approx(mean(scores))
    assert result.repeats["std"]["f1_macro"] == pytest.approx(stdev(scores))
    gain = result.transfer_gain["pretraining"]["f1_macro"]
    scratch = [Result.load(folder / "scratch" / str(seed)).metrics["test"]["f1_macro"] for seed in (7, 8, 9)]
    assert gain["with"] == pytest.approx(mean(scores))
    assert gain["without"] == pytest.approx(mean(scratch))
    assert gain["gain"] == pytest.approx(mean(scores) - mean(scratch))
    assert gain["by_seed"] == pytest.approx([a - b for a, b in zip(scores, scratch, strict=True)])
    assert 0.05 < gain["interval"][0] < gain["gain"] < gain["interval"][1] < 0.4
    assert gain["seeds"] == 3
    baseline = result.baselines["scratch"]
    assert baseline["f1_macro"] == scratch[0]
    assert (baseline["strategy"], baseline["epochs"], baseline["rate"]) == ("modaxfer/full", 5.0, 3.0)
    assert baseline["run"] == "scratch/7"
    low, high = baseline["difference"]["f1_macro"]
    assert low < scores[0] - scratch[0] < high
    assert result.baselines["chance"] == {"f1_macro": 0.33}


def test_with_one_seed_gain_and_difference_are_one(tmp_path):
    result, _ = run(config(tmp_path, baseline=("scratch",)), Runner())
    assert (
        result.transfer_gain["pretraining"]["f1_macro"]["interval"]
        == result.baselines["scratch"]["difference"]["f1_macro"]
    )
    assert result.repeats == {}


def test_splits_drawn_anew_are_paired_within_their_seed(tmp_path):
    result, _ = run(config(tmp_path, seeds=2, baseline=("scratch",)), Runner(rows_of_seed=True))
    gain = result.transfer_gain["pretraining"]["f1_macro"]
    assert gain["interval"][0] < gain["gain"] < gain["interval"][1]


@pytest.mark.parametrize("killed_at", range(4))
def test_a_killed_command_goes_on_where_it_was(killed_at, tmp_path):
    wanted = {"seeds": 2, "baseline": ("scratch",)}
    expected, _ = run(config(tmp_path / "unbroken", **wanted), Runner())
    with pytest.raises(KeyboardInterrupt):
        run(config(tmp_path / "killed", **wanted), Runner(killed_at=killed_at))
    runner = Runner()
    result, folder = run(config(tmp_path / "killed", **wanted), runner, resume=killed_at > 0)
    assert len(runner.configs) == 4 - killed_at
    assert result.to_dict() == expected.to_dict()
    again = Runner()
    assert run(config(folder), again, resume=True)[0].to_dict() == expected.to_dict()
    assert again.configs == []


def test_a_run_that_failed_beside_the_first_is_a_warning_and_is_made_anew(tmp_path):
    wanted = config(tmp_path, seeds=3, baseline=("scratch",))
    result, _ = run(wanted, Runner(failed_at=1))
    assert Result.load(tmp_path).to_dict() == result.to_dict()
    assert result.status == "completed"
    assert result.repeats["seeds"] == [7, 9]
    assert result.transfer_gain["pretraining"]["f1_macro"]["seeds"] == 2
    assert result.warnings == (
        "the run beside this one, seed 8, failed and is left out: ConfigError: made to fail. (--resume tries it again)",
    )
    result, _ = run(wanted, runner := Runner(), resume=True)
    assert folders(runner, tmp_path) == ["seeds/8", "scratch/8"]
    assert result.repeats["seeds"] == [7, 8, 9]
    assert result.transfer_gain["pretraining"]["f1_macro"]["seeds"] == 3
    assert result.warnings == ()


def test_a_baseline_from_scratch_that_failed_is_a_warning(tmp_path):
    result, _ = run(config(tmp_path, baseline=("scratch",)), Runner(failed_at=1))
    assert (Result.load(tmp_path).status, result.transfer_gain) == ("completed", None)
    assert "scratch" not in result.baselines
    assert [warning for warning in result.warnings if "from scratch, seed 7, failed" in warning]


def test_undefined_scores_have_no_mean(tmp_path):
    results = [dataclasses.replace(made_run(tmp_path, 0.8, seed=seed)) for seed in (0, 1)]
    undefined = dataclasses.replace(results[1], metrics={"test": {"f1_macro": None, "roc_auc": 0.5}})
    found = summarise([0, 1], [results[0], undefined])
    assert found["mean"].keys() == found["std"].keys() == {"roc_auc"}


@pytest.mark.parametrize("problem", ["multiclass", "regression", "multilabel"])
def test_stored_predictions_give_the_stored_scores(problem, tmp_path):
    rng = np.random.default_rng(0)
    shape = (60, 3) if problem == "multilabel" else 60
    references = rng.normal(size=60) if problem == "regression" else rng.integers(0, 2, shape)
    predictions = references + 1 if problem == "regression" else rng.integers(0, 2, shape)
    classes = () if problem == "regression" else CLASSES
    scores = None if problem == "regression" else rng.random((60, 3))
    names = ("rmse", "r2") if problem == "regression" else ("f1_macro", "roc_auc")
    test = compute(names, problem=problem, references=references, predictions=predictions, scores=scores)
    result = Result(
        status="completed",
        encoder={},
        bridge="",
        strategy="",
        task="",
        metrics={"test": test, "primary": names[0]},
        data={"classes": list(classes), "problem": problem},
    )
    labels = problem_of(problem).labels
    columns = {"target": labels.show(references, classes), "prediction": labels.show(predictions, classes)}
    write_table(tmp_path / "predictions.parquet", {"row_id": [f"r{n}" for n in range(60)]} | columns, scores, classes)
    read = read_finished(tmp_path, result)
    assert list(read.ids) == sorted(f"r{n}" for n in range(60))
    again = compute(
        names,
        problem=problem,
        references=read.references,
        predictions=read.scored.predictions,
        scores=read.scored.scores,
    )
    assert again == pytest.approx(test)
    assert read.score == test[names[0]]


def test_runs_on_other_rows_are_not_paired(tmp_path):
    first, second = (
        read_finished(tmp_path / str(seed), made_run(tmp_path / str(seed), 0.8, seed=seed, rows_of_seed=True))
        for seed in (0, 1)
    )
    over = repeats(Main(config=RunConfig(), folder=tmp_path, result=first.result))
    with pytest.raises(DataError, match="a run and the one beside it are scored on other rows"):
        step_gain([first], [second], seed=0, over=over)
    with pytest.raises(DataError, match="a run and the one beside it are scored on other rows"):
        step_baseline(first, second)


def test_a_run_without_predictions_cannot_be_paired(tmp_path):
    result = made_run(tmp_path, 0.8)
    (tmp_path / "predictions.parquet").unlink()
    with pytest.raises(DataError, match="a finished run without its predictions"):
        read_finished(tmp_path, result)


def spec(**changes):
    return dataclasses.replace(registry().get("encoder", "bert").spec, **changes)


def test_a_baseline_that_says_nothing_is_refused():
    wanted = RunConfig(encoder=("bert",), baseline=("scratch",))
    with pytest.raises(ConfigError, match="--weights random is the baseline from scratch itself"):
        refuse_idle_baseline(dataclasses.replace(wanted, weights="random"), [spec()])
    with pytest.raises(RefusedError, match="encoder lstm has no pretrained weights, so there is no gain to measure"):
        refuse_idle_baseline(wanted, [spec(name="lstm", pretrained=False)])
    with pytest.raises(RefusedError, match="for one encoder on one task, not for several encoders"):
        refuse_idle_baseline(dataclasses.replace(wanted, encoder=("bert", "vit")), [spec(), spec()])
    with pytest.raises(RefusedError, match="for one encoder on one task, not for several tasks"):
        refuse_idle_baseline(dataclasses.replace(wanted, task=("a", "b")), [spec()])
    with pytest.raises(RefusedError, match=r"trains on the task's labels, .*Got: --baseline scratch --strategy coral"):
        refuse_idle_baseline(dataclasses.replace(wanted, strategy="coral"), [spec()], adapts=True)
    refuse_idle_baseline(wanted, [spec()])
    refuse_idle_baseline(dataclasses.replace(wanted, baseline=(), weights="random"), [spec(pretrained=False)])
