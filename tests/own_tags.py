"""Small tagged rows, made by rule, as a user would have them on disk."""

from __future__ import annotations

import json
import string
import wave
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

__all__ = ["cells", "names_after_a_cue", "stretches"]

OTHERS = ("the", "court", "held", "that", "was", "right", "wrong")


def names_after_a_cue(folder: Path, rows: int = 160) -> dict[str, Any]:
    """Write sentences with names, one or two letters, behind ``plaintiff``; letters elsewhere are no names.

    So no word says by itself that it is a name; tags are IOB2.
    """
    rng = np.random.default_rng(0)
    made = []
    for _ in range(rows):
        words, tags = [], []
        for _ in range(rng.integers(2, 5)):
            letters = list(rng.choice(list(string.ascii_lowercase), size=rng.integers(1, 3)))
            named = bool(rng.random() < 0.5)
            words += [str(rng.choice(OTHERS)), "plaintiff" if named else str(rng.choice(OTHERS)), *letters]
            tags += ["O", "O", *(["B-PER", "I-PER"][: len(letters)] if named else ["O"] * len(letters))]
        made.append({"words": words, "tags": tags})
    path = folder / "names.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in made), encoding="utf-8")
    return {"data": str(path), "text": ("words",), "label": ("tags",)}


def cells(folder: Path, rows: int = 64) -> dict[str, Any]:
    """Write pictures of two by two cells, each bright or dark; a bright one is tagged ``light``."""
    rng = np.random.default_rng(0)
    made = []
    for row in range(rows):
        bright = rng.random((2, 2)) < 0.5
        pixels = rng.integers(0, 90, (16, 16), dtype=np.uint8) + np.kron(bright, np.full((8, 8), 150)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{row}.png")
        made.append({"picture": f"{row}.png", "tags": ["light" if one else "O" for one in bright.ravel()]})
    path = folder / "cells.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in made), encoding="utf-8")
    return {"data": str(path), "image": ("picture",), "label": ("tags",), "problem": "tagging"}


def stretches(folder: Path, rows: int = 48) -> dict[str, Any]:
    """Write sounds of three stretches, each loud or quiet; a loud one is tagged ``loud``."""
    rng = np.random.default_rng(0)
    made = []
    for row in range(rows):
        loud = rng.random(3) < 0.5
        samples = rng.normal(0, 1, 3 * 1600) * np.repeat(np.where(loud, 8000, 200), 1600)
        with wave.open(str(folder / f"{row}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            file.writeframes(samples.clip(-32768, 32767).astype("<i2").tobytes())
        made.append({"sound": f"{row}.wav", "tags": ["loud" if one else "O" for one in loud]})
    path = folder / "stretches.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in made), encoding="utf-8")
    return {"data": str(path), "audio": ("sound",), "label": ("tags",), "problem": "tagging"}
