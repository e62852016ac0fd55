"""Mistakes that can be seen without torch are answered before it is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

ASK = """
import atexit, json, runpy, sys
atexit.register(lambda: open(sys.argv.pop(), "w").write(json.dumps([m for m in HEAVY if m in sys.modules])))
HEAVY = ("torch", "transformers", "sklearn", "datasets")
keep = sys.argv.pop(1)
code = None
from modaxfer.cli.main import run
sys.argv.append(keep)
run(sys.argv[1:-1])
"""
TRAIN = ("train", "--encoder", "bert", "--strategy", "lora", "--task", "digits")


def ask(tmp_path, *words):
    """Return exit status, what was said, and which heavy modules were there at the end."""
    place = tmp_path / "modules.json"
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "MODAXFER_PLUGINS": ""}
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(place), *words], capture_output=True, text=True, env=environment, cwd=tmp_path,
        check=False,
    )  # fmt: skip
    return done.returncode, done.stderr, json.loads(place.read_text())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*TRAIN, "--epochs", "0"), "epochs: got 0.0, must be above 0"),
        ((*TRAIN, "--set", "rnk=4"), "unknown option. Got: rnk. Allowed: options of bridge, encoder, strategy, train."),
        (
            (*TRAIN, "--set", "train.epochs=3"),
            "a setting of the run is no option of --set. Got: train.epochs. Fix: write --epochs.",
        ),
        ((*TRAIN, "--set", "strategy.rank=many"), "strategy.rank: got 'many', expected a whole number"),
        ((*TRAIN, "--set", "train.warmup=7"), "train.warmup: got 7.0, must be at most 1.0"),
        ((*TRAIN, "--device", "gpu"), "did you mean cuda?"),
        ((*TRAIN, "--label", "stars"), "--label beside --task would do nothing"),
        ((*TRAIN, "--data-dir", "none"), "--data-dir does not exist"),
        ((*TRAIN, "--config", "none.yaml"), "cannot read config file"),
        ((*TRAIN[:-1], "digts"), "did you mean digits or"),
        (("train", "--encoder", "bert", "--strategy", "dann", "--task", "digits"), "name one with --source-task"),
        (("train", "--encoder", "brt", "--strategy", "lora", "--task", "digits"), "did you mean bert"),
        (("train", "--encoder", "bert", "--strategy", "lora", "--data", "none.csv"), "none.csv"),
        (("train", "--resume", "--output", "none"), "there is no run to resume"),
        (("compare", *TRAIN[1:], "--set", "rnk=4"), "unknown option. Got: rnk"),
        (("compare", *TRAIN[1:], "--epochs", "0"), "must be above 0"),
        (("evaluate", "none"), "there is no such folder. Got: none"),
        (("predict", "none", "x.csv"), "there is no such folder. Got: none"),
        (("report", "none"), "there is no such folder"),
        (("predict", ".", "x.csv"), "no trained model here"),
        (("evaluate", ".", "x.csv"), "no trained model here"),
        (("predict", ".", "x.csv", "--device", "gpu"), "device: got 'gpu', allowed auto, cpu, cuda, mps (did you"),
    ],
)
def test_the_answer_comes_before_torch(tmp_path, words, said):
    status, err, heavy = ask(tmp_path, *words)
    assert said in err
    assert status == 2
    assert heavy == []
