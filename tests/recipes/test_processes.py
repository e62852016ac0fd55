"""Runs in processes of their own: killed and resumed, shared by two, refused where one would run unseen."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

import forked
import modaxfer
from modaxfer.api import make_config
from modaxfer.config import to_yaml
from modaxfer.errors import ConfigError
from modaxfer.result import Result
from modaxfer.runner.processes.launch import launch
from modaxfer.runner.rows import workers
from own_columns import pictures_with_words
from two_processes import EACH, KILLED, RESUMED, in_two_processes

pytestmark = pytest.mark.recipe

SETTINGS = ["--precision", "fp32", "--device", "cpu", "--batch-size", "4"]
SHARED = {"precision": "fp32", "device": "cpu", "batch_size": 4}
RATE = {"learning_rate": 1e-3}
_TORCHJD = find_spec("torchjd") is not None
EPOCH, STEP = 9, 21
"""Steps of an epoch, and the one that is fatal: in the middle of the third."""


def command(rows, encoder, *extra):
    columns = [
        word for kind in ("text", "number", "image") for name in rows.get(kind, ()) for word in (f"--{kind}", name)
    ]
    return [
        *("-m", "modaxfer", "train", "--encoder", str(encoder), "--data", rows["data"]),
        *(*columns, *SETTINGS, *extra),
    ]


def killed(number, arguments, step=STEP):
    return ["-c", KILLED, str(int(number)), str(step), *arguments[2:]]


def train_here(request, folder):
    """Train in this process, which spares the seconds that a new one takes to start."""
    return modaxfer.train(**SHARED | request, output=folder, quiet=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("strategy", "number"),
    [("full", signal.SIGKILL), ("lora", signal.SIGTERM)],
)
def test_a_killed_run_resumes_to_the_same_metrics(strategy, number, tiny, own_rows, tmp_path, capfd):
    rows, settings = own_rows("pair"), ("--strategy", strategy, "--epochs", "3", "--set", "patience=0")
    settings += ("--set", "train.dropout=0.1")
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    options = {"patience": 0, "train.dropout": 0.1}
    train_here({"encoder": str(tiny("bert")), "strategy": strategy, "epochs": 3, "set": options, **rows}, whole)
    arguments = killed(number, command(rows, tiny("bert"), *settings, "--output", str(broken)))
    done = forked.python(*arguments)
    assert not (broken / "result.json").exists()
    if number == signal.SIGTERM:
        assert done.returncode == 128 + number
        assert done.stderr.endswith(
            f"stopped by SIGTERM; `modaxfer train --resume --output {broken}` goes on from there\n"
        )
        assert not (broken / ".lock").exists()
    else:
        assert done.returncode == -number
    modaxfer.train(output=broken, resume=True)
    (resumed,) = re.findall(r"resumed after step (\d+)", capfd.readouterr().err)
    assert int(resumed) == (STEP if number == signal.SIGTERM else 2 * EPOCH)
    assert Result.load(broken).metrics == Result.load(whole).metrics
    assert not (broken / ".checkpoint").exists()


@pytest.fixture(scope="module")
def without_workers(tiny, own_rows, tmp_path_factory):
    """Return the metrics of a run on changed pictures that makes its rows itself and is not killed."""
    asked = {"strategy": "full", "epochs": 2, "augment": ("trivial-augment", "cutmix"), "set": {"patience": 0}}
    folder = tmp_path_factory.mktemp("whole")
    return train_here({"encoder": str(tiny("vit")), **asked, **own_rows("image")}, folder / "run").result.metrics


@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_workers_end_with_a_run_that_is_stopped_and_it_resumes_to_the_metrics_of_one_without(
    number, tiny, own_rows, tmp_path, without_workers, monkeypatch
):
    broken = tmp_path / "broken"
    words = ("--strategy", "full", "--epochs", "2", "--augment", "trivial-augment", "--augment", "cutmix")
    options = ("--set", "patience=0", "--set", "train.workers=2", "--output", str(broken))
    flag, code, *arguments = killed(number, command(own_rows("image"), tiny("vit"), *words, *options), EPOCH + 3)
    errors = tmp_path / "errors"
    os.mkfifo(errors)
    with open(os.open(errors, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as told:
        started = forked.Started([flag, forked.UNSEEN + forked.COPIED_WORKERS + code, *arguments], err=errors)
        assert started.finish().returncode == (-number if number == signal.SIGKILL else 128 + number)
        deadline = time.monotonic() + 60
        # Every worker has standard error open as well: until the last has ended there is nothing to read, not an end.
        while told.read() != b"":
            assert time.monotonic() < deadline, "a worker outlives its run"
            time.sleep(0.01)
    assert not (broken / "result.json").exists()
    assert (broken / ".lock").exists() is (number == signal.SIGKILL)
    monkeypatch.setattr(workers, "get_context", lambda _: forked.CONTEXT)
    modaxfer.train(output=broken, resume=True)
    assert Result.load(broken).metrics == without_workers


def agree(one: Path, two: Path):
    """Check that the runs of one process and of two agree, but for the order in which floats were added up."""
    first, second = Result.load(one), Result.load(two)
    assert (first.num_processes, second.num_processes) == (1, 2)
    for split in ("train", "validation", "test"):
        assert second.metrics[split] == pytest.approx(first.metrics[split], rel=1e-5, abs=1e-6)
    return first, second


NAMES = ("aligned and held", "balanced" if _TORCHJD else "weighed", "discriminated")
"""What is trained by one and by two processes, beside variants of it."""


@pytest.fixture(scope="module")
def shared(tiny, own_rows, tmp_path_factory):
    """Return a folder in which a run of two processes was stopped, and what was said when two others went on with it.

    These train all else that two processes share as well, since most of the time goes into starting them.
    """
    folder = tmp_path_factory.mktemp("shared")
    asked = {"encoder": str(tiny("bert")), "strategy": "full", "epochs": 2, "num_processes": 2, **RATE}
    asked |= own_rows("pair") | {"set": {"patience": 0}}
    for name in ("whole", "broken"):
        (folder / f"{name}.yaml").write_text(to_yaml(make_config(**SHARED | asked, output=folder / name)))
    words = (str(int(signal.SIGTERM)), str(STEP // 2), "train", "--config", str(folder / "broken.yaml"))
    statuses, said = in_two_processes(KILLED, *words)
    assert statuses == [128 + signal.SIGTERM] * 2, said
    left = {path.name for path in (folder / "broken").iterdir()}
    paths = [folder / "whole.yaml", *by_one_process(NAMES, tiny, own_rows, folder)]
    statuses, said = in_two_processes(RESUMED + EACH, str(folder / "broken"), *map(str, paths))
    assert statuses == [0, 0], said
    return folder, left, said


def by_one_process(names, tiny, own_rows, folder):
    """Train what is called so in this process; return configs of the same for two."""
    requests, paths = shared_requests(tiny, own_rows, folder), []
    for name in names:
        train_here(requests[name], folder / f"{name}-one")
        paths.append(folder / f"{name}.yaml")
        config = make_config(**SHARED | requests[name], num_processes=2, output=folder / f"{name}-two")
        paths[-1].write_text(to_yaml(config))
    return paths


def test_two_processes_that_are_stopped_let_go_of_their_run_and_resume_to_the_metrics_of_an_unbroken_one(shared):
    folder, left, said = shared
    assert "config.yaml" in left
    assert not left & {"result.json", ".lock"}
    (step,) = re.findall(r"resumed after step (\d+)", said)
    assert int(step) == STEP // 2 + 1, "they agree on it in the step after"
    assert Result.load(folder / "broken").metrics == Result.load(folder / "whole").metrics


STARTED = """#!/bin/sh
cp "$5" "{folder}/$RANK.yaml"
echo "$2 $3 $4 $WORLD_SIZE $LOCAL_RANK $MODAXFER_LAUNCHED $ACCELERATE_USE_CPU" > "{folder}/$RANK"
"""
"""Stands for Python: of the processes that torch's launcher starts it notes what they are given."""


class Agent(forked.Started):
    """torch's launcher in a process that has imported torch already."""

    def __init__(self, words, *, env, pass_fds, start_new_session):
        super().__init__(words[1:], environment=env)

    def wait(self):
        return self.finish().returncode


def test_the_launcher_starts_both_processes_with_what_they_need(tiny, own_rows, tmp_path, monkeypatch):
    python = tmp_path / "python"
    python.write_text(STARTED.format(folder=tmp_path))
    python.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr("modaxfer.runner.processes.launch.subprocess", SimpleNamespace(Popen=Agent))
    asked = {"encoder": str(tiny("bert")), "strategy": "full", **own_rows("pair"), "num_processes": 2}
    config = make_config(**SHARED | asked, output=tmp_path / "run")
    launch(config, tmp_path / "run", resume=False)
    for rank in "01":
        assert (tmp_path / rank).read_text() == f"modaxfer train --config 2 {rank} 1 true\n"
        assert (tmp_path / f"{rank}.yaml").read_text() == to_yaml(config)


@pytest.mark.slow
def test_two_processes_give_the_metrics_of_one(tiny, own_rows, tmp_path):
    rows, one, two = own_rows("pair"), tmp_path / "one", tmp_path / "two"
    settings = {"strategy": "full", "epochs": 1, **RATE}
    train_here({"encoder": str(tiny("bert")), **rows, **settings}, one)
    words = ("--strategy", "full", "--epochs", "1", "--learning-rate", "1e-3", "--num-processes", "2")
    done = forked.python(*command(rows, tiny("bert"), *words, "--output", str(two)), timeout=900)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("report ") == done.stdout.count("95 % interval") == 1
    agree(one, two)


@pytest.mark.parametrize("name", NAMES)
def test_two_processes_agree_with_one_whatever_is_trained(shared, name):
    CHECKS[name](*agree(shared[0] / f"{name}-one", shared[0] / f"{name}-two"))


@pytest.mark.slow
def test_two_processes_agree_with_one_in_variants_too(subtests, tiny, own_rows, tmp_path):
    names = ("fused", "augmented", "summed", "weighed", "drawn together", "gain")
    statuses, said = in_two_processes(EACH, *map(str, by_one_process(names, tiny, own_rows, tmp_path)))
    assert statuses == [0, 0], said
    for name in names:
        with subtests.test(name):
            CHECKS[name](*agree(tmp_path / f"{name}-one", tmp_path / f"{name}-two"))


def shared_requests(tiny, own_rows, tmp_path):
    """Return what two processes are asked for, by name: whatever they have to share or to add up."""
    bert, vit = str(tiny("bert")), str(tiny("vit"))
    align = {"align": "mmd", "proxy": "digits", "align_steps": 5, "align_rows": 20, "units": "bytes"}
    held = {"l2_sp": 0.5, "bss": 1e-3, "surgical": True, "gradual": 0.3, "train.max_tokens": 64}
    aligned = {"bridge": "embed", "set": held | {f"bridge.{key}": value for key, value in align.items()}}
    tasks = {"task": ("digits", "legal-sentiment"), "limit": 16, "epochs": 1, "strategy": "multitask", **RATE}
    # Batches of five: the two processes do not hold the same number of rows, and a joint loss is of all of them.
    adapted = {"encoder": bert, "task": "sst2", "source_task": "rt-polarity", "limit": 25, "epochs": 1, **RATE}
    adapted |= {"batch_size": 5, "set": {"train.max_tokens": 64}}
    return {
        "aligned and held": {
            "encoder": vit,
            "strategy": "full",
            "epochs": 2,
            **RATE,
            **aligned,
            **own_rows("regression", 24),
        },
        "fused": {
            "encoder": (vit, bert),
            "strategy": "fusion",
            "epochs": 1,
            "set": {"how": "concat"},
            **RATE,
            **pictures_with_words(tmp_path),
        },
        "summed": {"encoder": vit, **tasks, "set": {"weighting": "sum", "alone": False}},
        "weighed": {"encoder": vit, **tasks, "set": {"weighting": "uncertainty", "alone": False}},
        "balanced": {"encoder": vit, **tasks, "set": {"weighting": "pcgrad", "alone": False}},
        "discriminated": {**adapted, "strategy": "dann"},
        "drawn together": {**adapted, "strategy": "coral"},
        "augmented": {
            "encoder": vit,
            "strategy": "full",
            "epochs": 1,
            "augment": ("colour", "mixup=1"),
            **RATE,
            **own_rows("image"),
        },
        "gain": {
            "encoder": bert,
            "strategy": "lora",
            "epochs": 1,
            "baseline": "scratch",
            "set": {"train.rates": "1,3"},
            **own_rows("text", 24),
        },
    }


def same_tasks(first, second):
    scores = [{name: task["test"] for name, task in result.tasks.items()} for result in (first, second)]
    assert scores[1].keys() == scores[0].keys() == {"modaxfer/digits", "legal/legal-sentiment"}
    for name, found in scores[1].items():
        assert found == pytest.approx(scores[0][name], abs=1e-6)


def same_gain(first, second):
    assert second.training["rates"]["chosen"] == first.training["rates"]["chosen"]
    assert second.transfer_gain["pretraining"][second.primary]["gain"] == pytest.approx(
        first.transfer_gain["pretraining"][first.primary]["gain"], abs=1e-6
    )


def same_alignment(first, second):
    assert second.training["alignment"] == first.training["alignment"]
    same_losses(first, second)


def same_losses(first, second):
    one, two = (result.training["phases"][0] for result in (first, second))
    assert len(one["terms"]) > 1
    assert two["terms"] == pytest.approx(one["terms"], rel=1e-3, abs=1e-5)
    assert two["steps"] == one["steps"]


def same_parts(first, second):
    assert second.ablation.keys() == first.ablation.keys() == {"image", "text"}


def same_changes(first, second):
    assert (
        first.training["phases"][0]["augment"] == second.training["phases"][0]["augment"] == ["colour=0.3", "mixup=1"]
    )


CHECKS = {
    "augmented": same_changes,
    "aligned and held": same_alignment,
    "fused": same_parts,
    "summed": same_tasks,
    "weighed": same_tasks,
    "balanced": same_tasks,
    "discriminated": same_losses,
    "drawn together": same_losses,
    "gain": same_gain,
}


def test_a_launcher_that_starts_one_process_for_two_is_found_out(tiny, own_rows, tmp_path, monkeypatch):
    from accelerate.commands import launch as accelerates

    arguments = ["--cpu", "--num_processes", "2", "train.py"]
    started = []
    with monkeypatch.context() as patch:  # What it would start is one process, which finds no other.
        patch.setattr(accelerates, "simple_launcher", started.append)
        accelerates.launch_command(accelerates.launch_command_parser().parse_args(arguments))
    assert len(started) == 1
    asks = "from modaxfer.runner.processes.asked import processes_asked as asked; raise SystemExit(asked())"
    parent = tmp_path / "accelerate"
    parent.write_text(f"#!{sys.executable} -S\nimport subprocess, sys\nsys.exit(subprocess.call(sys.argv[4:]))\n")
    parent.chmod(0o700)
    done = subprocess.run([parent, *arguments[:-1], sys.executable, "-c", asks], timeout=120, check=False)
    monkeypatch.setattr("modaxfer.runner.processes.launch.processes_asked", lambda: done.returncode)
    with pytest.raises(ConfigError, match="2 processes were asked for and 1 started"):
        train_here({"encoder": str(tiny("bert")), "strategy": "full", **own_rows("pair")}, tmp_path / "run")
    assert not (tmp_path / "run").exists()
