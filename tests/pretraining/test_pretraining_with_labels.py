from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
import transformers

import modaxfer
from killed_pretrainings import killed_at
from modaxfer.config import RunConfig
from modaxfer.encoders.checkpoints import resolve
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.runner.evaluation.known_rows import known_rows
from modaxfer.runner.processes.signals import StoppedError
from modaxfer.runner.request.request import find_tasks
from modaxfer.tasks.load import load_task

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SETTINGS = {"batch_size": 12, "validate_every": 13, "precision": "fp32", "device": "cpu", "quiet": True}
SETTINGS |= {"objective": "supervised", "steps": 26, "learning_rate": 3e-3, "weights": "random"}
WORDS = ("the", "court", "held", "that", "plaintiff", "was", "right", "wrong")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One table of two classes, which is sorted by them, and one of numbers."""
    folder = tmp_path_factory.mktemp("tables")
    rng = np.random.default_rng(0)
    lines = [" ".join(rng.choice(WORDS[:6], 4)) + f" {chr(97 + row // 12)} {chr(97 + row % 12)}" for row in range(120)]
    classes = [f"{line} {('right', 'wrong')[row // 60]},{'yn'[row // 60]}" for row, line in enumerate(lines)]
    values = [f"{line},{1.37 * line.count('court') + row / 999:.4f}" for row, line in enumerate(lines)]
    made = {"classes": folder / "classes.csv", "values": folder / "values.csv"}
    for name, rows in (("classes", classes), ("values", values)):
        made[name].write_text("\n".join(["text,label", *rows]) + "\n")
    return made


@pytest.fixture(scope="module")
def settings(tiny: Callable[[str], Path], tables: dict[str, Path]) -> dict[str, Any]:
    return {"encoder": str(tiny("bert")), "data": (f"{tables['classes']}=3", f"{tables['values']}=1"), **SETTINGS}


@pytest.fixture(scope="module")
def made(settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return modaxfer.pretrain(**settings, output=str(tmp_path_factory.mktemp("made") / "schooled"))


def told(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "pretraining.json").read_text())


def test_it_learns_classes_and_numbers_at_once_each_by_a_head_of_its_own(made: Path) -> None:
    first, *_, last = told(made)["history"]
    assert last["accuracy of own/classes"] > 0.9
    assert last["loss of own/classes"] < 0.5 * first["loss of own/classes"]
    assert "loss of own/values" in last
    assert "accuracy of own/values" not in last
    kinds = {each["name"]: (each["labels"], each["share"]) for each in told(made)["data"]}
    assert kinds == {"task own/classes": ("binary of 2 classes", 0.75), "task own/values": ("regression", 0.25)}
    assert "Labels of training rows were read" in (made / "README.md").read_text()


def test_its_folder_is_an_encoder_without_heads_and_says_which_rows_it_has_learned(
    made: Path, tables: dict[str, Path]
) -> None:
    _, report = transformers.AutoModel.from_pretrained(made, output_loading_info=True)
    assert not report["missing_keys"] | report["unexpected_keys"]
    task_id, spec = find_tasks(RunConfig(data=str(tables["classes"]), text=("text",)))[0]
    task = SimpleNamespace(
        task_id=task_id, data=load_task(spec), source=None, teacher=None, merged=(), config=RunConfig(),
        towers=[SimpleNamespace(encoder=resolve(str(made)))],
    )  # fmt: skip
    (known,) = [line for line in known_rows([task]) if "own/classes before" in line]
    assert "was trained on the training rows of own/classes before; the splits are the same" in known


def test_killed_and_resumed_it_ends_the_same(made: Path, settings: dict[str, Any], tmp_path: Path) -> None:
    with killed_at(17), pytest.raises(StoppedError):
        modaxfer.pretrain(**settings, output=str(tmp_path / "again"))
    again = modaxfer.pretrain(output=str(tmp_path / "again"), resume=True, quiet=True)
    assert told(again)["history"] == told(made)["history"]
    first, second = (transformers.AutoModel.from_pretrained(each).state_dict() for each in (made, again))
    for name, tensor in first.items():
        torch.testing.assert_close(second[name], tensor, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"data": "lines.txt"}, RefusedError, "a text file of lines has none"),
        ({"data": ("classes", "classes")}, ConfigError, "have the same name"),
        ({"data": "tags.parquet"}, RefusedError, "a label for each of their parts"),
        ({"objective": "masked-language", "label": "label"}, ConfigError, "reads no labels"),
    ],
)
def test_what_has_no_labels_that_can_be_read_is_refused_before_weights_are_loaded(
    changes: dict[str, Any],
    error: type[Exception],
    words: str,
    settings: dict[str, Any],
    tables: dict[str, Path],
    tmp_path: Path,
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    (tmp_path / "lines.txt").write_text("one\n" * 20)
    pq.write_table(pa.table({"words": [["a", "b"]] * 20, "label": [["O", "B-x"]] * 20}), tmp_path / "tags.parquet")
    names = changes.get("data", "classes")
    places = [tables.get(name, tmp_path / name) for name in ([names] if isinstance(names, str) else names)]
    with pytest.raises(error, match=words):
        modaxfer.pretrain(**settings | changes | {"data": tuple(map(str, places))}, output=str(tmp_path / "x"))
    assert not (tmp_path / "x").exists()
