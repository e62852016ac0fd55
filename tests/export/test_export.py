"""What an export is made of: the head inside Transformers' classes, the script, the comparison, what is refused."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file
from torch.testing import assert_close

from carried_models import carried, here
from modaxfer.contracts import Features
from modaxfer.errors import ConfigError, OutputExistsError, RefusedError, RunFailedError
from modaxfer.export import fits, folders, parity
from modaxfer.export.carried.encoder import head, read
from modaxfer.export.push import push_folder
from modaxfer.export.run import export_run
from modaxfer.export.script import pipeline_script
from modaxfer.heads.linear import LinearHead
from modaxfer.heads.nearest import KNearestHead
from modaxfer.heads.reduced import CodeReducer, ReducedHead
from modaxfer.heads.scaled import ScaledHead
from modaxfer.opened import load


@pytest.fixture(scope="module")
def exported(finished, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parity, "_measured", here)
        folder = tmp_path_factory.mktemp("exported") / "made"
        return export_run(finished("bert", "text"), "transformers", folder, rows=8)


def test_an_export_gives_the_runs_scores_and_says_what_it_is(exported, finished):
    folder, told = exported
    texts = ["a dull film", "what a fine, warm story " * 40, ""]
    made = carried(folder)([{"text": text} for text in texts])
    wanted = load(finished("bert", "text")).predict([{"text": text} for text in texts[:2]], quiet=True)
    for one, other in zip(made, wanted, strict=False):
        assert one["prediction"] == other["prediction"]
        assert one["scores"] == pytest.approx(other["scores"], abs=1e-3)
    assert told["difference"] < 1e-4
    assert told["split"] == "validation"
    assert told == json.loads((folder / "export.json").read_text())
    assert "its head reads" in told["notes"][0]
    assert "(" not in told["notes"][0]
    card = (folder / "README.md").read_text()
    assert card.startswith("---\n")
    assert "| form | MB | p50 ms | p95 ms | peak MB | largest difference |" in card
    source = json.loads((finished("bert", "text") / "result.json").read_text())
    for path in (source["encoder"]["checkpoint"], source["data"]["source"].partition(" ")[2]):
        assert "/" in path
        assert path not in card
    assert "head.safetensors" in push_folder(folder, "me/model", dry_run=True).files


def test_the_script_knows_nothing_of_modaxfer():
    for kind in ("text", "image", "audio", "drawn"):
        for model in ("classifier", "encoder", "graph"):
            code = pipeline_script(kind, model).partition('"""\n\nfrom __future__')[2]
            assert "modaxfer" not in code
            compile("from __future__" + code, "pipeline.py", "exec")


@pytest.mark.parametrize(
    "made",
    [
        LinearHead(6, 3),
        ScaledHead.of(LinearHead(6, 3), torch.tensor([1.0, 2.0, 3.0]), torch.tensor([0.5, 0.0, -1.0])),
        ReducedHead(CodeReducer(6, 8, 4), LinearHead(4, 3)),
        KNearestHead.from_rows(
            torch.randn(9, 6), torch.eye(3).repeat(3, 1), torch.ones(9), mean=torch.zeros(6), scale=torch.ones(6),
            neighbours=4, votes="softmax",
        ),
    ],
    ids=lambda made: type(made).__name__,
)  # fmt: skip
def test_heads_beside_an_encoder_are_the_runs(made):
    from modaxfer.heads.build import head_config

    vectors = torch.randn(5, 6)
    wanted = made.eval()(Features(pooled=vectors)).detach()
    assert_close(head(head_config(made), made.state_dict(), vectors).detach(), wanted)


def test_vectors_beside_an_encoder_are_the_runs():
    from modaxfer.contracts import Hidden, pool

    states, mask = torch.randn(2, 4, 3), torch.tensor([[1, 1, 1, 0], [1, 1, 1, 1]])
    for pooling in ("cls", "mean", "mean_std"):
        assert_close(read(states, mask, pooling), pool(Hidden(states, mask.bool()), pooling))


@pytest.mark.parametrize(
    ("model_type", "size"), [("bert", "hidden_size"), ("roberta", "hidden_size"), ("wav2vec2", ""), ("vit", "")]
)
def test_a_linear_head_is_what_transformers_class_computes(model_type, size, tiny):
    import transformers

    kind = {"vit": "image", "wav2vec2": "audio"}.get(model_type, "text")
    config = transformers.AutoConfig.from_pretrained(tiny("bert" if model_type == "roberta" else model_type))
    if model_type == "roberta":
        config = transformers.RobertaConfig(**{**config.to_dict(), "model_type": "roberta", "pad_token_id": 1})
    config.num_labels, width = 3, config.hidden_size
    if kind == "audio":
        config.classifier_proj_size = width
    model = getattr(transformers, fits.AUTO[kind]).from_config(config).eval()
    pooling, fit = fits._FITS[model_type]
    linear = fits.Linear(weight=torch.randn(3, width), bias=torch.randn(3))
    fit(model, linear)
    given = {
        "text": {"input_ids": torch.tensor([[5, 6, 7, 8]])},
        "image": {"pixel_values": torch.randn(1, 3, 32, 32)},
        "audio": {"input_values": torch.randn(1, 1600)},
    }[kind]
    with torch.no_grad():
        states = model.base_model(**given).last_hidden_state
        vector = read(states, torch.ones(states.shape[:2]), pooling)
        assert_close(model(**given).logits, vector @ linear.weight.T + linear.bias, rtol=1e-4, atol=1e-5)


def test_a_classifier_takes_pictures_of_the_size_that_the_run_took(tiny, tmp_path):
    import transformers

    config = transformers.AutoConfig.from_pretrained(tiny("vit"))
    model = transformers.AutoModelForImageClassification.from_config(config).eval()
    pixels = torch.randn(2, 3, *[config.image_size + config.patch_size] * 2)
    with torch.no_grad():
        wanted = model(pixels, interpolate_pos_encoding=True).logits
        folders._resize(model, pixels.shape[-1])
        assert_close(model(pixels).logits, wanted)
        model.save_pretrained(tmp_path)
        again = transformers.AutoModelForImageClassification.from_pretrained(tmp_path).eval()
        assert_close(again(pixels).logits, wanted)


def test_text_is_drawn_as_the_bridge_draws_it(tmp_path):
    from modaxfer.bridges.render import RenderBridge, RenderOptions
    from modaxfer.contracts import InputLayout
    from modaxfer.export.carried.drawn import Inputs
    from modaxfer.spec import Field, Signal

    fields = tuple(Field(name=name, signal=Signal(kind="text")) for name in ("a", "b"))
    layout = InputLayout(kind="patches", max_tokens=40, patch_size=8, image_size=48)
    bridge = RenderBridge(RenderOptions(), fields, layout, None)
    told, font = bridge.drawing
    (tmp_path / "font.ttf").write_bytes(font)
    pixels = {"scaled": False, "factor": 1.0, "mean": [0.0] * 3, "deviation": [1.0] * 3}
    inputs = Inputs({"fields": ["a", "b"], **told, **pixels}, tmp_path)
    rows = [
        {"a": "The court \u2014 in caf\u00e9s", "b": " \u4e2d text\u200b "},
        {"a": "", "b": None},
        {"a": "long words " * 40, "b": "short"},
    ]
    for made, strip in zip(inputs(rows), bridge(rows), strict=True):
        assert (made["patches"] == strip.pixels).all()


def test_what_cannot_be_is_refused_before_weights_are_loaded(finished, tmp_path, monkeypatch):
    run = finished("bert", "text")
    monkeypatch.setattr("modaxfer.runner.predict.predictor.load_model", lambda _: pytest.fail("weights were loaded"))
    with pytest.raises(ConfigError, match=r"no such form of export\. Got: tflite"):
        export_run(run, "tflite", tmp_path / "a")
    with pytest.raises(ConfigError, match="8 bits are a choice of ONNX"):
        export_run(run, "peft", tmp_path / "a", int8=True)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    with pytest.raises(OutputExistsError, match="the folder of the export is not empty"):
        export_run(run, "transformers", tmp_path / "full")


def test_a_run_without_an_adapter_has_no_adapter_folder(finished, tmp_path):
    with pytest.raises(RefusedError, match=r"the run has no adapter that peft attaches\. Got: none"):
        export_run(finished("bert", "text"), "peft", tmp_path / "a", rows=2)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(("revision", "known"), [("a" * 40, True), ("modaxfer-embedded==0.1.0", False), (None, False)])
def test_an_adapter_names_its_base_by_an_id_only_where_a_hub_knows_it(tmp_path, revision, known):
    stored = SimpleNamespace(folder=tmp_path, checkpoint="me/bert", revision=revision)
    tower = SimpleNamespace(encoder=SimpleNamespace(stored=stored, base=SimpleNamespace(stored=None)))
    subject = SimpleNamespace(tower=tower, encoder=SimpleNamespace(source_folder=lambda: tmp_path / "weights"))
    assert folders._base(subject) == (("me/bert", revision) if known else (str(tmp_path / "weights"), None))


def test_what_differs_from_the_run_is_not_kept(finished, tmp_path, monkeypatch):
    monkeypatch.setattr(parity, "_measured", lambda folder, rows: {**here(folder, rows), "scores": [[0.2, 0.8]] * 2})
    with pytest.raises(RunFailedError, match="differs from the run, so nothing is kept"):
        export_run(finished("bert", "text"), "pipeline", tmp_path / "a", rows=2)
    assert list(tmp_path.iterdir()) == []


def test_the_command_prints_what_it_measured_and_where_it_lies(finished, tmp_path, shell, monkeypatch):
    monkeypatch.setattr(parity, "_measured", here)
    folder = tmp_path / "made"
    status, out, err = shell("export", finished("bert", "text"), "--to", "pipeline", "--output", folder, "--rows", 2)
    assert status == 0, err
    assert "largest difference" in out
    assert out.splitlines()[-1] == str(folder)
    status, _, err = shell("export", finished("bert", "text"), "--to", "pipeline", "--output", folder)
    assert status == 2
    assert "the folder of the export is not empty" in err


def test_head_tensors_lie_beside_the_encoder(exported):
    folder, _ = exported
    assert set(load_file(folder / "head.safetensors")) == {"linear.weight", "linear.bias"}
    assert (folder / "encoder" / "config.json").is_file()
