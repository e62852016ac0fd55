"""Augmentations of sound: a `Sound` in, one of the same rate and length out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator

    from modaxfer.contracts import Sound

__all__ = ["gain", "noise", "shift", "spec_augment"]

WINDOW, HOP = 0.025, 0.010
"""Seconds: of one spectrum, and from one to the next; as in the paper's front end."""

BANDS = 80
"""Mel bands that masks are counted in."""

MASKS, BAND_WIDTH, FRAME_WIDTH, SHARE = 2, 15, 70, 0.2
"""Masks along each axis, their greatest widths (bands; frames of 10 ms) and the share of a sound that a mask in time
covers at most: the paper's policy SM (its table 1)."""


def gain(sound: Sound, strength: float, generator: Generator) -> Sound:
    """Make louder or softer by up to `strength` decibels; what would exceed full scale is clipped."""
    factor = 10 ** (generator.uniform(-strength, strength) / 20)
    return _clipped(sound, sound.samples * np.float32(factor))


def shift(sound: Sound, strength: float, generator: Generator) -> Sound:
    """Move in time, either way, by up to the share `strength` of the length; silence fills the gap."""
    far = round(float(generator.uniform(-strength, strength)) * len(sound.samples))
    moved = np.zeros_like(sound.samples)
    if far >= 0:
        moved[far:] = sound.samples[: len(moved) - far]
    else:
        moved[:far] = sound.samples[-far:]
    return _with(sound, moved)


def noise(sound: Sound, strength: float, generator: Generator) -> Sound:
    """Add white noise of up to `strength` times the sound's own level (root mean square); silence stays silent.

    0.1 is a signal-to-noise ratio of 20 dB.
    """
    level = float(np.sqrt(np.mean(np.square(sound.samples, dtype=np.float64))))
    ratio = float(generator.uniform(0, strength))
    hiss = generator.standard_normal(len(sound.samples), dtype=np.float32)
    return _clipped(sound, sound.samples + np.float32(ratio * level) * hiss)


def spec_augment(sound: Sound, strength: float, generator: Generator) -> Sound:
    """Silence two bands of pitch and two stretches of time, of drawn width (SpecAugment, Park et al. 2019).

    The masks are laid over the sound's own spectrogram, which is then turned back into samples, so that whatever an
    encoder reads, a waveform, log-mel frames or a picture of them, has the holes. Time is not warped, which the paper
    finds to matter least.

    Args:
        sound: What is changed.
        strength: Factor on the widths of the paper's policy SM: 15 of 80 mel bands, 70 frames of 10 ms, and a fifth of
            the sound at most.
        generator: Where chance comes from.
    """
    samples = sound.samples
    hop, window = max(1, round(HOP * sound.rate)), max(4, round(WINDOW * sound.rate))
    frames = -(-len(samples) // hop)
    longest = min(strength * FRAME_WIDTH, min(1.0, strength * SHARE) * frames)
    stretches = _masks(frames, longest, generator)
    bands = _masks(BANDS, min(strength * BAND_WIDTH, BANDS), generator)
    made = _without_bands(samples, sound.rate, window, hop, bands) if any(wide for _, wide in bands) else samples.copy()
    for start, wide in stretches:
        made[start * hop : (start + wide) * hop] = 0
    return _with(sound, made)


def _masks(length: int, widest: float, generator: Generator) -> list[tuple[int, int]]:
    """Draw start and width of each mask: a width from 0 to `widest`, then a start that leaves room for it."""
    widths = [int(generator.integers(int(widest) + 1)) for _ in range(MASKS)]
    return [(int(generator.integers(length - width + 1)), width) for width in widths]


def _without_bands(samples: np.ndarray, rate: int, window: int, hop: int, bands: list[tuple[int, int]]) -> np.ndarray:
    """Return `samples` without the pitches of `bands`."""
    from scipy.signal import ShortTimeFFT
    from scipy.signal.windows import hann
    from transformers.audio_utils import hertz_to_mel

    analysis = ShortTimeFFT(hann(window, sym=False), hop, rate, fft_mode="onesided")
    padded = np.pad(samples, (0, max(0, window - len(samples))))
    spectrum = analysis.stft(padded)
    mel = hertz_to_mel(analysis.f, "htk") / hertz_to_mel(rate / 2, "htk") * BANDS
    for start, wide in bands:
        spectrum[(mel >= start) & (mel < start + wide)] = 0
    back: np.ndarray = analysis.istft(spectrum, k1=len(padded))
    return np.asarray(back[: len(samples)], np.float32)


def _clipped(sound: Sound, samples: np.ndarray) -> Sound:
    """Return `sound` with other samples, cut off at full scale, or at its own peak where that is higher."""
    most = max(1.0, float(np.abs(sound.samples).max(initial=0.0)))
    return _with(sound, np.clip(samples, -most, most))


def _with(sound: Sound, samples: np.ndarray) -> Sound:
    return replace(sound, samples=np.asarray(samples, np.float32))
