from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

import modaxfer
from killed_pretrainings import killed_at
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.pretraining.objectives.image_text import pair_loss
from modaxfer.runner.processes.signals import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORDS = ("the", "court", "held", "that", "plaintiff", "was", "right", "wrong")


def test_orthogonal_pairs_are_told_apart_as_the_temperature_falls() -> None:
    pairs = torch.eye(6)[:5]
    losses = [float(pair_loss(pairs, 3 * pairs, scale)[0]) for scale in (1.0, 10.0, 100.0)]
    assert losses == pytest.approx([math.log(1 + 4 * math.exp(-scale)) for scale in (1, 10, 100)], abs=1e-6)
    assert losses[2] < 1e-6


def test_what_says_nothing_costs_the_logarithm_of_the_batch() -> None:
    alike = torch.ones(7, 4)
    assert float(pair_loss(alike, alike, 50.0)[0]) == pytest.approx(math.log(7))


def test_images_and_texts_may_change_places_and_equal_texts_are_no_negatives() -> None:
    generator = torch.Generator().manual_seed(0)
    images, texts = torch.randn(2, 6, 5, generator=generator)
    torch.testing.assert_close(pair_loss(images, texts, 9.0)[0], pair_loss(texts, images, 9.0)[0])
    texts[1] = texts[0]
    same = torch.zeros(6, 6, dtype=torch.bool)
    same[0, 1] = same[1, 0] = True
    masked = pair_loss(images[:2], texts[:2], 9.0, same[:2, :2])
    assert (float(masked[0]), float(masked[1])) == (0, 1)
    assert float(pair_loss(images, texts, 9.0, same)[0]) < float(pair_loss(images, texts, 9.0)[0])


@pytest.mark.slow  # It imports CLIP.
def test_the_loss_is_that_of_transformers_clip() -> None:
    from transformers.models.clip.modeling_clip import image_text_contrastive_loss

    images, texts = torch.nn.functional.normalize(
        torch.randn(2, 6, 5, generator=torch.Generator().manual_seed(0)), dim=-1
    )
    torch.testing.assert_close(pair_loss(images, texts, 9.0)[0], image_text_contrastive_loss(9.0 * texts @ images.T))


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of eight greys, each with the word for it."""
    folder = tmp_path_factory.mktemp("album")
    rng = np.random.default_rng(0)
    lines = ["file_name,text,label"]
    for number in range(64):
        pixels = np.full((16, 16, 3), 8 + 32 * (number % 8), np.uint8) + rng.integers(0, 8, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
        lines.append(f"{number}.png,{WORDS[number % 8]} {WORDS[number % 8]},x")
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def settings(tiny: Callable[[str], Path], album: Path) -> dict[str, Any]:
    return {
        "encoder": str(tiny("vit")), "teacher": str(tiny("bert")), "objective": "image-text", "data": str(album),
        "steps": 24, "batch_size": 12, "learning_rate": 1e-2, "validate_every": 16, "precision": "fp32",
        "device": "cpu", "weights": "random", "quiet": True, "set": {"objective.width": 16},
    }  # fmt: skip


def told(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "pretraining.json").read_text())


@pytest.mark.parametrize("frozen", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_images_learn_what_a_text_encoder_says_and_resumed_it_ends_the_same(
    frozen: bool, settings: dict[str, Any], tmp_path: Path
) -> None:
    changed = settings | {"set": settings["set"] | {"frozen": frozen}, "steps": 16}
    made = modaxfer.pretrain(**changed, output=str(tmp_path / "eyes"))
    first, *_, last = told(made)["history"]
    assert last["loss"] < first["loss"]
    assert told(made)["data"][0]["kind"] == "image and text"
    model, report = transformers.AutoModel.from_pretrained(made, output_loading_info=True)
    assert (model.config.model_type, report["missing_keys"] | report["unexpected_keys"]) == ("vit", set())
    with killed_at(11), pytest.raises(StoppedError):
        modaxfer.pretrain(**changed, output=str(tmp_path / "again"))
    again = modaxfer.pretrain(output=str(tmp_path / "again"), resume=True, quiet=True)
    assert told(again)["history"] == told(made)["history"]


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"encoder": "bert", "teacher": "bert"}, RefusedError, "trained with a task"),
        ({"teacher": ("bert", "bert")}, ConfigError, "has one teacher, which reads the texts"),
        ({"teacher": "wav2vec2"}, RefusedError, "trained with a task"),
        ({"data": "lines.txt"}, RefusedError, "has no images beside its texts"),
    ],
)
def test_what_has_no_pairs_is_refused_before_weights_are_loaded(
    changes: dict[str, Any],
    error: type[Exception],
    words: str,
    settings: dict[str, Any],
    tiny: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("modaxfer.pretraining.run.load_encoder", pytest.fail)
    (tmp_path / "lines.txt").write_text("one\n" * 20)
    places = {"data": lambda name: str(tmp_path / name), "encoder": lambda name: str(tiny(name))}
    places["teacher"] = lambda name: tuple(str(tiny(each)) for each in ([name] if isinstance(name, str) else name))
    changed = {key: places[key](value) for key, value in changes.items()}
    with pytest.raises(error, match=words):
        modaxfer.pretrain(**settings | changed, output=str(tmp_path / "x"))
