"""Masked units (HuBERT, Hsu et al. 2021): what stands in hidden stretches of a sound, by clusters of its spectra."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from modaxfer.config import documented
from modaxfer.contracts import Batch, Hidden, ObjectiveContext, ObjectiveLoss, Row, pool
from modaxfer.errors import DataError, RefusedError

__all__ = ["MaskedUnits", "MaskedUnitsOptions", "hide_spans", "perplexity", "spectra"]

RATE, WINDOW, BANDS = 16_000, 400, 40
"""Hz, samples of a window (25 ms), mel bands."""

QUIET = 1e-6
"""Power that is added before logarithms are taken: samples have a variance of one."""


@dataclass(frozen=True, kw_only=True)
class MaskedUnitsOptions:
    """``--set objective.KEY=VALUE``."""

    units: int = documented(100, "Clusters of spectra, found by k-means before the first step.", minimum=2)
    starts: float = documented(0.08, "Share of frames at which a hidden stretch begins.", above=0.0, maximum=1.0)
    length: int = documented(10, "Frames of a hidden stretch.", minimum=1)


def hide_spans(real: torch.Tensor, starts: float, length: int, generator: torch.Generator) -> torch.Tensor:
    """Choose stretches of frames at random; they may overlap.

    Args:
        real: bool ``[batch, frames]``.
        starts: Share of frames at which a stretch begins; in each row at least one does.
        length: Frames of a stretch.
        generator: Of chance.

    Returns:
        bool ``[batch, frames]``, real frames only.
    """
    drawn = torch.rand(real.shape, generator=generator).masked_fill(~real, 2.0)
    begins = ((drawn < starts) | (drawn == drawn.min(1, keepdim=True).values)) & real
    covered = nn.functional.pad(begins.float(), (length - 1, 0)).unfold(1, length, 1).amax(2) > 0
    return covered & real


def spectra(values: np.ndarray, frames: int, hop: int) -> np.ndarray:
    """Return log-mel spectra of a sound less their mean, float32 ``[frames, bands]``.

    Args:
        values: float32 ``[samples]`` at 16 kHz.
        frames: How many, `hop` samples apart, from the first window on.
        hop: Samples from one to the next.
    """
    from transformers.audio_utils import mel_filter_bank

    bank = mel_filter_bank(WINDOW // 2 + 1, BANDS, 0.0, RATE / 2, RATE)
    padded = np.pad(values, (0, max(0, (frames - 1) * hop + WINDOW - len(values))))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::hop][:frames]
    power = np.abs(np.fft.rfft(windows * np.hanning(WINDOW), axis=1)) ** 2
    bands = np.log(power @ bank + QUIET)
    return np.asarray(bands - bands.mean(0), np.float32)


def perplexity(units: torch.Tensor, count: int) -> torch.Tensor:
    """Return the exponential of the entropy of `units`: how many are in use, as if all were equally common."""
    shares = torch.bincount(units, minlength=count).float() / max(1, len(units))
    return (-(shares * shares.clamp(min=1e-12).log()).sum()).exp()


class MaskedUnits(nn.Module):
    """Cross-entropy of the units of hidden frames, whose content a learned vector replaces.

    Raises:
        RefusedError: The encoder's content cannot be entered behind its convolutions.
    """

    centres: torch.Tensor

    def __init__(self, context: ObjectiveContext, options: MaskedUnitsOptions) -> None:
        super().__init__()
        encoder: Any = context.student.encoder
        if not callable(getattr(encoder, "content", None)):
            raise RefusedError(
                "masked units need an encoder whose content can be hidden behind its convolutions",
                got=type(encoder).__name__, allowed="wav2vec2", fix="choose another encoder, or another objective",
            )  # fmt: skip
        self._reading, self._options = context.student, options
        self._hop = int(np.prod(encoder.config.conv_stride))
        self.hidden_frame = nn.Parameter(0.1 * torch.randn(encoder.hidden_size))
        self.unit = nn.Linear(encoder.hidden_size, options.units)
        self.register_buffer("centres", torch.zeros(options.units, BANDS))

    def begin(self, rows: Sequence[Row]) -> None:
        """Find the units.

        Raises:
            DataError: There are fewer frames than units.
        """
        from sklearn.cluster import MiniBatchKMeans

        frames = np.concatenate(self._spectra(self._reading.batch(rows)))
        if len(frames) < self._options.units:
            raise DataError(
                "the sounds are too short for so many units", got=f"{len(frames)} frames, {self._options.units} units",
                fix="lower objective.units",
            )  # fmt: skip
        found = MiniBatchKMeans(self._options.units, random_state=0, n_init=3, batch_size=4096).fit(frames)
        self.centres.copy_(torch.from_numpy(found.cluster_centers_))

    def prepare(self, rows: Sequence[Row], generator: torch.Generator) -> Mapping[str, Any]:
        """Return a batch, the spectrum of each frame, and which frames are hidden."""
        batch = self._reading.batch(rows)
        own = [torch.from_numpy(each) for each in self._spectra(batch)]
        real = torch.arange(max(map(len, own))) < torch.tensor(list(map(len, own)))[:, None]
        hidden = hide_spans(real, self._options.starts, self._options.length, generator)
        return {"batch": batch, "spectra": nn.utils.rnn.pad_sequence(own, batch_first=True), "hidden": hidden}

    def forward(self, prepared: Mapping[str, Any]) -> ObjectiveLoss:
        """Return the mean cross-entropy of hidden frames, the share that is guessed, and how many units are in use."""
        encoder: Any = self._reading.encoder
        content, hidden = encoder.content(prepared["batch"]), prepared["hidden"]
        tokens = torch.where(hidden[..., None], self.hidden_frame.to(content.tokens.dtype), content.tokens)
        states = encoder.embed_tokens(Hidden(tokens, content.mask))
        states = encoder.finish(encoder.run(states, 0, encoder.depth))
        wanted = torch.cdist(prepared["spectra"][hidden].float(), self.centres).argmin(1)
        logits = self.unit(states.tokens[hidden]).float()
        said = logits.argmax(1)
        numbers = {
            "guessed": (said == wanted).float().mean(),
            "units": perplexity(wanted, len(self.centres)),
            "units_said": perplexity(said, len(self.centres)),
        }
        loss = nn.functional.cross_entropy(logits, wanted)
        return ObjectiveLoss(loss=loss, vectors=pool(states, "mean"), numbers=numbers)

    def _spectra(self, batch: Batch) -> list[np.ndarray]:
        encoder: Any = self._reading.encoder
        lengths = batch["lengths"].tolist()
        values = batch["input_values"].numpy()
        return [
            spectra(row[:length], encoder.frames(length), self._hop)
            for row, length in zip(values, lengths, strict=True)
        ]
