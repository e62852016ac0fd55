"""--quiet: what a command would have said on standard error is not said."""

from __future__ import annotations

import json

import pytest

from carried_models import here
from modaxfer.encoders.silence import quiet
from modaxfer.export import parity
from modaxfer.runner.progress import Progress

PRETRAINED = ["--steps", 2, "--batch-size", 2, "--validate-every", 2, "--device", "cpu", "--precision", "fp32"]


@pytest.fixture
def asked(monkeypatch):
    """What progress was asked to say or to show: a command that tells nothing would be quiet without being told."""
    heard = []
    say, bar = Progress.say, Progress.bar
    monkeypatch.setattr(Progress, "say", lambda self, line: (heard.append(line), say(self, line))[1])
    monkeypatch.setattr(Progress, "bar", lambda self, label, *rest: (heard.append(label), bar(self, label, *rest))[1])
    return heard


def measured(folder, rows):
    """Do what a process of its own does, of which nothing is shown."""
    with quiet():
        return here(folder, rows)


@pytest.mark.parametrize("command", ["predict", "explain", "export", "pretrain", "features"])
def test_a_quiet_command_says_nothing_on_standard_error(command, asked, shell, finished, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(parity, "_measured", measured)
    run, rows, lines = finished("bert", "text"), tmp_path / "rows.jsonl", tmp_path / "lines.txt"
    texts = ["the court held", "", *("right was the plaintiff " * count for count in range(1, 7))]
    rows.write_text("\n".join(json.dumps({"text": text}) for text in texts))
    lines.write_text("\n".join(f"the court held {number}" for number in range(30)))
    words = {
        "predict": [run, rows],
        "explain": [run, rows, "--row", 1, "--no-check", "--output", tmp_path / "why"],
        "export": [run, "--to", "transformers", "--rows", 4, "--output", tmp_path / "made"],
        "pretrain": [
            "--encoder",
            tiny("bert"),
            "--objective",
            "masked-language",
            "--data",
            lines,
            "--output",
            tmp_path / "more",
        ],
        "features": ["--encoder", tiny("bert"), "--data", rows, "--text", "text", "--output", tmp_path / "f.npy"],
    }[command]
    status, _, err = shell(command, *words, *(PRETRAINED if command == "pretrain" else ()), "--quiet")
    assert (status, err) == (0, "")
    assert asked
