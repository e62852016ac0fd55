"""The simple model of sounds: the mean and deviation of log-mel bands over time, and a linear model."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from sklearn.preprocessing import StandardScaler
from transformers.audio_utils import mel_filter_bank

from modaxfer.baselines.linear import linear_candidates
from modaxfer.data.media import read_sound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modaxfer.baselines.sample import Outputs, Sample
    from modaxfer.contracts import Sound

__all__ = ["NAME", "candidates", "log_mel"]

NAME = "mean and deviation of log-mel bands"
BANDS = 40
WINDOW, HOP = 0.025, 0.010
"""Seconds."""
HIGHEST = 8000
"""Hz; what lies above is not looked at."""
BINS = round(HIGHEST * WINDOW) + 1
"""A window of 25 ms has a bin every 40 Hz at any rate, so sounds of different rates share one filter bank."""
LONGEST = 120.0
"""Seconds of a sound that are looked at, several times what encoders hear by default."""
FRAMES = 1000
"""Frames whose spectra are computed together."""
INVERSE_STRENGTHS = (0.001, 0.01, 0.1, 1.0)


def candidates(sample: Sample) -> Iterator[Outputs]:
    """Yield linear models over the standardised statistics of a row's sounds."""
    features = {split: _features(sample, split) for split in sample.columns}
    scaler = StandardScaler().fit(features["train"])
    scaled = {split: scaler.transform(part) for split, part in features.items()}
    yield from linear_candidates(scaled, sample, INVERSE_STRENGTHS)


def log_mel(sound: Sound) -> np.ndarray:
    """Return the log-mel energies of `sound`: ``[frames, bands]``, base 10, at least one frame.

    Hann windows of 25 ms every 10 ms, 40 bands from 0 to 8 kHz on the HTK scale. Bands above half the sound's rate
    hold no energy.
    """
    window, hop = max(2, round(WINDOW * sound.rate)), max(1, round(HOP * sound.rate))
    samples = np.pad(sound.samples, (0, max(0, window - len(sound.samples))))
    frames = np.lib.stride_tricks.sliding_window_view(samples, window)[::hop]
    weights = np.hanning(window + 1)[:-1]
    # In parts: the windows overlap, so all of them together are several times as large as the sound.
    parts = [_energies(frames[start : start + FRAMES], weights) for start in range(0, len(frames), FRAMES)]
    return np.log10(np.concatenate(parts) + 1e-10)


def _energies(frames: np.ndarray, weights: np.ndarray) -> np.ndarray:
    power = np.abs(np.fft.rfft(frames * weights)[:, :BINS] / weights.sum()) ** 2
    energies: np.ndarray = power @ _filters()[: power.shape[1]]
    return energies


def _features(sample: Sample, split: str) -> np.ndarray:
    """Return ``[rows, sounds * 2 * bands]``."""
    columns = sample.columns[split].values()
    return np.stack(
        [np.concatenate([_statistics(value, sample) for value in row]) for row in zip(*columns, strict=True)]
    )


def _statistics(value: object, sample: Sample) -> np.ndarray:
    bands = log_mel(read_sound(value, sample.root, rate=None, seconds=LONGEST))
    return np.concatenate([bands.mean(0), bands.std(0)])


@cache
def _filters() -> np.ndarray:
    return np.asarray(mel_filter_bank(BINS, BANDS, 0.0, HIGHEST, 2 * HIGHEST))
