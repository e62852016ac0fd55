"""Figures and the model card of a finished run, handed to a tracker in the way that it takes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from modaxfer.tracking.known import Tracker

__all__ = ["hand_files"]

CARD, PAGE = "README.md", "report.html"


def hand_files(known: Tracker, made: Any, folder: Path, step: int) -> None:
    """Hand the figures and the card of the run in `folder` to a tracker.

    Args:
        known: What is known of it.
        made: Accelerate's tracker, started.
        folder: Of the run; of a shared run also the folders of its tasks.
        step: The last one.
    """
    for name, path in _figures(folder):
        if known.figures == "files":
            made.log_artifact(str(path), str(Path(name).parent))
        elif known.figures == "images" and hasattr(made, "log_images"):
            _log_image(known, made, name, path, step)
    if known.card == "files":
        for path in filter(Path.is_file, (folder / CARD, folder / PAGE)):
            made.log_artifact(str(path))
    elif known.card == "text" and (folder / CARD).is_file():
        made.log({"model_card": (folder / CARD).read_text(encoding="utf-8")}, step=step)


def _figures(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted((*folder.glob("figures/*.png"), *folder.glob("tasks/*/figures/*.png"))):
        yield path.relative_to(folder).with_suffix("").as_posix(), path


def _log_image(known: Tracker, made: Any, name: str, path: Path, step: int) -> None:
    import numpy as np
    from PIL import Image

    with Image.open(path) as opened:
        image = opened.convert("RGB")
    if known.name == "tensorboard":  # which takes a batch of arrays, and asks how they lie
        made.log_images({name: np.asarray(image)[None]}, step=step, dataformats="NHWC")
    else:
        made.log_images({name: [image]}, step=step)
