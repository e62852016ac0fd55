from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
import torch
import transformers
from PIL import Image

import modaxfer
from modaxfer.bridges.seen import signal_seen
from modaxfer.errors import ConfigError, OutputExistsError, RefusedError
from modaxfer.pretraining.training import Training
from modaxfer.runner.model.description import ModelDescription
from modaxfer.runner.processes.signals import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORDS = ("the", "court", "held", "that", "plaintiff", "was", "right", "wrong")
SETTINGS = {
    "steps": 40,
    "batch_size": 12,
    "learning_rate": 3e-3,
    "validate_every": 20,
    "precision": "fp32",
    "device": "cpu",
    "quiet": True,
}


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "lines.txt"
    lines = [" ".join(WORDS[(row * step) % 8] for step in range(1, 3 + row % 4)) for row in range(240)]
    path.write_text("\n".join(lines) + "\n\n")
    return path


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for number in range(40):
        picture = Image.radial_gradient("L").resize((32, 32)).rotate(9 * number, fillcolor=number * 6).convert("RGB")
        picture.save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tones that change their height in the middle."""
    folder = tmp_path_factory.mktemp("sounds")
    seconds = np.arange(1600) / 16_000
    for number in range(30):
        low, high = (np.sin(2 * np.pi * seconds[:800] * pitch) for pitch in (200 + 20 * number, 3000 - 40 * number))
        soundfile.write(folder / f"{number}.wav", 0.5 * np.concatenate([low, high]), 16_000)
    return folder


@pytest.fixture(scope="module")
def reader(tiny: Callable[[str], Path], texts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny vision transformer that learns to read from a tiny text model."""
    output = tmp_path_factory.mktemp("made") / "reader"
    settings = {"encoder": tiny("vit"), "teacher": str(tiny("bert")), "objective": "distillation", "data": str(texts)}
    return modaxfer.pretrain(**settings, **SETTINGS, weights="random", set={"unit": "words"}, output=str(output))


def told(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "pretraining.json").read_text())


def read_by_transformers(folder: Path) -> Any:
    model, report = transformers.AutoModel.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    return model


def test_a_vision_transformer_learns_to_say_of_words_what_a_text_model_says(reader: Path) -> None:
    first, *_, last = told(reader)["history"]
    assert last["states"] < first["states"]
    assert last["vectors"] < first["vectors"]
    assert {"relations", "first", "spread", "directions"} <= last.keys()


def test_what_is_kept_of_a_teacher_is_what_it_says(
    reader: Path, tiny: Callable[[str], Path], texts: Path, tmp_path: Path
) -> None:
    settings = {"encoder": tiny("vit"), "teacher": str(tiny("bert")), "objective": "distillation", "data": str(texts)}
    asked = SETTINGS | {"steps": 1, "set": {"unit": "words", "kept": 0}, "output": str(tmp_path / "asked")}
    (before, _), (kept, *_) = (
        told(each)["history"] for each in (modaxfer.pretrain(**settings, **asked, weights="random"), reader)
    )
    assert before == pytest.approx(kept, abs=2e-3)


def test_its_folder_is_read_by_transformers_and_by_train(reader: Path, own_rows: Callable[..., dict[str, Any]]) -> None:
    assert read_by_transformers(reader).config.model_type == "vit"
    card = (reader / "README.md").read_text()
    assert "distillation from bert (" in card
    assert "| lines.txt | text |" in card, "names of files, and not the folders they lie in"
    assert not (reader / ".checkpoint").exists()
    run = modaxfer.train(
        encoder=str(reader), strategy="frozen", device="cpu", quiet=True, output=f"{reader}-run", **own_rows("text")
    )
    assert run.result.status == "completed"
    (tower,) = ModelDescription.read(run.folder).towers
    assert tower.bridge_options.unit == "words"


def test_killed_and_resumed_it_ends_with_the_same_losses(
    reader: Path, tiny: Callable[[str], Path], texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"encoder": tiny("vit"), "teacher": str(tiny("bert")), "objective": "distillation", "data": str(texts)}
    settings |= {**SETTINGS, "weights": "random", "set": {"unit": "words"}, "output": str(tmp_path / "again")}
    step = Training._step

    def killed(training: Training, prepared: Any) -> None:
        if training.at.step == 27:
            raise StoppedError(15)
        step(training, prepared)

    with monkeypatch.context() as patch:
        patch.setattr(Training, "_step", killed)
        with pytest.raises(StoppedError):
            modaxfer.pretrain(**settings)
    with pytest.raises(OutputExistsError, match="--resume goes on with it"):
        modaxfer.pretrain(**settings)
    with pytest.raises(ConfigError, match="started with other settings"):
        modaxfer.pretrain(**settings | {"batch_size": 9}, resume=True)
    # Rows that worker processes prepare ahead are the same rows.
    again = modaxfer.pretrain(output=settings["output"], resume=True, quiet=True, workers=2)
    assert told(again)["history"] == told(reader)["history"]
    first, second = (read_by_transformers(each).state_dict() for each in (reader, again))
    for name, tensor in first.items():
        torch.testing.assert_close(second[name], tensor, rtol=0, atol=0)


def test_bert_learns_to_guess_hidden_words(tiny: Callable[[str], Path], texts: Path, tmp_path: Path) -> None:
    made = modaxfer.pretrain(
        encoder=tiny("bert"),
        objective="masked-language",
        data=str(texts),
        output=str(tmp_path / "bert"),
        **SETTINGS | {"learning_rate": 1e-2},
    )
    first, *_, last = told(made)["history"]
    assert last["loss"] < first["loss"] - 0.5
    read_by_transformers(made)


def test_an_image_encoder_learns_to_draw_hidden_patches(
    tiny: Callable[[str], Path], photos: Path, tmp_path: Path
) -> None:
    settings = SETTINGS | {"learning_rate": 1e-2, "weights": "random", "output": str(tmp_path / "vit")}
    made = modaxfer.pretrain(
        encoder=tiny("vit"), objective="masked-image", data=str(photos), set={"decoder_width": 16}, **settings
    )
    first, *_, last = told(made)["history"]
    assert last["loss"] < 0.9 * first["loss"]
    assert read_by_transformers(made).config.image_size == 32


def test_a_sound_encoder_learns_what_stands_in_hidden_stretches(
    tiny: Callable[[str], Path], sounds: Path, tmp_path: Path
) -> None:
    settings = SETTINGS | {"weights": "random", "output": str(tmp_path / "ear"), "steps": 20, "validate_every": 20}
    options = {"units": 4, "length": 2}
    made = modaxfer.pretrain(
        encoder=tiny("wav2vec2"), objective="masked-units", data=str(sounds), set=options, **settings
    )
    first, last = told(made)["history"]
    assert last["loss"] < first["loss"] - 0.1
    assert 1 < last["units"] <= 4
    read_by_transformers(made)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"objective": "masked-language"}, RefusedError, "does not work on what the encoder takes"),
        ({"objective": "distillation"}, ConfigError, "learns from a teacher"),
        ({"teacher": "bert"}, ConfigError, "has no teacher"),
        ({"data": ()}, ConfigError, "needs --data"),
        ({"data": ("lines.txt=0",)}, ConfigError, "no positive number"),
        ({"set": {"shade": 1}}, ConfigError, "no such option"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_weights_are_read(
    changes: dict[str, Any],
    error: type[Exception],
    words: str,
    tiny: Callable[[str], Path],
    texts: Path,
    tmp_path: Path,
) -> None:
    settings = {
        "encoder": tiny("vit"),
        "objective": "masked-image",
        "data": (str(texts),),
        "output": str(tmp_path / "x"),
    }
    with pytest.raises(error, match=words):
        modaxfer.pretrain(**settings | changes, quiet=True)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("kinds", "sink", "seen"),
    [
        (["text"], "text", "text"),
        (["text", "text"], "patches", "rendered text"),
        (["words"], "patches", "rendered text"),
        (["image"], "image", "image"),
        (["audio"], "image", "audio as image"),
        (["table"], "text", "text"),
        (["table"], "embeddings", ""),
    ],
)
def test_what_an_encoder_is_shown_has_a_name(kinds: list[str], sink: str, seen: str) -> None:
    assert signal_seen(kinds, sink) == seen
