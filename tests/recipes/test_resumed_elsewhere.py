"""A run resumed by its folder alone goes on as it was started, with the rows and weights it was started with."""

from __future__ import annotations

import json
import shutil

import pytest
from safetensors.torch import load_file, save_file

from modaxfer.config import RunConfig
from modaxfer.errors import CheckpointUnavailableError, DataError
from modaxfer.result import Result
from modaxfer.runner import run as runs
from modaxfer.runner.evaluation import conclude
from modaxfer.runner.run import run

pytestmark = pytest.mark.recipe


@pytest.fixture
def killed(tiny, tmp_path, monkeypatch):
    """A run in fp32 that was killed when it had trained and not yet been scored, and the file of its rows."""
    rows = [f"{word} number {n},{word}" for n in range(30) for word in ("good", "bad")]
    data = tmp_path / "rows.csv"
    data.write_text("\n".join(["text,label", *rows]) + "\n")
    settings = {"precision": "fp32", "epochs": 1.0, "device": "cpu", "output": str(tmp_path / "run")}
    shutil.copytree(tiny("bert"), tmp_path / "base")
    config = RunConfig(encoder=(str(tmp_path / "base"),), strategy="full", data=str(data), text=("text",), **settings)

    def die(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(conclude, "examine", die)
        with pytest.raises(KeyboardInterrupt):
            run(config)
    return tmp_path / "run", data


def test_the_folder_alone_says_in_which_arithmetic(killed, monkeypatch):
    folder, _ = killed
    made = []
    make = runs.make_accelerator

    def noted(config, **settings):
        accelerator, config = make(config, **settings)
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


def everything(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_other_weights_and_another_config_of_them_are_refused(killed, tmp_path):
    folder, _ = killed
    before = everything(folder)
    for name, what in (("model.safetensors", "weights"), ("config.json", "config or vocabulary")):
        path = tmp_path / "base" / name
        content = path.read_bytes()
        if name.endswith(".json"):
            path.write_text(json.dumps(json.loads(content) | {"layer_norm_eps": 0.5}))
        else:
            save_file({key: tensor + 1 for key, tensor in load_file(path).items()}, path, {"format": "pt"})
        told = f"the {what} of {tmp_path / 'base'} changed since the run in {folder} was started"
        with pytest.raises(CheckpointUnavailableError, match=told):
            run(RunConfig(output=str(folder)), resume=True)
        assert everything(folder) == before, "what is refused leaves nothing behind"
        path.write_bytes(content)
    run(RunConfig(output=str(folder)), resume=True)
    assert Result.load(folder).status == "completed"


def test_other_versions_are_a_warning(killed):
    folder, _ = killed
    start = json.loads((folder / ".checkpoint" / "start.json").read_text())
    start["versions"]["torch"] = "1.0"
    (folder / ".checkpoint" / "start.json").write_text(json.dumps(start))
    result, _ = run(RunConfig(output=str(folder)), resume=True)
    (told,) = [warning for warning in result.warnings if "resumed with" in warning]
    assert told.startswith("resumed with torch 2")
    assert "started with 1.0: the numbers may differ" in told
