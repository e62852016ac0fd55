"""Mistakes that can be seen without torch are answered before it is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

ASK = """
import gc, json, os, sys, traceback
from pathlib import Path
import modaxfer.api, modaxfer.cli.compare, modaxfer.cli.runs, modaxfer.cli.train, modaxfer.config, modaxfer.data
import modaxfer.registry.builtin, modaxfer.runner.claims.contents, modaxfer.runner.request.kept
from modaxfer.cli.main import run
from modaxfer.registry import registry

registry()  # As every answer would load it.
gc.freeze()
HEAVY = ("torch", "transformers", "sklearn", "datasets")

def answer(words, place):
    os.dup2(os.open(place / "err", os.O_WRONLY | os.O_CREAT), 2)
    try:
        run(words)
    except SystemExit as end:
        status = end.code
    except BaseException:
        traceback.print_exc()
        status = -1
    sys.stderr.flush()
    told = {"status": status, "heavy": [name for name in HEAVY if name in sys.modules]}
    (place / "told.json").write_text(json.dumps(told))

for number, words in enumerate(json.loads(sys.argv[1])):
    place = Path("answers", str(number))
    place.mkdir(parents=True)
    # A copy of a process that has said nothing yet: one question leaves nothing to the next.
    copy = os.fork()
    if not copy:
        try:
            answer(words, place)
        finally:
            os._exit(0)
    os.waitpid(copy, 0)
"""
TRAIN = ("train", "--encoder", "bert", "--strategy", "lora", "--task", "digits")


ANSWERS = (
    ((*TRAIN, "--epochs", "0"), "epochs: got 0.0, must be above 0"),
    (
        (*TRAIN[:4], "full", *TRAIN[5:], "--set", "dora=true"),
        "Fix: it is an option of strategy lora: take one of these, or leave it out; `",
    ),
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
    (("evaluate", "broken-off", "x.csv"), "Fix: `modaxfer train --resume --output broken-off` finishes the one that"),
    ((*TRAIN, "--flibber"), "no option --flibber. Fix: `modaxfer train --help` shows what there is"),
    (("predict", "x.csv", "run"), "files with rows come behind it"),
    (("predict", "run/model", "x.csv"), "Fix: name the folder that holds it: run."),
    (("predict", "run/result.json", "x.csv"), "Fix: name the folder that holds it: run."),
    ((*TRAIN, "--checkpoint", "run/model"), "Fix: name the folder of the run, run."),
    (("predict", ".", "x.csv", "--device", "gpu"), "device: got 'gpu', allowed auto, cpu, cuda, mps (did you"),
)
"""Words of the command line to what is said of them."""


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """Return a function from words to the exit status, what was said, and which heavy modules were there at the end."""
    place = tmp_path_factory.mktemp("asked")
    (place / "x.csv").touch()
    (place / "run" / "model").mkdir(parents=True)
    (place / "broken-off").mkdir()
    (place / "broken-off" / "config.yaml").touch()
    (place / "run" / "result.json").touch()
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "MODAXFER_PLUGINS": ""}
    questions = [words for words, _ in ANSWERS]
    subprocess.run([sys.executable, "-c", ASK, json.dumps(questions)], env=environment, cwd=place, check=True)

    def asked(words):
        answer = place / "answers" / str(questions.index(words))
        told = json.loads((answer / "told.json").read_text())
        return told["status"], (answer / "err").read_text(), told["heavy"]

    return asked


@pytest.mark.parametrize(("words", "said"), ANSWERS)
def test_the_answer_comes_before_torch(words, said, asked):
    status, err, heavy = asked(words)
    assert said in err
    assert status == 2
    assert heavy == []
