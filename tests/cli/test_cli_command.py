"""What the command line refuses before anything is done, and how it says so."""

from __future__ import annotations

import dataclasses

import pytest

from modaxfer.cli import main
from modaxfer.cli.sections import SECTIONS
from modaxfer.config import RunConfig
from modaxfer.pretraining.config import PretrainingConfig
from modaxfer.registry.builtin_strategies import STRATEGIES
from modaxfer.runner.recommend.question import Choices


@pytest.fixture
def said(capsys):
    def shell(*words):
        with pytest.raises(SystemExit) as stop:
            main.run(list(words))
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.count("\n") == 1
        return stop.value.code, printed.err

    return shell


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["train", "--strategy", "full", "--strategy", "lora"], "Got: full, lora. Fix: give it once; `modaxfer"),
        (["train", "--seed", "1", "--seed=2", "--seed", "3"], "is given 3 times. Got: 1, 3, 2."),
        (["train", "--output", "a", "--output", "a"], "given 2 times. Got: a, a. Fix: give it once."),
        (["train", "--config", "a", "--config", "b"], "--config takes one value"),
        (["predict", "RUN", "x.csv", "--device", "cpu", "--device", "cuda"], "--device takes one value"),
        (["list", "bridges", "--from", "text", "--from", "image"], "--from takes one value"),
        (["train", "--set", "rank=1", "--set", "rank=2"], "--set rank is given twice. Got: 1, 2."),
        (["train", "--task", ""], "--task is empty. Fix: give it a value, or leave it out; is a variable"),
        (["train", "--data="], "--data is empty"),
        (["train", "--lr", "0.1"], "has no option --lr. Fix: did you mean --learning-rate?"),
        (["train", "--model", "bert"], "did you mean --encoder?"),
        (["train", "--bs", "8"], "did you mean --batch-size?"),
        (["train", "--batch_size", "8"], "did you mean --batch-size?"),
        (["train", "--epoch", "8"], "did you mean --epochs?"),
        (["train", "--out", "x"], "did you mean --output?"),
        (["train", "--gpu"], "did you mean --device cuda?"),
        (["train", "--fp16"], "did you mean --precision fp16?"),
        (["train", "--method", "lora"], "did you mean --strategy?"),
        (["train", "--dataset", "x"], "did you mean --data or --task?"),
        (["train", "--force"], "did you mean --overwrite?"),
        (["train", "--zzwurst"], "no option --zzwurst. Fix: `modaxfer train --help` shows"),
        (["predict", "RUN", "x.csv", "--out", "y.csv"], "did you mean --output?"),
        (["list", "--jsn"], "did you mean --json?"),
        (["pretrain", "--epochs", "3"], "has no option --epochs. Fix: did you mean --steps?"),
        (["train", "bert"], "is given a word too many. Got: bert. Fix: `modaxfer train --help` shows"),
        (["train", "rows.csv"], "is given a word too many. Got: rows.csv. Fix: did you mean --data rows.csv?"),
        (["train", "lr=.1", "model=bert"], "Fix: did you mean --learning-rate .1 --encoder bert?"),
        (["predict", "run", "rows.csv", "more.csv"], "too many. Got: more.csv. Fix: `modaxfer predict --help` shows"),
        (["predict"], "'RUN'. Fix: write `modaxfer predict RUN FILE`; `modaxfer predict --help` shows"),
        (["export", "RUN"], "'--to'. Fix: --to FORM: One of transformers, peft, onnx, pipeline; `modaxfer export"),
        (["train", "--seed"], "Option '--seed' requires an argument. Fix:"),
        (["list", "encodrs"], "'encodrs' is none of it. Allowed: encoders, checkpoints, "),
        (["list", "encodrs"], "Fix: did you mean encoders?"),
        (["plugins", "lst"], "No such command 'lst'. Fix: did you mean list?"),
    ],
)  # fmt: skip
def test_one_line_says_what_is_wrong_and_what_to_do(said, words, text):
    status, err = said(*words)
    assert status == 2
    assert err.startswith("modaxfer: ")
    assert text in err


@pytest.mark.parametrize("words", [["--help"], ["train", "-h"], ["--version"], ["list", "tasks"]])
def test_what_is_asked_for_is_printed_and_ends_with_0(words, capsys):
    with pytest.raises(SystemExit) as stop:
        main.run(words)
    assert stop.value.code == 0
    assert capsys.readouterr().out


def test_an_option_of_many_values_may_be_repeated(said):
    status, err = said("train", "--encoder", "bert", "--encoder", "vit", "--text", "a", "--text", "b")
    assert status == 2
    assert "--strategy and --task missing" in err


def test_train_alone_asks_nothing_and_says_what_most_people_want(capsys):
    with pytest.raises(SystemExit) as stop:
        main.run(["train"])
    printed = capsys.readouterr()
    assert (stop.value.code, printed.out) == (2, "")
    lines = printed.err.splitlines()
    assert max(map(len, lines)) <= 80
    wanted = [line.split() for line in lines if line.startswith("  modaxfer train ")]
    assert [("--data" in words, "--task" in words) for words in wanted] == [(True, False), (True, False), (False, True)]
    assert "modaxfer train --help" in printed.err


def test_every_setting_has_a_section_and_every_strategy_a_line(capsys):
    fields = [item for config in (RunConfig, PretrainingConfig, Choices) for item in dataclasses.fields(config)]
    named = {name for names in SECTIONS.values() for name in names}
    assert {item.name for item in fields if item.metadata.get("flag", True)} <= named
    with pytest.raises(SystemExit):
        main.run(["train", "--help"])
    lines = capsys.readouterr().out.splitlines()
    heads = [line.removesuffix(":") for line in lines if line.endswith(":") and line[0] != " "]
    assert [head for head in heads if not head.startswith("Strategies")] == list(SECTIONS)
    assert {spec.name for spec in STRATEGIES} <= {line.split()[0] for line in lines if line.startswith("  ")}
