"""Bridges in trained and saved models: blind to padding, at chance where labels are, at ease with what is new."""

from __future__ import annotations

import csv
import io
import shutil

import numpy as np
import pytest
import soundfile
import torch
import transformers
from PIL import Image

from modaxfer.api import make_config
from modaxfer.runner.predict.evaluate import evaluate
from modaxfer.runner.predict.predictor import Predictor
from modaxfer.runner.progress import Progress
from modaxfer.runner.run import run

pytestmark = pytest.mark.recipe

QUICK = {"epochs": 1, "batch_size": 8, "precision": "fp32", "device": "cpu"}
LONG = "the court held that plaintiff was right"


def trained(encoder, strategy, rows, folder, **settings):
    """Train a cell and return its result and its folder."""
    names = encoder if isinstance(encoder, tuple) else (str(encoder),)
    config = make_config(encoder=names, strategy=strategy, output=folder, **{**QUICK, **rows, **settings})
    return run(config, shared=True, progress=Progress(enabled=False))


def png(seed):
    stream = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(stream, format="PNG")
    return {"bytes": stream.getvalue(), "path": None}


def wav(seconds):
    stream = io.BytesIO()
    samples = np.random.default_rng(0).normal(0, 0.1, round(seconds * 16000))
    soundfile.write(stream, samples, 16000, format="WAV", subtype="FLOAT")
    return {"bytes": stream.getvalue(), "path": None}


def short_and_long(kind):
    """Return two rows of which the second takes more tokens."""
    return {
        "text": [{"text": "a"}, {"text": LONG}],
        "audio": [{"audio": wav(0.1)}, {"audio": wav(0.3)}],
        "image+text": [{"image0": png(0), "text0": "a"}, {"image0": png(1), "text0": LONG}],
    }[kind]


@pytest.mark.parametrize(
    ("encoder", "strategy", "kind", "bridge"),
    [
        ("vit", "lora", "text", "render"),
        pytest.param("wav2vec2", "full", "text", "embed", marks=pytest.mark.slow),
        ("whisper", "frozen", "image+text", "embed"),
        pytest.param("bert", "full", "audio", "embed", marks=pytest.mark.slow),
        pytest.param("lstm:small", "full", "text", "embed", marks=pytest.mark.slow),
        pytest.param("table:small", "lora", "image+text", "embed", marks=pytest.mark.slow),
    ],
)
def test_padding_leaves_the_logits_as_they_are(encoder, strategy, kind, bridge, tiny, own_rows, tmp_path):
    name = encoder if ":" in encoder else tiny(encoder)
    result, folder = trained(name, strategy, own_rows(kind, 24), tmp_path / "run")
    assert result.bridge == f"modaxfer/{bridge}"
    predictor, rows = Predictor(folder), short_and_long(kind)
    processor, (tower,) = predictor.processor, predictor.described.towers
    short, long = (processor.length(example) for example in processor(tower.build_bridge(None)(rows)))
    assert long > short + 1
    alone = torch.cat([predictor.logits([row], None) for row in rows])
    torch.testing.assert_close(predictor.logits(rows, None), alone, atol=1e-5, rtol=0)
    assert (alone[0] - alone[1]).abs().max() > 1e-4


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    """Pictures and texts whose labels were drawn for themselves."""
    folder, rng = tmp_path_factory.mktemp("noise"), np.random.default_rng(2)
    with (folder / "rows.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["picture", "text", "label"])
        for row in range(160):
            (folder / f"{row}.png").write_bytes(png(row)["bytes"])
            words = rng.choice(LONG.split(), size=4)
            letters = chr(97 + row // 26), chr(97 + row % 26)
            writer.writerow([f"{row}.png", " ".join([*words, *letters]), "yes" if rng.random() < 0.5 else "no"])
    return {"data": str(folder / "rows.csv"), "image": "picture", "text": "text"}


@pytest.mark.slow
def test_shuffled_labels_stay_at_chance_through_a_trained_bridge(tiny, noise, tmp_path):
    rows = {"data": noise["data"], "text": noise["text"]}
    settings = {"epochs": 8, "learning_rate": 1e-3, "set": {"patience": 0}}
    result, _ = trained(tiny("whisper"), "full", rows, tmp_path / "run", **settings)
    assert result.bridge == "modaxfer/embed"
    low, high = result.intervals["accuracy"]
    assert low < 0.5 < high


@pytest.mark.parametrize("how", ["concat", pytest.param("cross", marks=pytest.mark.slow)])
def test_shuffled_labels_stay_at_chance_through_fusion(how, tiny, noise, tmp_path):
    settings = {"epochs": 8, "set": {"how": how, "patience": 0}}
    result, _ = trained((str(tiny("vit")), str(tiny("bert"))), "fusion", noise, tmp_path / "run", **settings)
    for intervals in (result.intervals, *(part["intervals"] for part in result.ablation.values())):
        low, high = intervals["accuracy"]
        assert low < 0.5 < high


@pytest.mark.parametrize(
    ("encoder", "kind", "bridge"),
    [
        ("vit", "table", "grid"),
        ("vit", "image+image+table", "montage"),
        ("bert", "table", "serialise"),
        ("wav2vec2", "table", "embed"),
        pytest.param("table:small", "image+image+table", "embed", marks=pytest.mark.slow),
    ],
)
def test_a_category_never_seen_and_numbers_that_are_missing(encoder, kind, bridge, tiny, own_rows, tmp_path):
    name = encoder if ":" in encoder else tiny(encoder)
    result, folder = trained(name, "full", own_rows(kind, 24), tmp_path / "run")
    assert result.bridge == f"modaxfer/{bridge}"
    media = {"image0": png(0), "image1": png(1)} if "image" in kind else {}
    usual = {**media, "amount": 3.0, "colour": "blue", "days": 4.5}
    rows = [usual, {**usual, "colour": "z"}, {**usual, "amount": None, "days": None}]
    made = Predictor(folder).predict(rows)
    assert Predictor(folder).predict(rows) == made
    scores = np.array([[*row["scores"].values()] for row in made])
    np.testing.assert_allclose(scores.sum(1), 1, atol=1e-6)
    # Neither passes for the usual row.
    assert (np.abs(scores[1:] - scores[0]).max(1) > 0).all()


@pytest.mark.parametrize(
    ("encoder", "strategy"), [("bert", "lora"), pytest.param("vit", "frozen", marks=pytest.mark.slow)]
)
def test_a_run_from_random_weights_keeps_them_all(encoder, strategy, tiny, own_rows, tmp_path):
    base = tmp_path / "base"
    shutil.copytree(tiny(encoder), base)
    result, folder = trained(base, strategy, own_rows("text", 24), tmp_path / "run", weights="random")
    assert result.encoder["sha256"] is None
    assert any("is random and stays so" in warning for warning in result.warnings)
    before = Predictor(folder).predict([{"text": LONG}])
    (base / "model.safetensors").unlink()
    assert Predictor(folder).predict([{"text": LONG}]) == before
    assert evaluate(folder)["metrics"] == pytest.approx(result.metrics["test"], abs=1e-6, nan_ok=True)


@pytest.fixture
def random_body(tmp_path):
    """A folder with a random BERT, 96 wide; at the usual fiftieth so narrow a body would be next to linear."""
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=8, hidden_size=96, num_hidden_layers=2, num_attention_heads=8, intermediate_size=192,
        max_position_embeddings=16, initializer_range=0.2,
    )  # fmt: skip
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(tmp_path / "body")
    return tmp_path / "body"


@pytest.fixture
def bits(tmp_path):
    """All pairs of strings of five bits, with the places where they differ; test pairs are never trained on."""
    pairs = [f"{number:010b}" for number in np.random.default_rng(0).permutation(1024)]
    (tmp_path / "bits").mkdir()
    for name, rows in (("train", pairs[:768]), ("validation", pairs[768:832]), ("test", pairs[832:])):
        with (tmp_path / "bits" / f"{name}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "label"])
            for pair in rows:
                set_bits = ";".join(f"b{place}" for place in range(5) if pair[place] != pair[place + 5])
                writer.writerow([f"{pair[:5]} {pair[5:]}", set_bits])
    return {"data": str(tmp_path / "bits"), "text": "text", "problem": "multilabel"}


@pytest.mark.slow
def test_a_frozen_random_transformer_adds_bits(random_body, bits, tmp_path):
    """FPT's demo (Lu et al. 2021): attention and feed-forward layers stay random, and still compute XOR.

    The default run has it without the runner around it: ``tests/bridges/test_embed_xor.py``.
    """
    settings = {"epochs": 40, "batch_size": 32, "learning_rate": 6e-3, "bridge": "embed"}
    options = {"bridge.units": "bytes", "encoder.pooling": "mean_std", "patience": 0}
    result, folder = trained(random_body, "frozen", bits, tmp_path / "run", **settings, set=options)
    assert result.data["rows"] == {"train": 768, "validation": 64, "test": 192}
    assert result.parameters["trainable"] < 0.2 * result.parameters["total"]
    assert result.metrics["test"]["f1_micro"] >= 0.99
    assert result.metrics["test"]["f1_macro"] >= 0.99
    (made,) = Predictor(folder).predict([{"text": "01011 11001"}])
    assert made["prediction"] == ["b0", "b3"]
