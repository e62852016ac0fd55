"""compare, as a user types it and as Python calls it."""

from __future__ import annotations

import json
import re

import pytest

import modaxfer
from modaxfer.errors import ConfigError, DataError

QUICK = ["--epochs", "1", "--batch-size", "8", "--precision", "fp32", "--device", "cpu"]
SETTINGS = {"epochs": 1, "batch_size": 8, "precision": "fp32", "device": "cpu", "quiet": True}


@pytest.fixture
def grid(tiny, own_rows, tmp_path):
    """Two encoders of which one cannot take the rows, two strategies."""
    rows = own_rows("regression")
    return [
        "compare", "--encoder", f"{tiny('bert')},{tiny('wav2vec2')}", "--strategy", "full,lora", "--data", rows["data"],
        "--text", "text", "--problem", "regression", "--bridge", "native-text", "--output", tmp_path / "out", *QUICK,
    ]  # fmt: skip


def with_epochs(words, epochs):
    place = words.index("--epochs")
    return [*words[:place], *words[place + 2 :], "--epochs", epochs]


def test_a_grid_becomes_a_table_with_refusals_as_rows(shell, grid, tmp_path):
    status, out, err = shell(*grid)
    assert status == 0, err
    stored = json.loads((tmp_path / "out" / "compare.json").read_text())
    assert [cell["status"] for cell in stored["cells"]] == ["completed"] * 2 + ["refused"] * 2
    assert all("\n" not in cell["reason"] for cell in stored["cells"] if cell["reason"])
    assert "does not lead from text" in stored["cells"][2]["reason"]
    first = stored["cells"][0]
    result = json.loads((tmp_path / "out" / first["run"] / "result.json").read_text())
    assert first["metrics"] == result["metrics"]
    assert first["primary"] == result["metrics"]["primary"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "cells", "compare.csv", "compare.html", "compare.json", "compare.yaml",
    }  # fmt: skip
    for word in ("rmse", "simple", "refused\n", "2 completed, 2 refused", "compare.html"):
        assert word in out
    assert "[1/4] bert full own/stars seed 0: rmse" in err
    assert "[3/4] wav2vec2 full own/stars seed 0: refused: bridge" in err
    assert "Traceback" not in out + err
    assert [line[:5] for line in err.splitlines() if line.startswith("[")] == ["[1/4]", "[2/4]", "[3/4]", "[4/4]"]
    assert "epoch" not in err

    status, out, err = shell("compare", "--resume", "--output", tmp_path / "out", "--json")
    assert status == 0, err
    assert json.loads(out) == json.loads((tmp_path / "out" / "compare.json").read_text())
    assert err.count("(from before)") == 2

    status, _, err = shell(*with_epochs(grid, "3"))
    assert status == 2
    assert "epochs (there 1.0, here 3.0)" in err


def test_a_cell_is_the_run_that_train_makes(tiny, own_rows, tmp_path):
    settings = {**SETTINGS, **own_rows("regression"), "strategy": "lora", "seed": 5, "set": {"rank": 4}}
    made = modaxfer.compare(encoder=[tiny("bert")], output=tmp_path / "out", **settings)
    alone = modaxfer.train(encoder=str(tiny("bert")), output=str(tmp_path / "alone"), **settings)
    (cell,) = made.cells
    assert cell.metrics == alone.result.to_dict()["metrics"]
    assert cell.intervals == alone.result.to_dict()["intervals"]
    assert made.run(cell).result.parameters == alone.result.parameters
    again = modaxfer.train(made.folder / cell.run / "config.yaml", output=str(tmp_path / "again"), quiet=True)
    assert again.result.metrics == alone.result.metrics
    frame = made.to_frame()
    assert list(frame["status"]) == ["completed"]
    assert frame["score"][0] == cell.score
    assert repr(made) == f"Comparison({str(tmp_path / 'out')!r}, 1 completed)"
    assert "1 of 1 cells have a score" in made._repr_html_()
    assert modaxfer.Comparison(tmp_path / "out").cells == made.cells


def test_a_stored_request_repeats_the_comparison(shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "grid.yaml"
    config.write_text("encoder: [bert]\nstrategy: [full]\ntask: [digits]\nseeds: 2\nlimit: 20\nbridge: render\n")
    monkeypatch.setenv("MODAXFER_PLUGINS", "")
    status, out, err = shell("compare", "--config", config, "--seed", "4")
    assert status == 2, "every cell was refused"
    assert err.count("refused:") == 2
    assert "seed 5" in err
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.startswith("compare-")
    assert "2 refused" in out
    status, _, err = shell("compare", "--config", folder / "compare.yaml", "--output", tmp_path / "again")
    assert (tmp_path / "again" / "compare.json").read_text() == (folder / "compare.json").read_text()
    status, _, err = shell("compare", "--config", config, "--seed", "4", "--resume")
    assert status == 2
    assert len(list((tmp_path / "runs").iterdir())) == 1


def test_a_failed_cell_is_a_row_and_status_1_where_nothing_else_is(shell, grid, tmp_path):
    alone = [str(word).partition(",")[0] if ".csv" not in str(word) else word for word in grid]
    status, out, err = shell(*with_epochs(alone, "5"), "--learning-rate", "1e30")
    assert status == 1, err
    assert "[1/1] bert full own/stars seed 0: failed: " in err
    assert "--retry-failed runs the failed ones again" in out
    (cell,) = json.loads((tmp_path / "out" / "compare.json").read_text())["cells"]
    assert cell["status"] == "failed"
    assert "Traceback" not in out + err
    assert (tmp_path / "out" / cell["run"] / "report.html").is_file()


MISTAKES = {
    "nothing": ([], r"--encoder and --strategy and --task missing.*modaxfer compare --encoder vit,bert"),
    "unknown encoder": (["--encoder", "bert,brt", "--strategy", "full", "--task", "digits"], "unknown encoder.*bert"),
    "unknown task": (["--encoder", "bert", "--strategy", "full", "--task", "digit"], "unknown task.*digits"),
    "seeds": (["--encoder", "bert", "--strategy", "full", "--task", "digits", "--seeds", "x"], "seeds: got 'x'"),
    "nothing to resume": (["--resume", "--output", "nowhere"], "there is no comparison here"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_paragraph_and_status_2(mistake, shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments, message = MISTAKES[mistake]
    status, out, err = shell("compare", *arguments)
    assert status == 2
    assert out == ""
    assert "Traceback" not in err
    assert re.search(message, err), err
    assert list(tmp_path.iterdir()) == []


def test_there_is_no_comparison_and_no_run_where_there_is_none(tmp_path):
    with pytest.raises(ConfigError, match="there is no comparison here"):
        modaxfer.Comparison(tmp_path)
    with pytest.raises(ConfigError, match="cannot read config file"):
        modaxfer.compare(tmp_path / "nowhere.yaml")


def test_a_refused_cell_has_no_run(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("MODAXFER_PLUGINS", "")
    made = modaxfer.compare(
        encoder=tiny("bert"), strategy="full", task="digits", bridge="render", output=tmp_path / "out", **SETTINGS
    )
    (cell,) = made.cells
    assert cell.status == "refused"
    with pytest.raises(DataError, match="no finished run here"):
        made.run(cell)


def test_help_tells_of_lists_and_of_starting_again(shell):
    status, out, _ = shell("compare", "--help")
    assert status == 0
    for word in ("--encoder E,E", "--seeds N", "--retry-failed", "--limit", "only", "what is missing"):
        assert word in out
