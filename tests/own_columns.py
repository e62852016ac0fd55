"""Small rows of several columns, some of them empty, as a user would have them on disk."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

__all__ = ["pictures_with_words"]

GOOD, BAD = ("right", "held", "that"), ("wrong", "was", "the")


def pictures_with_words(folder: Path, rows: int = 48) -> dict[str, Any]:
    """Write a csv of pictures and texts into `folder`; in every eighth row one of the two is missing.

    Returns:
        The settings that name it.
    """
    rng = np.random.default_rng(0)
    path = folder / "products.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["photo", "title", "label"])
        for row in range(rows):
            pixels = rng.integers(0, 90, (12, 16, 3), dtype=np.uint8) + (0 if row % 2 else 150)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{row}.png")
            words = [*rng.choice(GOOD if row % 2 else BAD, size=3), chr(97 + row // 26), chr(97 + row % 26)]
            photo, title = f"{row}.png", " ".join(words)
            writer.writerow(["" if row % 16 == 3 else photo, "" if row % 16 == 10 else title, "yn"[row % 2]])
    return {"data": str(path), "image": ("photo",), "text": ("title",)}
