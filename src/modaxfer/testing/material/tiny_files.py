"""Small learnable data sets, written to disk as a user would have them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from PIL import Image

__all__ = ["BAD", "GOOD", "write"]

GOOD, BAD = ("right", "held", "that"), ("wrong", "was", "the")


def write(kind: str, folder: Path, rows: int = 48) -> dict[str, Any]:
    """Write a task of `kind` into `folder` and return the settings that name it.

    Beside the kinds of one column there is any sum of columns, such as ``image+image+table`` or ``audio+text``.
    """
    rng = np.random.default_rng(0)
    alone = {
        "text": _texts,
        "pair": _pairs,
        "image": _images,
        "audio": _sounds,
        "regression": _regression,
        "multilabel": _multilabel,
    }
    return alone[kind](folder, rng, rows) if kind in alone else _columns(folder, rng, rows, kind.split("+"))


def _csv(path: Path, header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return str(path)


def _sentence(rng: np.random.Generator, words: tuple[str, ...], row: int) -> str:
    # The number makes each row its own: copies would be dropped.
    return " ".join([*rng.choice(words, size=rng.integers(2, 7)), "court", *_letters(row)])


def _letters(row: int) -> list[str]:
    return [chr(97 + row // 26), chr(97 + row % 26)]


def _texts(folder: Path, rng: np.random.Generator, rows: int) -> dict[str, Any]:
    made = [
        (_sentence(rng, GOOD if row % 2 else BAD, row), "positive" if row % 2 else "negative") for row in range(rows)
    ]
    return {"data": _csv(folder / "reviews.csv", ("text", "label"), made), "text": ("text",)}


def _pairs(folder: Path, rng: np.random.Generator, rows: int) -> dict[str, Any]:
    kinds = ("negative", "neutral", "positive")
    words = (BAD, ("plaintiff",), GOOD)
    made = [(_sentence(rng, words[row % 3], row), "plaintiff", kinds[row % 3]) for row in range(rows)]
    return {"data": _csv(folder / "pairs.csv", ("sentence", "party", "label"), made), "text": ("sentence", "party")}


def _images(folder: Path, rng: np.random.Generator, rows: int) -> dict[str, Any]:
    for row in range(rows):
        name = "dark" if row % 2 else "light"
        (folder / "pictures" / name).mkdir(parents=True, exist_ok=True)
        _picture(folder / "pictures" / name / f"{row}.png", rng, dark=bool(row % 2))
    return {"data": str(folder / "pictures")}


def _picture(path: Path, rng: np.random.Generator, *, dark: bool) -> None:
    pixels = rng.integers(0, 90, (12, 16, 3), dtype=np.uint8) + (0 if dark else 150)
    Image.fromarray(pixels.astype(np.uint8)).save(path)


def _sounds(folder: Path, rng: np.random.Generator, rows: int) -> dict[str, Any]:
    for row in range(rows):
        name, pitch = ("high", 1800) if row % 2 else ("low", 200)
        (folder / "sounds" / name).mkdir(parents=True, exist_ok=True)
        _sound(folder / "sounds" / name / f"{row}.wav", rng, pitch)
    return {"data": str(folder / "sounds")}


def _sound(path: Path, rng: np.random.Generator, pitch: int) -> None:
    time = np.arange(int(rng.integers(2000, 5000))) / 16000
    wave = 0.5 * np.sin(2 * np.pi * pitch * time) + rng.normal(0, 0.02, len(time))
    soundfile.write(path, wave.astype(np.float32), 16000)


def _columns(folder: Path, rng: np.random.Generator, rows: int, kinds: list[str]) -> dict[str, Any]:
    """Write one csv with a column or two of each kind, every one of which tells the label."""
    names = {
        kind: [f"{kind}{number}" for number in range(kinds.count(kind))] for kind in ("image", "audio", "text")
    } | {"number": ["amount", "colour", "days"] if "table" in kinds else []}
    made = []
    for row in range(rows):
        odd = bool(row % 2)
        values: list[str | float] = []
        for name in names["image"]:
            _picture(folder / f"{name}-{row}.png", rng, dark=odd)
            values.append(f"{name}-{row}.png")
        for name in names["audio"]:
            _sound(folder / f"{name}-{row}.wav", rng, 1800 if odd else 200)
            values.append(f"{name}-{row}.wav")
        values += [_sentence(rng, GOOD if odd else BAD, row) for _ in names["text"]]
        if names["number"]:
            amount = "" if row % 7 == 3 else round(rng.normal(3.0 if odd else 1.0, 0.4), 3)
            values += [amount, str(rng.choice(("red", "blue") if odd else ("green", "blue"))), 0.5 + row]
        made.append((*values, "high" if odd else "low"))
    columns = {kind: tuple(own) for kind, own in names.items() if own}
    header = (*(name for own in columns.values() for name in own), "label")
    return {"data": _csv(folder / "rows.csv", header, made), **columns}


def _regression(folder: Path, rng: np.random.Generator, rows: int) -> dict[str, Any]:
    made = []
    for row in range(rows):
        good = int(rng.integers(0, 6))
        words = rng.permutation(["right"] * good + ["wrong"] * (5 - good))
        made.append((" ".join([*words, *_letters(row)]), 100 + 2.5 * good + rng.normal(0, 0.1)))
    path = _csv(folder / "stars.csv", ("text", "label"), made)
    return {"data": path, "text": ("text",), "problem": "regression"}


def _multilabel(folder: Path, rng: np.random.Generator, rows: int) -> dict[str, Any]:
    made = []
    for row in range(rows):
        labels = [name for name in ("right", "wrong") if rng.random() < 0.5]
        made.append((" ".join([*labels, "court", *_letters(row)]), ";".join(labels)))
    path = _csv(folder / "tags.csv", ("text", "label"), made)
    return {"data": path, "text": ("text",), "problem": "multilabel"}
