"""Sounds to waveforms or log-mel frames."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from transformers import AutoFeatureExtractor

__all__ = ["Inputs"]


class Inputs:
    """Averages channels, resamples (soxr), cuts what is too long, and asks the feature extractor for the rest."""

    alone = True
    """Each row is computed by itself: silence that fills a batch up would be heard by some models."""

    def __init__(self, told: Mapping[str, Any], folder: Path) -> None:
        self.fields: list[str] = told["fields"]
        self.rate, self.seconds, self.least = int(told["rate"]), float(told["seconds"]), int(told["least"])
        self.key: str = told["key"]
        self.extractor: Any = AutoFeatureExtractor.from_pretrained(folder)

    def __call__(self, rows: Sequence[Any]) -> list[dict[str, np.ndarray]]:
        """Return ``input_values`` ``[samples]`` or ``input_features`` ``[bands, frames]`` of each row.

        A row is a path, encoded bytes, samples with their rate, or a mapping with one of these.
        """
        return [{self.key: self._values(row)} for row in rows]

    def batch(self, examples: Sequence[Mapping[str, np.ndarray]]) -> dict[str, torch.Tensor]:
        """Stack rows of one length."""
        return {self.key: torch.from_numpy(np.stack([one[self.key] for one in examples]))}

    def _values(self, row: Any) -> np.ndarray:
        value = row[self.fields[0]] if isinstance(row, Mapping) and self.fields[0] in row else row
        samples = self._samples(*_sound(value))
        if self.key == "input_values":
            made = self.extractor(samples, sampling_rate=self.rate, padding=False, return_attention_mask=False)
        else:
            made = self.extractor(
                samples, sampling_rate=self.rate, padding="do_not_pad", truncation=False, return_tensors="np"
            )
        return np.ascontiguousarray(made[self.key][0], dtype=np.float32)

    def _samples(self, samples: np.ndarray, own: int) -> np.ndarray:
        samples = samples[: math.ceil(self.seconds * own)]
        if own != self.rate:
            import soxr

            samples = soxr.resample(samples, own, self.rate)
        samples = np.asarray(samples, np.float32)[: int(self.seconds * self.rate)]
        return np.pad(samples, (0, max(0, self.least - len(samples))))


def _sound(value: Any) -> tuple[np.ndarray, int]:
    """Return the mean of all channels, float32 ``[samples]``, and the rate in Hz."""
    if isinstance(value, Mapping):
        value = value["path"] if value.get("bytes") is None else value["bytes"]
    if isinstance(value, tuple):
        samples, rate = value
        return np.asarray(samples, np.float32), int(rate)
    samples, rate = soundfile.read(
        io.BytesIO(value) if isinstance(value, bytes) else value, dtype="float32", always_2d=True
    )
    return np.ascontiguousarray(samples.mean(axis=1)), int(rate)
