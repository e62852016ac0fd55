"""Sounds into waveforms or log-mel frames, at the rate and scale a checkpoint was trained on."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from modaxfer.contracts import Batch, Example, Sound
from modaxfer.data.media import resample
from modaxfer.encoders.own_code import refuse_own_code
from modaxfer.encoders.processors.cuts import Cuts
from modaxfer.encoders.processors.identity import fingerprint
from modaxfer.encoders.processors.padding import pad
from modaxfer.encoders.silence import quiet
from modaxfer.errors import CheckpointUnavailableError

__all__ = [
    "FrameProcessor",
    "MelProcessor",
    "WaveformProcessor",
    "frames_after",
    "read_feature_extractor",
    "samples_of",
]

_HOW = "up to what the encoder holds, or shorter clips as rows, lose less"


def samples_of(sound: Sound, rate: int, *, seconds: float, least: int) -> np.ndarray:
    """Return a sound at `rate` Hz, float32 ``[samples]``: cut after `seconds`, silence added up to `least` samples."""
    samples = sound.samples[: math.ceil(seconds * sound.rate)]
    samples = np.asarray(resample(samples, sound.rate, rate), dtype=np.float32)[: int(seconds * rate)]
    return np.pad(samples, (0, max(0, least - len(samples))))


class _Cutting:
    """What the three have in common: sounds longer than `seconds` are cut, and counted."""

    def __init__(self, extractor: Any, seconds: float) -> None:
        self.extractor, self.seconds = extractor, seconds
        self.rate = int(extractor.sampling_rate)
        self._cuts = Cuts("sounds", "seconds", f"{seconds:g} s", f"--set encoder.seconds=N, {_HOW}")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was cut so far."""
        return self._cuts.warnings

    def counting(self) -> Self:
        """Return a processor that does the same and counts from zero."""
        twin = copy.copy(self)
        twin._cuts = self._cuts.emptied()
        return twin

    def _samples(self, sound: Sound, least: int) -> np.ndarray:
        seconds = sound.whole or len(sound.samples) / sound.rate
        self._cuts.count(seconds, min(seconds, self.seconds))
        return samples_of(sound, self.rate, seconds=self.seconds, least=least)


class WaveformProcessor(_Cutting):
    """Resamples and scales waveforms.

    Args:
        extractor: A Transformers feature extractor that returns ``input_values``.
        seconds: Longest sound in seconds; the rest is cut.
        strides: ``(kernel, stride)`` of each convolution in the encoder's front end.
    """

    def __init__(self, extractor: Any, seconds: float, strides: Sequence[Sequence[int]]) -> None:
        super().__init__(extractor, seconds)
        self.strides = tuple((int(kernel), int(stride)) for kernel, stride in strides)
        self.identity = fingerprint(
            "waveform", {"extractor": extractor.to_dict(), "seconds": seconds, "strides": self.strides}
        )

    @property
    def least(self) -> int:
        """Fewest samples of a sound: of which the front end makes one token."""
        return _samples_for_one(self.strides)

    def __call__(self, raws: Sequence[Sound]) -> list[Example]:
        """Return ``input_values`` float32 ``[samples]``, long enough for one token at least."""
        if not raws:
            return []
        sounds = [self._samples(sound, self.least) for sound in raws]
        values = self.extractor(sounds, sampling_rate=self.rate, padding=False, return_attention_mask=False)
        return [{"input_values": np.asarray(row, dtype=np.float32)} for row in values["input_values"]]

    def length(self, example: Example) -> int:
        """Return the number of tokens."""
        return frames_after(len(example["input_values"]), self.strides)

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Pad to ``input_values`` float32 ``[batch, samples]`` and ``lengths`` int64 ``[batch]``, in samples."""
        values = [example["input_values"] for example in examples]
        return {"input_values": pad(values), "lengths": torch.tensor([len(row) for row in values])}


class MelProcessor(_Cutting):
    """Computes log-mel frames of a window as long as the sound, no padding to 30 seconds.

    Args:
        extractor: A Transformers `WhisperFeatureExtractor`.
        seconds: Longest sound in seconds; the rest is cut.
    """

    def __init__(self, extractor: Any, seconds: float) -> None:
        super().__init__(extractor, seconds)
        self.identity = fingerprint("mel", {"extractor": extractor.to_dict(), "seconds": seconds})

    @property
    def least(self) -> int:
        """Fewest samples of a sound: half a Fourier window is mirrored at both ends, so it must be longer than that."""
        return int(max(self.extractor.n_fft, 2 * self.extractor.hop_length))

    def __call__(self, raws: Sequence[Sound]) -> list[Example]:
        """Return ``input_features`` float32 ``[frames, mel bands]``, at least two frames."""
        return [{"input_features": self._frames(sound)} for sound in raws]

    def _frames(self, sound: Sound) -> np.ndarray:
        samples = self._samples(sound, self.least)
        made = self.extractor(
            samples, sampling_rate=self.rate, padding="do_not_pad", truncation=False, return_tensors="np"
        )
        return np.ascontiguousarray(made["input_features"][0].T, dtype=np.float32)

    def length(self, example: Example) -> int:
        """Return the number of tokens: two frames make one."""
        return (len(example["input_features"]) + 1) // 2

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Pad to ``input_features`` float32 ``[batch, mel bands, frames]`` and, in frames, ``lengths`` int64."""
        features = [example["input_features"] for example in examples]
        stacked = pad(features).transpose(1, 2).contiguous()
        return {"input_features": stacked, "lengths": torch.tensor([len(row) for row in features])}


class FrameProcessor(_Cutting):
    """Prepares sounds for a model of unknown inside: waveforms filled up with silence to whole rows, or frames.

    Args:
        extractor: A Transformers feature extractor.
        seconds: Longest sound in seconds; the rest is cut.
        width: Samples per row.
    """

    def __init__(self, extractor: Any, seconds: float, width: int) -> None:
        super().__init__(extractor, seconds)
        self.width = width
        self.identity = fingerprint("frames", {"extractor": extractor.to_dict(), "seconds": seconds, "width": width})

    def __call__(self, raws: Sequence[Sound]) -> list[Example]:
        """Return ``values`` float32 ``[rows, width]`` of samples, or ``[frames, bands]``."""
        return [{"values": self._values(sound)} for sound in raws]

    def _values(self, sound: Sound) -> np.ndarray:
        # A tenth of a second is longer than any front end's window.
        samples = self._samples(sound, self.rate // 10)
        made = self.extractor(samples, sampling_rate=self.rate, return_tensors="np")
        values = np.asarray(made[self.extractor.model_input_names[0]][0], dtype=np.float32)
        if values.ndim == 1:
            values = np.pad(values, (0, -len(values) % self.width)).reshape(-1, self.width)
        return np.ascontiguousarray(values)

    def length(self, example: Example) -> int:
        """Return the number of rows."""
        return len(example["values"])

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Pad to ``values`` float32 ``[batch, rows, ...]`` and, in rows, ``lengths`` int64 ``[batch]``."""
        values = [example["values"] for example in examples]
        return {"values": pad(values), "lengths": torch.tensor([len(row) for row in values])}


def frames_after(samples: int, strides: Sequence[tuple[int, int]]) -> int:
    """Return how many frames a stack of unpadded convolutions ``(kernel, stride)`` makes of `samples`."""
    for kernel, stride in strides:
        samples = (samples - kernel) // stride + 1
    return samples


def _samples_for_one(strides: Sequence[tuple[int, int]]) -> int:
    needed = 1
    for kernel, stride in reversed(strides):
        needed = (needed - 1) * stride + kernel
    return needed


def read_feature_extractor(folder: Path, *, trust_remote_code: bool = False) -> Any:
    """Read the feature extractor below `folder`.

    Raises:
        CheckpointUnavailableError: There is none.
        RefusedError: It needs code of its own, and that is not allowed.
    """
    from transformers import AutoFeatureExtractor

    try:
        with quiet():
            return AutoFeatureExtractor.from_pretrained(
                folder, local_files_only=True, trust_remote_code=trust_remote_code
            )
    except (OSError, ValueError, ImportError) as error:
        refuse_own_code(folder, "a feature extractor", error)
        raise CheckpointUnavailableError(
            f"no usable preprocessor_config.json in {folder}",
            got=" ".join(str(error).split())[:200],
            fix="add the checkpoint's preprocessor_config.json: it says how sounds are scaled",
        ) from error
