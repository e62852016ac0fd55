"""Every form of export, in a process that does not find modaxfer, against its run."""

from __future__ import annotations

import os
import subprocess

import pytest

import modaxfer
from modaxfer.export import parity
from modaxfer.export.run import export_run

pytestmark = pytest.mark.slow

KINDS = {"bert": "text", "vit": "image", "wav2vec2": "audio", "whisper": "audio"}
NATIVE = {("vit", "full"), ("vit", "lora"), ("wav2vec2", "full"), ("wav2vec2", "lora")}
"""Of these the head reads what Transformers' class for classification reads."""


REAL = [
    ("bert", "full", "onnx"),
    ("bert", "lora", "peft"),
    ("vit", "lora", "transformers"),
    ("wav2vec2", "frozen", "pipeline"),
]


@pytest.fixture(scope="module", autouse=True)
def clean():
    """Let exports be loaded by the Python that ``MODAXFER_CLEAN_PYTHON`` names, which has no modaxfer to find."""
    python = os.environ.get("MODAXFER_CLEAN_PYTHON")
    with pytest.MonkeyPatch.context() as patch:
        if python:
            found = subprocess.run(
                [python, "-I", "-c", "import modaxfer"], capture_output=True, text=True, check=False, cwd="/"
            )
            assert "No module named 'modaxfer'" in found.stderr
            patch.setattr(parity, "PYTHON", python)
        yield


@pytest.fixture(scope="module")
def trained(tiny, own_rows, tmp_path_factory):
    made = {}

    def run(encoder, strategy):
        if (encoder, strategy) not in made:
            folder = tmp_path_factory.mktemp("trained") / f"{encoder}-{strategy}"
            short = {} if strategy == "frozen" else {"epochs": 2}
            settings = {
                "encoder": str(tiny(encoder)),
                "strategy": strategy,
                "device": "cpu",
                **own_rows(KINDS[encoder]),
            }
            modaxfer.train(output=str(folder), quiet=True, **settings, **short)
            made[encoder, strategy] = folder
        return made[encoder, strategy]

    return run


@pytest.mark.parametrize("strategy", ["full", "lora", "frozen"])
@pytest.mark.parametrize("encoder", list(KINDS))
def test_a_transformers_folder_gives_the_runs_scores(trained, tmp_path, encoder, strategy):
    folder, told = export_run(trained(encoder, strategy), "transformers", tmp_path / "made", rows=8)
    assert told["difference"] <= 1e-3
    assert told["peak_mb"] > 100
    assert (folder / "encoder").exists() == ((encoder, strategy) not in NATIVE)


@pytest.mark.parametrize("encoder", list(KINDS))
def test_an_adapter_folder_gives_the_runs_scores(trained, tmp_path, encoder):
    from peft import PeftConfig

    folder, told = export_run(trained(encoder, "lora"), "peft", tmp_path / "made", rows=8)
    assert told["difference"] <= 1e-3
    assert PeftConfig.from_pretrained(folder).base_model_name_or_path.endswith(encoder)


@pytest.mark.parametrize("strategy", ["full", "lora", "frozen"])
@pytest.mark.parametrize("encoder", list(KINDS))
def test_a_graph_gives_the_runs_scores_at_shapes_it_was_not_traced_at(trained, tmp_path, encoder, strategy):
    pytest.importorskip("onnxruntime", reason="the extra export is not installed")
    folder, told = export_run(trained(encoder, strategy), "onnx", tmp_path / "made", rows=8)
    assert told["difference"] <= 1e-3
    assert b"site-packages" not in (folder / "model.onnx").read_bytes(), "the graph tells where it was made"


@pytest.mark.parametrize(("encoder", "strategy", "form"), REAL)
def test_weights_that_have_learned_give_the_runs_scores(own_rows, tmp_path, encoder, strategy, form):
    pytest.importorskip("modaxfer_embedded", reason="the plugin embedded is not installed")
    if form == "onnx":
        pytest.importorskip("onnxruntime", reason="the extra export is not installed")
    settings = {"checkpoint": f"embedded/{encoder}-tiny", "strategy": strategy, **own_rows(KINDS[encoder])}
    short = {} if strategy == "frozen" else {"epochs": 1}
    modaxfer.train(encoder=encoder, output=str(tmp_path / "run"), device="cpu", quiet=True, **settings, **short)
    _, told = export_run(tmp_path / "run", form, tmp_path / "made", rows=8)
    assert told["difference"] <= 1e-3


@pytest.mark.parametrize("form", ["transformers", "onnx"])
def test_text_that_is_drawn_gives_the_runs_scores(tmp_path, tiny, own_rows, form):
    run = tmp_path / "run"
    settings = {"encoder": str(tiny("vit")), "strategy": "lora", "device": "cpu", **own_rows("text")}
    modaxfer.train(output=str(run), quiet=True, epochs=2, **settings)
    folder, told = export_run(run, form, tmp_path / "made", rows=8)
    assert told["difference"] <= 1e-3
    assert (folder / ("encoder" if form == "transformers" else "processor") / "font.ttf").is_file()


def test_eight_bits_are_smaller_and_say_what_they_cost(trained, tmp_path):
    pytest.importorskip("onnxruntime", reason="the extra export is not installed")
    run = trained("bert", "full")
    _, whole = export_run(run, "onnx", tmp_path / "whole", rows=8)
    folder, small = export_run(run, "onnx", tmp_path / "small", int8=True, rows=8)
    sizes = [sum(path.stat().st_size for path in place.glob("model*")) for place in (folder, tmp_path / "whole")]
    assert sizes[0] < sizes[1]
    assert small["difference"] > whole["difference"]
