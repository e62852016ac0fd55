"""Sounds into waveforms or log-mel frames, at the rate and scale a checkpoint was trained on."""

from __future__ import annotations

import copy
import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from modaxfer.contracts import WINDOWS, Batch, Example, Sound
from modaxfer.data.media import in_threads, resample
from modaxfer.encoders.own_code import refuse_own_code
from modaxfer.encoders.processors.cuts import Cuts
from modaxfer.encoders.processors.identity import fingerprint
from modaxfer.encoders.processors.long import stretches
from modaxfer.encoders.processors.padding import pad, pad_mask
from modaxfer.encoders.processors.parted import apart, together
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

_HOW = "--set encoder.seconds=N, up to what the encoder holds, or encoder.long=mean_of_windows hears more"

_AT_ONCE = 64 * 30.0
"""Seconds of sound that are decoded together."""


def samples_of(sound: Sound, rate: int, *, seconds: float, least: int) -> np.ndarray:
    """Return a sound at `rate` Hz, float32 ``[samples]``: cut after `seconds`, silence added up to `least` samples."""
    samples = sound.samples[: math.ceil(seconds * sound.rate)]
    samples = np.asarray(resample(samples, sound.rate, rate), dtype=np.float32)[: int(seconds * rate)]
    return np.pad(samples, (0, max(0, least - len(samples))))


class _Hearing(ABC):
    """What the three have in common: of sounds longer than `seconds` the beginning is heard, or windows; it is counted.

    Args:
        extractor: A Transformers feature extractor.
        seconds: Longest sound, or window, in seconds.
        windows: Most windows of a sound, one behind the other, whose pooled vectors are averaged; 0 = its beginning
            alone is heard.
        kind: What it makes, for its identity.
        how: What else changes the output, by name.
    """

    def __init__(self, extractor: Any, seconds: float, windows: int, kind: str, how: Mapping[str, Any]) -> None:
        self.extractor, self.seconds, self.windows = extractor, seconds, windows
        self.rate = int(extractor.sampling_rate)
        limit = f"{windows} windows of {seconds:g} s" if windows else f"{seconds:g} s"
        self._cuts = Cuts("sounds", "seconds", limit, "--set encoder.windows=N hears more" if windows else _HOW)
        named = {"windows": windows} if windows else {}
        self.identity = fingerprint(kind, {"extractor": extractor.to_dict(), "seconds": seconds, **how, **named})

    @property
    def heard(self) -> float:
        """Seconds of a sound that are heard at most."""
        return self.seconds * (self.windows or 1)

    @property
    def rows_at_once(self) -> int:
        """Sounds that are decoded together: long ones are few, so that they fit into memory."""
        return max(1, int(_AT_ONCE / self.heard))

    @property
    @abstractmethod
    def least(self) -> int:
        """Fewest samples of a sound."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was cut so far."""
        return self._cuts.warnings

    def counting(self) -> Self:
        """Return a processor that does the same and counts from zero."""
        twin = copy.copy(self)
        twin._cuts = self._cuts.emptied()
        return twin

    def __call__(self, raws: Sequence[Sound]) -> list[Example]:
        """Return one example per sound, see `prepared`.

        Where windows are heard, those of a sound stand one behind the other, and `WINDOWS` int32 ``[windows]`` holds
        the length of each. They are equally long: the last one ends with the sound and overlaps the one before.
        """
        if not raws:
            return []
        for sound in raws:
            read = len(sound.samples) / sound.rate
            self._cuts.count(sound.whole or read, min(read, self.heard))
        cut = in_threads(self._cut, raws)
        made = iter(self.prepared([samples for windows in cut for samples in windows]))
        sounds = [list(itertools.islice(made, len(windows))) for windows in cut]
        return [together(examples) if self.windows else examples[0] for examples in sounds]

    @abstractmethod
    def prepared(self, sounds: Sequence[np.ndarray]) -> list[Example]:
        """Return samples at `rate` Hz as the encoder takes them, one example each."""

    def length(self, example: Example) -> int:
        """Return the number of tokens, of all windows together."""
        return sum(map(self.tokens, apart(example)))

    @abstractmethod
    def tokens(self, example: Example) -> int:
        """Return the number of tokens of a sound that is heard at once."""

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Pad and stack, see `stacked`.

        Of sounds in windows, each window is a row, `WINDOWS` int64 ``[sounds]`` says how many belong to each sound, and
        ``mask`` bool ``[windows, tokens]`` which tokens each has.
        """
        counts = [len(example[WINDOWS]) for example in examples if WINDOWS in example]
        rows = [part for example in examples for part in apart(example)]
        batch = self.stacked(rows)
        if counts:
            batch |= {WINDOWS: torch.tensor(counts), "mask": pad_mask([self.tokens(row) for row in rows])}
        return batch

    @abstractmethod
    def stacked(self, examples: Sequence[Example]) -> Batch:
        """Pad sounds that are heard at once to the longest, with their ``lengths`` int64 ``[batch]``."""

    def _cut(self, sound: Sound) -> list[np.ndarray]:
        samples = samples_of(sound, self.rate, seconds=self.heard, least=self.least)
        return [samples[start:stop] for start, stop in stretches(len(samples), max(1, int(self.seconds * self.rate)))]


class WaveformProcessor(_Hearing):
    """Resamples and scales waveforms.

    Args:
        extractor: A Transformers feature extractor that returns ``input_values``.
        seconds: Longest sound, or window, in seconds.
        strides: ``(kernel, stride)`` of each convolution in the encoder's front end.
        windows: Most windows of a longer sound, whose pooled vectors are averaged; 0 = the rest of it is cut.
    """

    def __init__(self, extractor: Any, seconds: float, strides: Sequence[Sequence[int]], windows: int = 0) -> None:
        self.strides = tuple((int(kernel), int(stride)) for kernel, stride in strides)
        super().__init__(extractor, seconds, windows, "waveform", {"strides": self.strides})

    @property
    def least(self) -> int:
        """Fewest samples of a sound: of which the front end makes one token."""
        return _samples_for_one(self.strides)

    def prepared(self, sounds: Sequence[np.ndarray]) -> list[Example]:
        """Return ``input_values`` float32 ``[samples]``, long enough for one token at least."""
        values = self.extractor(sounds, sampling_rate=self.rate, padding=False, return_attention_mask=False)
        return [{"input_values": np.asarray(row, dtype=np.float32)} for row in values["input_values"]]

    def tokens(self, example: Example) -> int:
        """Return the number of tokens."""
        return frames_after(len(example["input_values"]), self.strides)

    def stacked(self, examples: Sequence[Example]) -> Batch:
        """Pad to ``input_values`` float32 ``[batch, samples]`` and ``lengths`` int64 ``[batch]``, in samples."""
        values = [example["input_values"] for example in examples]
        return {"input_values": pad(values), "lengths": torch.tensor([len(row) for row in values])}


class MelProcessor(_Hearing):
    """Computes log-mel frames of a window as long as the sound, no padding to 30 seconds.

    Args:
        extractor: A Transformers `WhisperFeatureExtractor`.
        seconds: Longest sound, or window, in seconds.
        windows: Most windows of a longer sound, whose pooled vectors are averaged; 0 = the rest of it is cut.
    """

    def __init__(self, extractor: Any, seconds: float, windows: int = 0) -> None:
        super().__init__(extractor, seconds, windows, "mel", {})

    @property
    def least(self) -> int:
        """Fewest samples of a sound: half a Fourier window is mirrored at both ends, so it must be longer than that."""
        return int(max(self.extractor.n_fft, 2 * self.extractor.hop_length))

    def prepared(self, sounds: Sequence[np.ndarray]) -> list[Example]:
        """Return ``input_features`` float32 ``[frames, mel bands]``, at least two frames."""
        return [{"input_features": self._frames(samples)} for samples in sounds]

    def _frames(self, samples: np.ndarray) -> np.ndarray:
        made = self.extractor(
            samples, sampling_rate=self.rate, padding="do_not_pad", truncation=False, return_tensors="np"
        )
        return np.ascontiguousarray(made["input_features"][0].T, dtype=np.float32)

    def tokens(self, example: Example) -> int:
        """Return the number of tokens: two frames make one."""
        return (len(example["input_features"]) + 1) // 2

    def stacked(self, examples: Sequence[Example]) -> Batch:
        """Pad to ``input_features`` float32 ``[batch, mel bands, frames]`` and, in frames, ``lengths`` int64."""
        features = [example["input_features"] for example in examples]
        stacked = pad(features).transpose(1, 2).contiguous()
        return {"input_features": stacked, "lengths": torch.tensor([len(row) for row in features])}


class FrameProcessor(_Hearing):
    """Prepares sounds for a model of unknown inside: waveforms filled up with silence to whole rows, or frames.

    Args:
        extractor: A Transformers feature extractor.
        seconds: Longest sound, or window, in seconds.
        width: Samples per row.
        windows: Most windows of a longer sound, whose pooled vectors are averaged; 0 = the rest of it is cut.
    """

    def __init__(self, extractor: Any, seconds: float, width: int, windows: int = 0) -> None:
        self.width = width
        super().__init__(extractor, seconds, windows, "frames", {"width": width})

    @property
    def least(self) -> int:
        """Fewest samples of a sound: a tenth of a second is longer than any front end's window."""
        return self.rate // 10

    def prepared(self, sounds: Sequence[np.ndarray]) -> list[Example]:
        """Return ``values`` float32 ``[rows, width]`` of samples, or ``[frames, bands]``."""
        return [{"values": self._values(samples)} for samples in sounds]

    def _values(self, samples: np.ndarray) -> np.ndarray:
        made = self.extractor(samples, sampling_rate=self.rate, return_tensors="np")
        values = np.asarray(made[self.extractor.model_input_names[0]][0], dtype=np.float32)
        if values.ndim == 1:
            values = np.pad(values, (0, -len(values) % self.width)).reshape(-1, self.width)
        return np.ascontiguousarray(values)

    def tokens(self, example: Example) -> int:
        """Return the number of rows."""
        return len(example["values"])

    def stacked(self, examples: Sequence[Example]) -> Batch:
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
