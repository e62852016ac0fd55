"""Every form of export, in a process that does not find modaxfer, against its run."""

from __future__ import annotations

import pytest

import modaxfer
from modaxfer.export.run import export_run

pytestmark = pytest.mark.slow

KINDS = {"bert": "text", "vit": "image", "wav2vec2": "audio", "whisper": "audio"}
NATIVE = {("vit", "full"), ("vit", "lora"), ("wav2vec2", "full"), ("wav2vec2", "lora")}
"""Of these the head reads what Transformers' class for classification reads."""


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
    _, told = export_run(trained(encoder, strategy), "onnx", tmp_path / "made", rows=8)
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
