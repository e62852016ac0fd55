from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import transformers
from PIL import Image

import modaxfer
from killed_pretrainings import killed_at
from modaxfer.encoders.checkpoints import resolve
from modaxfer.errors import DataError, RefusedError
from modaxfer.pretraining.drawing import Drawing, Epochs
from modaxfer.pretraining.mixture import Turns
from modaxfer.pretraining.roots import common_root, placed
from modaxfer.pretraining.sources import Values
from modaxfer.registry import registry
from modaxfer.runner.processes.signals import StoppedError
from modaxfer.runner.request.pretrained import made_alike

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORDS = ("the", "court", "held", "that", "plaintiff", "was", "right", "wrong")


def turns() -> Turns:
    sources = {kind: Values(kind, kind, [f"{kind} {row}" for row in range(600)]) for kind in ("text", "image")}
    drawings = {kind: Drawing([Epochs(source, 0)], (1.0,), "input", 2, 0, None) for kind, source in sources.items()}
    return Turns(drawings, (0.75, 0.25), seed=3)


def test_each_step_has_rows_of_one_kind_and_each_kind_its_share_of_steps_in_its_own_order() -> None:
    made, late = turns(), turns()
    seen = [made.rows(step) for step in range(2048)]
    kinds = [rows[0]["kind"] for rows in seen]
    assert all(row["kind"] == kind for rows, kind in zip(seen, kinds, strict=True) for row in rows)
    assert [kinds[:1024].count("image"), kinds.count("image")] == [256, 512]
    assert sum(one != other for one, other in pairwise(kinds)) > 100
    alone = made.drawings["image"]
    steps = [rows for rows, kind in zip(seen, kinds, strict=True) if kind == "image"]
    assert [[row["input"] for row in rows] for rows in steps[:300]] == [
        [row["input"] for row in alone.rows(step)] for step in range(300)
    ]
    assert [late.rows(step) for step in (2047, 5, 1024)] == [seen[2047], seen[5], seen[1024]]


def test_files_of_several_folders_are_found_below_the_one_that_holds_them(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a b.png").write_bytes(b"x")
    (tmp_path / "secret.png").write_bytes(b"x")
    values = ["a%20b.png", {"bytes": None, "path": "a b.png"}, {"input": "a b.png", "label": 1}, b"x"]
    sources = [Values(name, "image", values, tmp_path / name) for name in ("one", "two")]
    root = common_root(source.root for source in sources)
    assert root == tmp_path.resolve()
    assert placed(sources[0], sources[0].root) is sources[0]
    there = "two/a b.png"
    assert placed(sources[1], root).read(0) == [
        there,
        {"bytes": None, "path": there},
        {"input": there, "label": 1},
        b"x",
    ]
    for out in ("secret.png", "../secret.png", "../one/a b.png"):
        with pytest.raises(DataError):
            placed(Values("two", "image", [out], tmp_path / "two"), root).read(0)


@pytest.fixture(scope="module")
def settings(tiny: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("both")
    lines = [" ".join(WORDS[(row * step) % 8] for step in range(1, 3 + row % 4)) for row in range(240)]
    (folder / "lines.txt").write_text("\n".join(lines) + "\n")
    (folder / "photos").mkdir()
    for number in range(40):
        picture = Image.radial_gradient("L").resize((32, 32)).rotate(9 * number, fillcolor=number * 6).convert("RGB")
        picture.save(folder / "photos" / f"{number}.png")
    return {
        "encoder": str(tiny("vit")), "teacher": (str(tiny("bert")), str(tiny("dinov2"))), "objective": "distillation",
        "data": (f"{folder / 'lines.txt'}=2", f"{folder / 'photos'}=1"), "steps": 24, "batch_size": 12,
        "learning_rate": 3e-3, "validate_every": 24, "precision": "fp32", "device": "cpu", "weights": "random",
        "quiet": True, "set": {"unit": "words"},
    }  # fmt: skip


def told(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "pretraining.json").read_text())


def test_one_encoder_learns_to_read_from_one_teacher_and_to_see_from_another(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    made = modaxfer.pretrain(**settings, output=str(tmp_path / "both"))
    first, last = told(made)["history"]
    assert last["loss of image"] < 0.8 * first["loss of image"]
    assert {"states of text", "vectors of text", "vectors of image"} <= last.keys()
    assert "states of image" not in last
    assert told(made)["trained_on"] == ["rendered text", "image"]
    _, report = transformers.AutoModel.from_pretrained(made, output_loading_info=True)
    assert not report["missing_keys"] | report["unexpected_keys"]
    assert made_alike(resolve(str(made)), registry().get("bridge", "render")) == {"unit": "words"}
    with killed_at(17), pytest.raises(StoppedError):
        modaxfer.pretrain(**settings, output=str(tmp_path / "again"))
    again = modaxfer.pretrain(output=str(tmp_path / "again"), resume=True, quiet=True)
    assert told(again)["history"] == told(made)["history"]


@pytest.mark.parametrize(
    ("teachers", "words"),
    [(("bert",), "nobody teaches of rows of image"), (("bert", "vit", "wav2vec2"), "some take none of them")],
)
def test_each_kind_needs_a_teacher_that_takes_it(
    teachers: tuple[str, ...], words: str, settings: dict[str, Any], tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    named = {"teacher": tuple(str(tiny(each)) for each in teachers), "output": str(tmp_path / "x")}
    with pytest.raises(RefusedError, match=words):
        modaxfer.pretrain(**settings | named)
