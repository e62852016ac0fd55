"""What is said of rows by a model's outputs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from modaxfer.export.carried.classifier import Model
from modaxfer.export.carried.texts import Inputs

__all__ = ["Pipeline", "main"]

BATCH = 16
"""Rows that are computed at once."""


class Pipeline:
    """Predicts with what lies in a folder.

    Args:
        folder: With ``pipeline.json``; default the one that this file lies in.
    """

    def __init__(self, folder: Path | str | None = None) -> None:
        self.folder = Path(folder or Path(__file__).parent)
        self.told: dict[str, Any] = json.loads((self.folder / "pipeline.json").read_text(encoding="utf-8"))
        self.inputs = Inputs(self.told["input"], self.folder / self.told["processor"])
        self.model = Model(self.told, self.folder)

    def __call__(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        """Return ``prediction`` and, of classes, ``scores`` of each row: a value, or a mapping with the fields."""
        made = self.scores(rows)
        if self.told["kind"] == "square":
            return [{"prediction": float(value)} for value in made[:, 0]]
        names = self.told["classes"]
        return [
            {"prediction": self._said(row), "scores": dict(zip(names, map(float, row), strict=True))} for row in made
        ]

    def scores(self, rows: Sequence[Any]) -> np.ndarray:
        """Return probabilities ``[rows, classes]`` as the run gives them, or values ``[rows, 1]``."""
        outputs, kind = self.outputs(rows) / float(self.told["temperature"]), self.told["kind"]
        if kind == "square":
            made = outputs.double() * float(self.told["deviation"]) + float(self.told["mean"])
        else:
            made = outputs.softmax(1) if kind == "softmax" else outputs.sigmoid()
        return np.asarray(made)

    @torch.inference_mode()
    def outputs(self, rows: Sequence[Any]) -> torch.Tensor:
        """Return what the head says, float32 ``[rows, outputs]``."""
        return torch.cat([self.model(self.inputs.batch(part)) for part in self._parts(rows)])

    def _parts(self, rows: Sequence[Any]) -> Iterator[list[dict[str, np.ndarray]]]:
        size = 1 if self.inputs.alone else BATCH
        for start in range(0, len(rows), size):
            yield self.inputs(rows[start : start + size])

    def _said(self, scores: np.ndarray) -> Any:
        """Return the class, or of labels those that are there, by the thresholds or costs that the run chose."""
        names, thresholds, cost = (self.told[name] for name in ("classes", "thresholds", "cost"))
        if self.told["kind"] == "sigmoid":
            least = thresholds or [0.5] * len(names)
            return [name for name, score, bound in zip(names, scores, least, strict=True) if score >= bound]
        if cost:
            return names[int((scores.astype(np.float64) @ np.array(cost)).argmin())]
        return names[int(scores[1] >= thresholds[0]) if thresholds else int(scores.argmax())]


def main(arguments: Sequence[str]) -> None:
    """Print one JSON line for each argument: a text, or the path of a picture or a sound."""
    for answer in Pipeline()(list(arguments)):
        sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
