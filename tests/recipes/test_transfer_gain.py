"""Seeds and the baseline from scratch, end to end on tiny weights; also when killed in the middle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import modaxfer
from modaxfer.cli.main import cli
from modaxfer.config import RunConfig, build, read_yaml
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.reports import write_reports
from modaxfer.result import Result
from modaxfer.runner.training import loop

pytestmark = pytest.mark.recipe

QUICK = {"epochs": 1, "batch_size": 8, "precision": "fp32", "device": "cpu", "quiet": True}
BOTH = {"seeds": 2, "baseline": "scratch", "set": {"train.rates": "1,3"}}


def trained(encoder, rows, folder, **changes):
    values = {"encoder": str(encoder), "strategy": "lora", "output": str(folder), **QUICK, **BOTH, **rows}
    return modaxfer.train(**values | changes)


@pytest.fixture(scope="module")
def run(tiny, own_rows, tmp_path_factory):
    """A run with two seeds, each with its baseline from scratch, and its pages."""
    made = trained(tiny("bert"), own_rows("text"), tmp_path_factory.mktemp("gain") / "run")
    write_reports(made.result, made.folder)
    return made


def stored(folder: Path) -> RunConfig:
    return build(RunConfig, read_yaml(folder / "config.yaml"))


def test_every_run_beside_the_first_is_an_ordinary_one(run):
    for place in ("seeds/1", "scratch/0", "scratch/1"):
        beside = modaxfer.load(run.folder / place)
        assert beside.result.status == "completed"
        assert beside.evaluate()["metrics"] == pytest.approx(beside.result.metrics["test"], abs=1e-6)
    for first, second in ((".", "seeds/1"), ("scratch/0", "scratch/1")):
        searched = Result.load(run.folder / first).training["rates"]
        assert [attempt["factor"] for attempt in searched["tried"]] == [1.0, 3.0]
        assert stored(run.folder / second).set["train.rates"] == [searched["chosen"]]
    first, scratch = stored(run.folder), stored(run.folder / "scratch/0")
    assert (scratch.strategy, scratch.weights) == ("modaxfer/full", "random")
    assert (scratch.epochs, scratch.batch_size, scratch.seed) == (first.epochs, first.batch_size, 0)
    assert (first.seeds, first.baseline) == (2, ("scratch",))


def test_scratch_starts_from_random_weights_and_moves_all(run):
    scratch = modaxfer.load(run.folder / "scratch/0").result
    assert scratch.encoder["sha256"] is None
    assert scratch.parameters["trainable"] > 0.9 * scratch.parameters["total"]
    assert run.result.parameters["trainable"] < 0.7 * run.result.parameters["total"]
    seeds = [Result.load(run.folder / "scratch" / seed) for seed in ("0", "1")]
    assert seeds[0].training != seeds[1].training


def test_the_gain_is_that_of_the_stored_scores(run):
    gain = run.result.transfer_gain["pretraining"][run.result.primary]
    scores = run.result.repeats["test"][run.result.primary]
    scratch = [Result.load(run.folder / "scratch" / seed).metrics["test"][run.result.primary] for seed in ("0", "1")]
    assert gain["by_seed"] == pytest.approx([a - b for a, b in zip(scores, scratch, strict=True)])
    assert gain["interval"][0] <= gain["gain"] <= gain["interval"][1]


def test_reports_tell_the_gain(run):
    for name in ("report.html", "README.md"):
        text = (run.folder / name).read_text(encoding="utf-8")
        assert "Transfer gain" in text
        assert "from scratch" in text


def test_the_command_line_takes_both_flags(tiny, own_rows, tmp_path):
    rows = own_rows("text")
    words = ["train", "--encoder", str(tiny("bert")), "--strategy", "frozen", "--output", str(tmp_path / "run")]
    words += ["--data", rows["data"], "--text", "text", "--baseline", "scratch", "--set", "train.rates=1"]
    words += ["--seeds", "1", "--epochs", "1", "--device", "cpu", "--json"]
    done = CliRunner().invoke(cli, words, catch_exceptions=False)
    found = json.loads(done.stdout)
    assert found["transfer_gain"]["pretraining"][found["metrics"]["primary"]]["seeds"] == 1
    assert found["baselines"]["scratch"]["epochs"] == 1.0
    assert "rates" not in found["training"]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"weights": "random"}, ConfigError, "--weights random is the baseline from scratch itself"),
        ({"baseline": "nothing"}, ConfigError, "baseline: got 'nothing', allowed scratch"),
        ({"seeds": 0}, ConfigError, "seeds: got 0, must be at least 1"),
        ({"task": ("sst2", "trec")}, (ConfigError, RefusedError), "task"),
    ],
)
def test_what_says_nothing_is_refused(changes, error, message, tiny, own_rows, tmp_path):
    with pytest.raises(error, match=message):
        trained(tiny("bert"), own_rows("text"), tmp_path / "run", **changes)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow  # By default the schedule of runs beside a run is killed without training any: tests/runner/beside.
@pytest.mark.parametrize("killed_at", [2, 5])
def test_a_killed_command_ends_as_an_unbroken_one(killed_at, run, tiny, own_rows, tmp_path, monkeypatch):
    """Killed in the first search, or while training from scratch; one validation ends each of the six trainings."""
    judge, calls = loop._GradientPhase._judge, []

    def dying(phase, found):
        calls.append(phase)
        if len(calls) == killed_at:
            raise KeyboardInterrupt
        judge(phase, found)

    with monkeypatch.context() as patch:
        patch.setattr(loop._GradientPhase, "_judge", dying)
        with pytest.raises(KeyboardInterrupt):
            trained(tiny("bert"), own_rows("text"), tmp_path / "run")
    folder = str(tmp_path / "run")
    if killed_at == 2:
        assert (tmp_path / "run" / ".checkpoint" / "rate-0.json").is_file()
    monkeypatch.setattr(loop._GradientPhase, "_judge", lambda *given: (calls.append(given), judge(*given))[1])
    resumed = modaxfer.train(output=folder, resume=True, quiet=True).result
    assert len(calls) == 6 + 1
    for key in ("metrics", "repeats", "transfer_gain", "baselines"):
        assert getattr(resumed, key) == getattr(run.result, key), key
    assert resumed.training["rates"] == run.result.training["rates"]
    assert not (tmp_path / "run" / ".checkpoint").exists()
