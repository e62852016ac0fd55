"""Scores of every recipe, recorded once: what is rebuilt below them must not move a digit.

``python tests/recipes/test_recorded_metrics.py`` records them, where a change of scores is meant and written down.
"""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch

import modaxfer

pytestmark = pytest.mark.recipe

RECORDED = Path(__file__).with_name("recorded_metrics.json")
QUICK = {"epochs": 2, "batch_size": 8, "precision": "fp32", "device": "cpu", "quiet": True}
TASKS = {"task": ("reviews/sst2", "modaxfer/breast-cancer"), "limit": 24}
RECIPES = {
    "full": ("bert", "text", {"strategy": "full"}),
    "full, weighed classes in two passes": (
        "bert",
        "pair",
        {"strategy": "full", "set": {"train.class_weight": "balanced", "train.accumulation": 2, "train.dropout": 0.1}},
    ),
    "full, regression": ("bert", "regression", {"strategy": "full"}),
    "full, soup": ("bert", "text", {"strategy": "full", "set": {"strategy.soup": 2}}),
    "full, wise-ft": ("bert", "text", {"strategy": "full", "set": {"strategy.wise_ft": True}}),
    "lora, rendered text": ("vit", "text", {"strategy": "lora"}),
    "lora, labels": ("bert", "multilabel", {"strategy": "lora"}),
    "lora, sound": ("wav2vec2", "audio", {"strategy": "lora"}),
    "frozen": ("bert", "text", {"strategy": "frozen", "epochs": None, "batch_size": None}),
    "frozen, pictures": ("vit", "image", {"strategy": "frozen", "epochs": None, "batch_size": None}),
    "frozen body, trained bridge": ("bert", "table", {"strategy": "frozen", "bridge": "embed"}),
    "multitask": ("vit", None, {"strategy": "multitask", "set": {"strategy.alone": False}, **TASKS}),
    "multitask, uncertainty": (
        "vit",
        None,
        {"strategy": "multitask", "set": {"strategy.alone": False, "strategy.weighting": "uncertainty"}, **TASKS},
    ),
    "fusion": (("vit", "bert"), "image+text", {"strategy": "fusion", "set": {"strategy.how": "cross"}}),
    "fusion, lora": (
        ("vit", "bert"),
        "image+text",
        {"strategy": "fusion", "set": {"strategy.how": "gated", "strategy.underneath": "lora"}},
    ),
}
"""Name to tiny encoder, kind of rows and settings."""

ALIKE = ("full", "full, wise-ft", "lora, rendered text", "frozen", "multitask", "fusion")
"""Whose numbers come about as those of another do: of one task, one kind of ends, one bridge, one join."""


def processor():
    """Return what decides the last digits: sums are cut to the width of its registers."""
    return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()} {torch.__version__.partition('+')[0]}"


def scores(name, tiny, own_rows, folder):
    """Run a recipe and return its metrics, and the validation loss after each epoch."""
    encoder, kind, settings = RECIPES[name]
    encoders = tuple(str(tiny(each)) for each in ([encoder] if isinstance(encoder, str) else encoder))
    values = {**QUICK, **settings, **({} if kind is None else own_rows(kind))}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        run = modaxfer.train(
            encoder=encoders,
            output=str(folder),
            **{key: value for key, value in values.items() if value is not None},
        )
    finally:
        torch.set_num_threads(threads)
    log = run.folder / "log.jsonl"
    lines = [json.loads(line) for line in log.read_text().splitlines()] if log.is_file() else []
    metrics = json.loads((run.folder / "result.json").read_text())["metrics"]
    return {"metrics": metrics, "validation": [line["validation"] for line in lines if "validation" in line]}


def flat(value, name=""):
    """Return numbers by path; names are left out."""
    if isinstance(value, dict):
        return {path: number for key, each in value.items() for path, number in flat(each, f"{name}/{key}").items()}
    if isinstance(value, list):
        return flat({str(number): each for number, each in enumerate(value)}, name)
    return {} if isinstance(value, str) else {name: value}


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=pytest.mark.slow) if each in ALIKE else each for each in RECIPES]
)
def test_a_recipe_scores_what_it_scored(name, tiny, own_rows, tmp_path, monkeypatch):
    monkeypatch.delenv("MODAXFER_DATA", raising=False)
    recorded = json.loads(RECORDED.read_text())
    wanted = flat(recorded["recipes"][name])
    found = flat(scores(name, tiny, own_rows, tmp_path / "run"))
    exact = recorded["processor"] == processor()
    assert found == (wanted if exact else pytest.approx(wanted, rel=1e-4, abs=1e-5))


def record():
    """Write what every recipe scores here and now."""
    from modaxfer.testing.material import tiny_files, tiny_models

    with TemporaryDirectory() as place:

        def tiny(name):
            folder = Path(place) / "models" / name
            if not folder.exists():
                tiny_models.save(name, folder)
            return folder

        def own_rows(kind):
            folder = Path(place) / "rows" / kind
            folder.mkdir(parents=True)
            return tiny_files.write(kind, folder)

        made = {}
        for number, name in enumerate(RECIPES):
            rows = Path(place) / "rows"
            rows.rename(Path(place) / f"rows-{number}") if rows.exists() else None
            made[name] = scores(name, tiny, own_rows, Path(place) / "runs" / str(number))
    RECORDED.write_text(json.dumps({"processor": processor(), "recipes": made}, indent=1) + "\n")


if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "encoders")]
    record()
