"""Several encoders under one head, end to end on tiny weights: rows with gaps, every join, what each part is worth."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from modaxfer.api import make_config
from modaxfer.runner.model.joint import JointRows
from modaxfer.runner.predict.evaluate import evaluate
from modaxfer.runner.predict.predictor import Predictor
from modaxfer.runner.progress import Progress
from modaxfer.runner.run import run

pytestmark = pytest.mark.recipe

QUICK = {"epochs": 1, "batch_size": 8, "precision": "fp32", "device": "cpu", "strategy": "fusion"}
WAYS = [
    *(("concat", "frozen"), ("gated", "lora"), ("cross", "full"), ("auto: stack", "frozen")),
    *(pytest.param(how, "frozen", marks=pytest.mark.slow) for how in ("cross", "vote", "auto: concat")),
]


def fused(encoders, rows, folder, **options):
    """Train encoders together and return the result and the run's folder."""
    how, _, way = options.get("how", "auto").partition(": ")
    solved = how == "auto" and options.get("underneath", "frozen") == "frozen" and "table:small" not in encoders
    settings = {**QUICK, "epochs": None, "batch_size": None} if solved else QUICK
    exact = {"strategy.layer": "last", "strategy.pooling": "mean", "strategy.head": "logistic"}
    given = {**options, "how": how, **({"among": (way,), **exact} if way else {})}
    settings = {key: value for key, value in settings.items() if value is not None}
    config = make_config(encoder=tuple(map(str, encoders)), output=folder, set=given, **settings, **rows)
    return run(config, progress=Progress(enabled=False))


@pytest.fixture(scope="module")
def gappy(own_rows):
    """Rows of a picture and a text, of which a fifth lacks the picture and a fifth the text."""
    rows = own_rows("image+text")
    whole = Path(rows["data"])
    with whole.open(newline="") as file:
        table = list(csv.DictReader(file))
    for number, row in enumerate(table):
        row["image0"] *= number % 5 != 1
        row["text0"] *= number % 5 != 3
    with (whole.parent / "gaps.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, table[0])
        writer.writeheader()
        writer.writerows(table)
    return {**rows, "data": str(whole.parent / "gaps.csv")}


@pytest.fixture(scope="module")
def trained(tiny, gappy, tmp_path_factory):
    """Return a function from join and what moves underneath to a run on rows with gaps."""
    made = {}

    def of(how, underneath):
        if (how, underneath) not in made:
            folder = tmp_path_factory.mktemp("fusion") / "run"
            made[how, underneath] = fused([tiny("vit"), tiny("bert")], gappy, folder, how=how, underneath=underneath)
        return made[how, underneath]

    return of


@pytest.mark.parametrize(("how", "underneath"), WAYS)
def test_a_join_is_scored_with_what_each_part_is_worth(how, underneath, trained):
    result, folder = trained(how, underneath)
    assert result.status == "completed"
    assert result.bridge == "modaxfer/native-image + modaxfer/native-text"
    assert [part["id"] for part in result.encoder["parts"]] == ["modaxfer/vit", "modaxfer/bert"]
    assert set(result.ablation) == {"image", "text"}
    rows = result.data["rows"]["test"]
    for part in result.ablation.values():
        assert 0 < part["rows"] < rows
        assert part["metrics"].keys() == result.metrics["test"].keys()
        assert part["intervals"].keys() == result.intervals.keys()
        assert [*part["difference"]] == [result.primary]
    assert evaluate(folder)["metrics"] == pytest.approx(result.metrics["test"], abs=1e-6, nan_ok=True)
    assert json.loads((folder / "result.json").read_text())["ablation"].keys() == result.ablation.keys()


@pytest.mark.parametrize(("how", "underneath"), WAYS)
def test_a_model_does_without_what_a_row_lacks(how, underneath, trained):
    predictor = Predictor(trained(how, underneath)[1])
    image = png("gray")
    both = {"image0": image, "text0": "right held that court"}
    whole, blind, mute = predictor.predict([both, {**both, "image0": None}, {**both, "text0": None}])
    assert blind["scores"] != whole["scores"] != mute["scores"]
    # A column that is not there at all is one that every row lacks.
    (text_alone,) = predictor.predict([{"text0": both["text0"]}])
    (image_alone,) = predictor.predict([{"image0": image}])
    assert text_alone["scores"] == pytest.approx(blind["scores"], abs=1e-5)
    assert image_alone["scores"] == pytest.approx(mute["scores"], abs=1e-5)
    full, empty = predictor.predict([both, {"image0": None, "text0": ""}])
    assert full["scores"] == pytest.approx(whole["scores"], abs=1e-5)
    assert (empty["prediction"], empty["scores"]) == (None, None)
    assert empty["reason"] == "no input: 'image0', 'text0' are empty"


@pytest.mark.parametrize(("how", "underneath"), WAYS)
def test_what_stands_where_a_field_is_missing_has_no_effect(how, underneath, trained):
    predictor = Predictor(trained(how, underneath)[1])
    rows = [{"image0": png("black"), "text0": "court"}, {"image0": png("white"), "text0": "plaintiff"}]
    pictures, texts = (
        processor(tower.build_bridge(None)(rows))
        for tower, processor in zip(predictor.described.towers, predictor.processor.parts, strict=True)
    )

    def difference(pictures, texts, there):
        with torch.inference_mode():
            joint = JointRows([pictures, texts], np.array([there, there]))
            first, second = predictor.model.eval()(predictor.processor.collate([*joint]))
        return float((first - second).abs().max())

    assert difference(pictures, texts[:1] * 2, (False, True)) < 1e-6
    assert difference(pictures[:1] * 2, texts, (True, False)) < 1e-6
    assert difference(pictures, texts[:1] * 2, (True, True)) > 1e-4
    assert difference(pictures[:1] * 2, texts, (True, True)) > 1e-4


def test_three_encoders_of_which_one_is_fed_by_a_trained_bridge(tiny, own_rows, tmp_path):
    rows = own_rows("image+text+table", 30)
    result, folder = fused([tiny("vit"), tiny("bert"), "table:small"], rows, tmp_path / "run")
    assert result.bridge == "modaxfer/native-image + modaxfer/native-text + modaxfer/embed"
    assert set(result.ablation) == {"image", "text", "table"}
    assert any("the body of table is random and stays so" in warning for warning in result.warnings)
    assert evaluate(folder)["metrics"] == pytest.approx(result.metrics["test"], abs=1e-6, nan_ok=True)
    predictor = Predictor(folder)
    text, cells = {"text0": "right held"}, {"amount": 3.0, "colour": "red", "days": 1.5}
    (alone,) = predictor.predict([text])
    assert predictor.predict([{**text, **dict.fromkeys(cells)}])[0]["scores"] == pytest.approx(alone["scores"])
    assert predictor.predict([{**text, **cells}])[0]["scores"] != pytest.approx(alone["scores"])


@pytest.mark.slow
@pytest.mark.parametrize("underneath", ["frozen", "lora"])
def test_a_sound_and_its_words(underneath, tiny, own_rows, tmp_path):
    rows = own_rows("audio+text", 24)
    result, folder = fused([tiny("whisper"), tiny("bert")], rows, tmp_path / "run", underneath=underneath)
    assert result.bridge == "modaxfer/native-audio + modaxfer/native-text"
    assert set(result.ablation) == {"audio", "text"}
    assert evaluate(folder)["metrics"] == pytest.approx(result.metrics["test"], abs=1e-6, nan_ok=True)


def test_two_encoders_that_read_the_same_text(tiny, own_rows, tmp_path):
    result, folder = fused([tiny("bert"), tiny("vit")], own_rows("text", 24), tmp_path / "run")
    assert result.bridge == "modaxfer/native-text + modaxfer/render"
    assert set(result.ablation) == {"text (bert)", "text (vit)"}
    assert evaluate(folder)["metrics"] == pytest.approx(result.metrics["test"], abs=1e-6, nan_ok=True)


@pytest.mark.slow
def test_the_same_fusion_twice_gives_the_same_metrics(trained, tiny, gappy, tmp_path):
    first, _ = trained("gated", "lora")
    options = {"how": "gated", "underneath": "lora"}
    second, _ = fused([tiny("vit"), tiny("bert")], gappy, tmp_path / "run", **options)
    assert second.metrics == first.metrics
    assert second.ablation == first.ablation


def test_a_row_without_anything_is_dropped_from_training_and_named(tiny, gappy, tmp_path):
    path = Path(gappy["data"]).with_name("nothing.csv")
    path.write_text(Path(gappy["data"]).read_text() + ",,high\n")
    result, _ = fused([tiny("vit"), tiny("bert")], {**gappy, "data": str(path)}, tmp_path / "run")
    assert sum(result.data["dropped"].values()) == 1
    (line,) = result.data["dropped_rows"]
    assert line.startswith("nothing.csv row 49: ")


def png(colour):
    stream = io.BytesIO()
    Image.new("RGB", (16, 12), colour).save(stream, format="PNG")
    return {"bytes": stream.getvalue(), "path": None}
