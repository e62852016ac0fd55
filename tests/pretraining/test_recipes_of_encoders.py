"""The recipes of examples/pretraining, shortened, on tiny random weights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
import transformers
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable

RECIPES = Path(__file__).parents[2] / "examples" / "pretraining"
WORDS = ("the", "court", "held", "that", "plaintiff", "was", "right", "wrong")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    lines = [" ".join(WORDS[(row * step) % 8] for step in range(1, 3 + row % 4)) for row in range(120)]
    for name in ("words.txt", "sentences.txt", "passages.txt"):
        (folder / name).write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for number in range(24):
        Image.fromarray(rng.integers(0, 255, (32, 32, 3), np.uint8)).save(folder / f"{number}.jpg")
    return folder


def made(recipe: str, out: Path, script: str = "make.sh", **settings: object) -> None:
    """Run a recipe's script twice: what is finished stays as it is."""
    given = {"PYTHON": sys.executable, "STEPS": 3, "ROWS": 8, "HF_HUB_OFFLINE": 1, "OMP_NUM_THREADS": 1, **settings}
    for _ in range(2):
        done = subprocess.run(
            [RECIPES / recipe / script, out],
            env={**os.environ, **{name: str(value) for name, value in given.items()}, "MODAXFER_DATA": ""},
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


def told(folder: Path) -> dict[str, Any]:
    """Return the record of a product that Transformers reads."""
    _, report = transformers.AutoModel.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"] | report["unexpected_keys"]
    return json.loads((folder / "pretraining.json").read_text())


def test_the_reader(tiny: Callable[[str], Path], texts: Path, photos: Path, tmp_path: Path) -> None:
    made("reader", tmp_path, TEXTS=texts, TEACHER=tiny("bert"), STUDENT=tiny("vit"), STEPS_WORDS=2, EPOCHS=0.2)
    found = told(tmp_path / "reader")
    assert len(found["teachers"]) == 2
    assert found["start"] == "words"
    assert found["trained_on"] == ["rendered text"]
    made("reader", tmp_path, "more.sh", TEXTS=texts, VIEWS=photos, TEACHER=tiny("bert"), SEES=tiny("vit"), WORKERS=1)
    both = told(tmp_path / "both")
    assert both["trained_on"] == ["rendered text", "image"]
    assert {"states of text", "vectors of image"} <= both["history"][-1].keys()


def test_pictures_are_learned_from_a_teacher_of_pictures(
    tiny: Callable[[str], Path], photos: Path, tmp_path: Path
) -> None:
    made("pictures", tmp_path, VIEWS=photos, START=tiny("vit"), TEACHER=tiny("vit"))
    found = told(tmp_path / "pictures")
    assert found["trained_on"] == ["image"]
    assert {"vectors", "first", "relations"} <= found["history"][-1].keys()


def test_bert_tiny_has_a_vocabulary_of_its_own_and_begins_with_its_teachers_words(
    tiny: Callable[[str], Path], texts: Path, tmp_path: Path
) -> None:
    made("bert-tiny", tmp_path, TEXTS=texts, TEACHER=tiny("bert"))
    found = told(tmp_path / "bert-tiny")
    assert {"vectors", "states", "relations"} <= found["history"][-1].keys()
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "bert-tiny")
    assert tokenizer.tokenize("The plaintiff was right.") == ["the", "plaintiff", "was", "right", "[UNK]"]


def test_wav2vec2_tiny_learns_each_part_of_a_sound(tiny: Callable[[str], Path], texts: Path, tmp_path: Path) -> None:
    (tmp_path / "sounds").mkdir()
    for number in range(24):
        tone = 0.5 * np.sin(np.arange(8000 + 100 * number) * (0.05 + 0.01 * number))
        soundfile.write(tmp_path / "sounds" / f"{number:06d}.flac", tone, 16_000)
    made("wav2vec2-tiny", tmp_path, TEXTS=texts, CLIPS=24, TEACHER=tiny("whisper"), STUDENT=tiny("wav2vec2"))
    found = told(tmp_path / "wav2vec2-tiny")
    assert {"vectors", "states", "relations"} <= found["history"][-1].keys()
    assert found["trained_on"] == ["audio"]
