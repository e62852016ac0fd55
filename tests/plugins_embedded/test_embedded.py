"""Weights of our own: how a product becomes a checkpoint of the plugin, and what the plugin holds."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from modaxfer.config import EncoderOptions
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import load_encoder
from modaxfer.testing.material import tiny_models
from modaxfer_embedded import plugin

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "examples" / "pretraining"
HELD = [spec.name for spec in plugin.modaxfer_checkpoints()]


def imported(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    made = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = made
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def embed():
    return imported(RECIPES / "embed.py")


@pytest.fixture
def product(tmp_path):
    """A folder as `modaxfer pretrain` leaves it, out of a first stage in another."""
    folder = tmp_path / "out" / "reader"
    model = tiny_models.save("vit", folder)
    told = {
        "objective": "modaxfer/distillation", "teachers": ["offline/minilm (12ab)", f"{tmp_path}/polarity (34cd)"],
        "start": "random weights", "trained_on": ["rendered text"], "parameters": 123, "steps": 40, "rows": 480,
        "bridge": {"id": "modaxfer/render", "options": {"unit": "words"}}, "batch_size": 12, "learning_rate": 1e-3,
        "schedule": "constant", "seed": 0, "seconds": 3.0, "warnings": [],
        "data": [{"name": f"{tmp_path}/texts/words.txt", "kind": "text", "rows": 99, "share": 1.0}],
        "history": [{"step": 0, "loss": 2.0, "probe trec": 0.5}, {"step": 40, "loss": 1.0, "probe trec": 0.75}],
    }  # fmt: skip
    (folder.parent / "words").mkdir()
    (folder.parent / "words" / "pretraining.json").write_text(json.dumps(told))
    (folder / "pretraining.json").write_text(json.dumps({**told, "start": "words"}))
    return SimpleNamespace(folder=folder, model=model)


def test_a_product_becomes_half_as_large_and_is_read_in_single_precision(embed, product, tmp_path):
    made = embed.embed(RECIPES / "reader", product.folder, tmp_path / "weights")
    assert {tensor.dtype for tensor in load_file(made / "model.safetensors").values()} == {torch.float16}
    model, report = transformers.AutoModel.from_pretrained(made, output_loading_info=True)
    assert not report["missing_keys"] | report["unexpected_keys"]
    assert {tensor.dtype for tensor in model.parameters()} == {torch.float32}
    for name, tensor in product.model.state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], tensor.half().float(), rtol=0, atol=0)
    encoder = load_encoder(resolve(str(made)), options=EncoderOptions())
    assert {tensor.dtype for tensor in encoder.parameters()} == {torch.float32}


def test_its_card_says_what_it_was_made_from_and_no_folder_of_the_machine(embed, product, tmp_path):
    made = embed.embed(RECIPES / "reader", product.folder, tmp_path / "weights")
    card, told = (made / "README.md").read_text(), json.loads((made / "pretraining.json").read_text())
    assert str(tmp_path) not in card + json.dumps(told)
    assert told["teachers"] == ["offline/minilm (12ab)", "polarity (34cd)"]
    assert [stage["name"] for stage in told["stages"]] == ["words"]
    for words in ("40 steps of 12 rows", "| probe trec | 0.5 | 0.75 |", "labels of amazon-reviews", "CC BY 4.0"):
        assert words in card


def test_what_goes_on_from_a_checkpoint_of_the_plugin_tells_all_stages(embed, product, tmp_path):
    first = embed.embed(RECIPES / "reader", product.folder, tmp_path / "weights")
    told = json.loads((product.folder / "pretraining.json").read_text())
    (product.folder / "pretraining.json").write_text(json.dumps({**told, "start": str(first)}))
    made = embed.embed(RECIPES / "reader", product.folder, tmp_path / "weights")
    stages = json.loads((made / "pretraining.json").read_text())["stages"]
    assert [stage["name"] for stage in stages] == ["words", "vit-tiny"]
    assert not any("stages" in stage for stage in stages)


def test_what_is_too_large_not_finite_or_not_finished_is_not_embedded(embed, product, tmp_path, monkeypatch):
    monkeypatch.setattr(embed, "MOST_BYTES", 1000)
    with pytest.raises(SystemExit, match=r"the weights are 0\.1 MB in half precision"):
        embed.embed(RECIPES / "reader", product.folder, tmp_path / "weights")
    loud = {"layer.weight": torch.tensor([1e5])}
    save_file(loud, product.folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(SystemExit, match=r"layer\.weight does not fit into half precision"):
        embed.embed(RECIPES / "reader", product.folder, tmp_path / "weights")
    (product.folder / "pretraining.json").unlink()
    with pytest.raises(SystemExit, match="holds no finished pretraining"):
        embed.embed(RECIPES / "reader", product.folder, tmp_path / "weights")
    assert not (tmp_path / "weights").exists()


def test_recipes_say_which_tasks_their_texts_come_from():
    tasks = imported(RECIPES / "reader" / "texts.py").TASKS
    for name in ("reader", "bert-tiny"):
        recipe = json.loads((RECIPES / name / "recipe.json").read_text())
        assert recipe["tasks"] == list(tasks)
        assert set(recipe["labels"]) <= set(tasks)
    seen = json.loads((RECIPES / "pictures" / "recipe.json").read_text())["tasks"]
    assert seen == [*tasks, *imported(RECIPES / "pictures" / "views.py").PHOTOS]
    checkpoints = {json.loads(path.read_text())["checkpoint"] for path in RECIPES.glob("*/recipe.json")}
    assert checkpoints == set(plugin.ENCODERS)


@pytest.mark.parametrize("name", HELD)
def test_what_the_plugin_holds_is_small_and_loads_whole(name):
    folder = plugin.WEIGHTS / name
    assert (folder / "model.safetensors").stat().st_size <= 12.1e6
    model, report = transformers.AutoModel.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"] | report["unexpected_keys"]
    assert {tensor.dtype for tensor in model.parameters()} == {torch.float32}
    assert resolve(str(folder)).spec.name == plugin.ENCODERS[name]
    assert "## Licences" in (folder / "README.md").read_text()


@pytest.mark.slow
def test_the_wheel_carries_the_weights_and_its_plugin_lists_them(embed, product, tmp_path):
    source = tmp_path / "embedded"
    shutil.copytree(ROOT / "plugins" / "embedded", source, ignore=shutil.ignore_patterns("*-tiny", "*-pictures"))
    embed.embed(RECIPES / "reader", product.folder, source / "src" / "modaxfer_embedded" / "weights")
    how = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--no-cache-dir"]
    command = [sys.executable, "-m", "pip", "wheel", *how, "--wheel-dir", tmp_path, source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp_path.glob("modaxfer_embedded-*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    asked = (
        "from modaxfer_embedded.plugin import modaxfer_checkpoints, vit_tiny; (spec,) = modaxfer_checkpoints();"
        "print(spec.name, spec.stand_in, spec.trained_on, (vit_tiny() / 'model.safetensors').is_file())"
    )
    path = f"{tmp_path / 'site'}:{ROOT / 'src'}"
    done = subprocess.run(
        [sys.executable, "-c", asked], env={"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.stdout == "vit-tiny True ('rendered text',) True\n", done.stderr
