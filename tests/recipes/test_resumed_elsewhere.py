"""A run taken up again by its folder alone goes on as it was started, with the rows that it was started with."""

from __future__ import annotations

import pytest

from modaxfer.config import RunConfig
from modaxfer.errors import DataError
from modaxfer.result import Result
from modaxfer.runner import run as runs
from modaxfer.runner.run import run

pytestmark = pytest.mark.recipe


@pytest.fixture
def killed(tiny, tmp_path, monkeypatch):
    """A run in fp32 that was killed when it had trained and not yet been scored, and the file of its rows."""
    rows = [f"{word} number {n},{word}" for n in range(30) for word in ("good", "bad")]
    data = tmp_path / "rows.csv"
    data.write_text("\n".join(["text,label", *rows]) + "\n")
    settings = {"precision": "fp32", "epochs": 1.0, "device": "cpu", "output": str(tmp_path / "run")}
    config = RunConfig(encoder=(str(tiny("bert")),), strategy="full", data=str(data), text=("text",), **settings)

    def die(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(runs, "examine", die)
        with pytest.raises(KeyboardInterrupt):
            run(config)
    return tmp_path / "run", data


def test_the_folder_alone_says_in_which_arithmetic(killed, monkeypatch):
    folder, _ = killed
    made = []
    make = runs.make_accelerator

    def noted(config):
        accelerator, config = make(config)
        made.append(accelerator.mixed_precision)
        return accelerator, config

    monkeypatch.setattr(runs, "make_accelerator", noted)
    result, _ = run(RunConfig(output=str(folder)), resume=True)
    assert made == ["no"]
    assert (result.status, result.precision) == ("completed", "fp32")


def test_rows_that_changed_are_refused(killed):
    folder, data = killed
    before = data.read_text()
    data.write_text(before + "".join(f"fine thing {n},good\nlousy thing {n},bad\n" for n in range(10)))
    with pytest.raises(DataError, match="the data changed since the run was started"):
        run(RunConfig(output=str(folder)), resume=True)
    assert not (folder / "result.json").exists()
    data.write_text(before)
    run(RunConfig(output=str(folder)), resume=True)
    assert Result.load(folder).status == "completed"
