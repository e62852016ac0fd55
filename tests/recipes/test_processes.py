"""Runs in processes of their own: killed and resumed, shared by two, refused where one would run unseen."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from modaxfer.result import Result
from own_columns import pictures_with_words

pytestmark = pytest.mark.recipe

SETTINGS = ["--precision", "fp32", "--device", "cpu", "--batch-size", "4"]


def command(rows, encoder, *extra):
    columns = [
        word for kind in ("text", "number", "image") for name in rows.get(kind, ()) for word in (f"--{kind}", name)
    ]
    return [
        *(sys.executable, "-m", "modaxfer", "train", "--encoder", str(encoder), "--data", rows["data"]),
        *(*columns, *SETTINGS, *extra),
    ]


def finish(arguments, **environment):
    done = subprocess.run(
        arguments, env=os.environ | environment, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


def kill_in_the_middle(arguments, folder: Path):
    """Start a run and kill it once it has a checkpoint of the second epoch or later."""
    started = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while _epoch(folder) < 2:
            assert started.poll() is None, "the run ended before it could be killed"
            assert time.monotonic() < deadline, "no checkpoint appeared"
            time.sleep(0.01)
    finally:
        started.send_signal(signal.SIGKILL)
        started.wait()


def _epoch(folder: Path) -> int:
    try:
        name = json.loads((folder / ".checkpoint" / "latest.json").read_text())["name"]
        return int(json.loads((folder / ".checkpoint" / name / "position.json").read_text())["epoch"])
    except (FileNotFoundError, json.JSONDecodeError):
        return 0


@pytest.mark.parametrize("strategy", ["full", "lora"])
def test_a_killed_run_resumes_to_the_same_metrics(strategy, tiny, own_rows, tmp_path):
    rows, settings = own_rows("pair"), ("--strategy", strategy, "--epochs", "24", "--set", "patience=0")
    settings += ("--set", "train.dropout=0.1")
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    finish(command(rows, tiny("bert"), *settings, "--output", str(whole)))
    kill_in_the_middle(command(rows, tiny("bert"), *settings, "--output", str(broken)), broken)
    assert not (broken / "result.json").exists()
    resumed = finish([sys.executable, "-m", "modaxfer", "train", "--resume", "--output", str(broken)])
    assert "resumed after step" in resumed.stderr
    assert Result.load(broken).metrics == Result.load(whole).metrics
    assert not (broken / ".checkpoint").exists()


def beside_two(one, two, *extra):
    """Run the same in one process and in two, and check that the results agree."""
    finish([*one, *extra])
    done = finish([*two, *extra, "--num-processes", "2"])
    assert done.stdout.count("report ") == 1
    first, second = (Result.load(Path(arguments[-1])) for arguments in (one, two))
    assert (first.num_processes, second.num_processes) == (1, 2)
    for split in ("train", "validation", "test"):
        assert second.metrics[split] == pytest.approx(first.metrics[split], abs=1e-6)
    return first, second


def test_two_processes_give_the_metrics_of_one(tiny, own_rows, tmp_path):
    rows, settings = own_rows("pair"), ("--strategy", "full", "--epochs", "3", "--learning-rate", "1e-3")
    one, two = (command(rows, tiny("bert"), "--output", str(tmp_path / name)) for name in ("one", "two"))
    beside_two(one, two, *settings)


def test_two_processes_share_a_bridge_that_is_fitted_aligned_and_trained(tiny, own_rows, tmp_path):
    rows = own_rows("regression")
    settings = ["--strategy", "full", "--bridge", "embed", "--epochs", "3", "--learning-rate", "1e-3"]
    for key, value in {"align": "mmd", "proxy": "digits", "align_steps": 5, "align_rows": 20, "units": "bytes"}.items():
        settings += ["--set", f"bridge.{key}={value}"]
    settings += ["--problem", "regression"]
    one, two = (command(rows, tiny("vit"), "--output", str(tmp_path / name)) for name in ("one", "two"))
    first, second = beside_two(one, two, *settings)
    assert second.training["alignment"] == first.training["alignment"]


def test_two_processes_fuse_as_one_does(tiny, tmp_path):
    rows = pictures_with_words(tmp_path)
    settings = ("--encoder", str(tiny("bert")), "--strategy", "fusion", "--epochs", "2", "--learning-rate", "1e-3")
    one, two = (command(rows, tiny("vit"), "--output", str(tmp_path / name)) for name in ("one", "two"))
    first, second = beside_two(one, two, *settings)
    assert second.ablation.keys() == first.ablation.keys() == {"image", "text"}


@pytest.mark.parametrize("weighting", ["sum", "uncertainty"])
def test_two_processes_share_an_encoder_between_tasks_as_one_does(weighting, tiny, tmp_path):
    names = ("--encoder", str(tiny("vit")), "--strategy", "multitask", "--task", "digits", "--task", "legal-sentiment")
    settings = [*names, *SETTINGS, "--limit", "32", "--epochs", "1", "--learning-rate", "1e-3"]
    settings += ["--set", f"weighting={weighting}", "--set", "alone=false"]
    train = [sys.executable, "-m", "modaxfer", "train"]
    one, two = ([*train, "--output", str(tmp_path / name)] for name in ("one", "two"))
    first, second = beside_two(one, two, *settings)
    assert {name: task["test"] for name, task in second.tasks.items()} == pytest.approx(
        {name: task["test"] for name, task in first.tasks.items()}, abs=1e-6
    )


def test_a_launcher_that_starts_one_process_for_two_is_found_out(tiny, own_rows, tmp_path):
    launch = [sys.executable, str(Path(sys.executable).with_name("accelerate")), "launch", "--cpu"]
    arguments = command(own_rows("pair"), tiny("bert"), "--strategy", "full", "--output", str(tmp_path / "run"))
    done = subprocess.run(
        [*launch, "--num_processes", "2", "-m", *arguments[2:]],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    assert "2 processes were asked for and 1 started" in done.stderr
    assert not (tmp_path / "run").exists()
