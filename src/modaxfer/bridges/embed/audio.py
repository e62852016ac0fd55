"""Sounds as log-mel frames, several in a row per token."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import nn

from modaxfer.bridges.embed.modality import Column, pad, spread
from modaxfer.contracts import Batch, Example, Sound
from modaxfer.data.media import read_sound

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["AudioEmbedder", "AudioModality", "log_mel"]

RATE = 16_000
"""Highest rate that is worked at (Hz); speech and most everyday sounds lie below 8 kHz."""

WINDOW, HOP = 0.025, 0.010
"""Seconds of a frame and between two frames."""

STACKS = (4, 32)
"""Fewest and most frames of a token, where none are asked for: 40 to 320 ms."""

LOOKED_AT, LISTENED_TO = 4000, 300
"""Training sounds whose lengths, and whose frames' mean and deviation, are learned."""

LONGEST = 180.0
"""Seconds that are read at most: a little more than 512 tokens of 32 frames, the most that any body takes."""

FLOOR, RANGE = 1e-10, 8.0
"""Least power of a band, and decades below a sound's loudest band that are kept, as in Whisper."""


class AudioModality:
    """Sound fields: log-mel frames, each band scaled by the training sounds.

    Args:
        mels: Mel bands.
        stack: Frames per token; None = learned.
        root: Folder that relative paths are resolved against and may not leave.
    """

    def __init__(self, mels: int, stack: int | None, root: Path | None) -> None:
        self._mels, self._stack, self._root = mels, stack, root
        self._rate: int | None = None
        self._longest: list[int] = []
        self._learned: dict[str, Any] = {}
        self._seen = self._cut = 0

    @property
    def least(self) -> int:
        """One token; what is longer can be cut."""
        return 1

    @property
    def cut(self) -> tuple[int, int]:
        """How many sounds were cut so far, and of how many."""
        return self._cut, self._seen

    def read(self, value: Any) -> Sound | None:
        """Decode to mono, at the rate that was learned; a missing sound is None.

        Raises:
            DataError: The sound cannot be read.
        """
        return None if value is None else read_sound(value, self._root, self._rate, LONGEST)

    def fit(self, columns: Sequence[Column], targets: np.ndarray) -> list[int]:
        """Learn rate, longest sound, mean and deviation of each band; return the tokens of each field's longest."""
        self._rate = None
        found = [
            [(sound.rate, len(sound.samples)) for sound in spread(column, LOOKED_AT) if sound is not None]
            for column in columns
        ]
        rates = Counter(rate for column in found for rate, _ in column)
        self._longest = [max((_frames(samples / rate) for rate, samples in column), default=1) for column in found]
        self._rate = min(RATE, rates.most_common(1)[0][0]) if rates else RATE
        heard = (sound for column in columns for sound in spread(column, LISTENED_TO) if sound is not None)
        mean, deviation = _moments(log_mel(sound, self._mels) for sound in heard)
        self._learned = {
            "rate": self._rate,
            "mean": np.broadcast_to(mean, self._mels).tolist(),
            "deviation": np.broadcast_to(np.maximum(deviation, 0.01), self._mels).tolist(),
        }
        least = self._stack or STACKS[0]
        return [math.ceil(longest / least) for longest in self._longest]

    def settle(self, tokens: Sequence[int]) -> None:
        """Choose how many frames make a token, so that each field's longest training sound fits its share."""
        needed = max(math.ceil(longest / most) for longest, most in zip(self._longest, tokens, strict=True))
        stack = self._stack or min(max(STACKS[0], needed), STACKS[1])
        self._learned |= {"stack": stack, "tokens": list(tokens)}

    def state(self) -> dict[str, Any]:
        """Return rate, mean, deviation, stack and lengths."""
        return dict(self._learned)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over another's state."""
        self._learned = dict(state)
        self._rate = state["rate"]

    def prepare(self, run: int, values: Sequence[Sound | None]) -> list[Example]:
        """Return ``frames`` float32 ``[tokens, stack * mels]``; a missing sound is one token of the mean."""
        self._seen += len(values)
        return [{"frames": self._tokens(value, self._learned["tokens"][run])} for value in values]

    def length(self, example: Example) -> int:
        """Return the number of tokens."""
        return len(example["frames"])

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Pad to ``frames`` float32 ``[batch, tokens, stack * mels]`` and ``mask`` bool ``[batch, tokens]``."""
        frames, mask = pad([example["frames"] for example in examples])
        return {"frames": frames, "mask": mask}

    def embedder(self, width: int) -> nn.Module:
        """Return an `AudioEmbedder`."""
        return AudioEmbedder(self._learned["stack"] * self._mels, width)

    def _tokens(self, sound: Sound | None, most: int) -> np.ndarray:
        stack = self._learned["stack"]
        if sound is None:
            return np.zeros((1, stack * self._mels), np.float32)
        frames = (log_mel(sound, self._mels) - self._learned["mean"]) / self._learned["deviation"]
        self._cut += len(frames) > most * stack
        frames = frames[: most * stack]
        frames = np.pad(frames, ((0, -len(frames) % stack), (0, 0)))
        return frames.reshape(-1, stack * self._mels).astype(np.float32)


class AudioEmbedder(nn.Module):
    """Projects stacked frames.

    Args:
        inputs: Numbers of a token.
        width: Entries of an embedded token.
    """

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(inputs, width)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Map ``frames`` ``[batch, tokens, inputs]`` to ``[batch, tokens, width]``."""
        return cast("torch.Tensor", self.project(batch["frames"]))


def log_mel(sound: Sound, mels: int) -> np.ndarray:
    """Return the power of mel bands in decades (log10), float64 ``[frames, mels]``.

    Hann windows of 25 ms every 10 ms, the first one at the sound's start; at least one frame. What lies more than 8
    decades below the loudest band is lifted to there.
    """
    window, hop = max(2, round(WINDOW * sound.rate)), max(1, round(HOP * sound.rate))
    samples = np.pad(sound.samples, (0, max(0, window - len(sound.samples))))
    frames = np.lib.stride_tricks.sliding_window_view(samples, window)[::hop]
    points = _points(window)
    # Periodic, as for every spectral analysis.
    power = np.abs(np.fft.rfft(frames * np.hanning(window + 1)[:-1], points)) ** 2
    levels = np.log10(np.maximum(power @ _bands(points, mels, sound.rate), FLOOR))
    lifted: np.ndarray = np.maximum(levels, levels.max() - RANGE)
    return lifted


def _moments(parts: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation of each column of arrays ``[frames, columns]``, one in memory at a time; 0 of none."""
    count, mean, squares = 0, np.zeros(1), np.zeros(1)
    for part in parts:
        # Chan, Golub and LeVeque (1979): sums of squares about the mean of what came so far.
        step, total = part.mean(0) - mean, count + len(part)
        squares = squares + part.var(0) * len(part) + step**2 * count * len(part) / total
        mean, count = mean + step * len(part) / total, total
    return mean, np.sqrt(squares / max(1, count))


def _frames(seconds: float) -> int:
    return max(1, 1 + math.floor((seconds - WINDOW) / HOP + 1e-6))


def _points(window: int) -> int:
    """Return the points of the Fourier transform: enough for the lowest bands to hold one each."""
    return int(2 ** math.ceil(math.log2(2 * window)))


@cache
def _bands(points: int, mels: int, rate: int) -> np.ndarray:
    """Return triangular filters ``[points // 2 + 1, mels]`` up to half the rate (Slaney's scale and area)."""
    from transformers.audio_utils import mel_filter_bank

    bands: np.ndarray = mel_filter_bank(points // 2 + 1, mels, 0.0, rate / 2, rate, norm="slaney", mel_scale="slaney")
    return bands
