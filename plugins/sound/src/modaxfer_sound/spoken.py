"""A made-up sample for `spoken-digits`: digits from a crude voice of three formants, for trying things out.

Nobody speaks, and nothing is taken from the real data set: harmonics of a voice are weighted by resonances that glide
from phone to phone (source and filter, Fant 1960; mean formants of Peterson & Barney 1952). A score on it says nothing
about speech.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from modaxfer_sound.encoded import audio_column

__all__ = ["spoken_digits"]

_RATE = 8000
_TRAIN_TAKES, _TEST_TAKES = 4, 2
"""Per digit and speaker."""
_SPEAKERS = {"ada": 1.0, "boris": 0.55, "carla": 0.9, "dinu": 0.65}
"""Pitch relative to 210 Hz; a deep voice also has longer resonators."""
_HIGHEST_PITCH = 210.0
_WIDTHS = (110.0, 150.0, 220.0)
"""Hz, one per formant."""


@dataclass(frozen=True)
class _Phone:
    """A stretch of speech."""

    formants: tuple[float, float, float]
    """Hz."""
    seconds: float
    voice: float = 1.0
    """Strength of the voice."""
    hiss: float = 0.0
    """Strength of noise above 2 kHz."""
    breath: float = 0.0
    """Strength of noise of all frequencies."""


_PHONES = {
    "a": _Phone((730, 1090, 2440), 0.12),
    "e": _Phone((530, 1840, 2480), 0.12),
    "i": _Phone((270, 2290, 3010), 0.13),
    "I": _Phone((390, 1990, 2550), 0.09),
    "o": _Phone((500, 840, 2410), 0.15),
    "u": _Phone((300, 870, 2240), 0.16),
    "^": _Phone((640, 1190, 2390), 0.12),
    "n": _Phone((280, 1500, 2500), 0.09, voice=0.4),
    "r": _Phone((310, 1060, 1380), 0.07, voice=0.6),
    "v": _Phone((300, 1100, 2300), 0.06, voice=0.3, breath=0.05),
    "w": _Phone((300, 610, 2200), 0.07, voice=0.5),
    "f": _Phone((400, 1200, 2300), 0.1, voice=0.0, breath=0.16),
    "s": _Phone((400, 1800, 2600), 0.12, voice=0.0, hiss=0.5),
    "z": _Phone((300, 1700, 2600), 0.09, voice=0.3, hiss=0.3),
    "t": _Phone((400, 1800, 2600), 0.04, voice=0.0, hiss=0.35, breath=0.2),
    "k": _Phone((400, 1500, 2300), 0.05, voice=0.0, breath=0.3),
    "-": _Phone((400, 1500, 2500), 0.04, voice=0.0),
}
_DIGITS = ("zIrou", "w^n", "-tu", "frii", "foor", "faIv", "sI-ks", "sev^n", "eI-t", "naIn")


def spoken_digits(seed: int) -> dict[str, pa.Table]:
    """Return ``train`` (160 rows) and ``test`` (80): ten digits of four speakers at 8 kHz.

    Columns as in the real data: ``audio`` (FLAC), ``label``, ``speaker``, ``accent``, ``take``.
    """
    draw = np.random.default_rng(seed)
    takes = {"test": range(_TEST_TAKES), "train": range(_TEST_TAKES, _TEST_TAKES + _TRAIN_TAKES)}
    return {split: _table(draw, takes[split]) for split in ("train", "test")}


def _table(draw: np.random.Generator, takes: range) -> pa.Table:
    rows = [(digit, speaker, take) for take in takes for speaker in _SPEAKERS for digit in range(len(_DIGITS))]
    digits, speakers, numbers = zip(*rows, strict=True)
    sounds = [_say(draw, _DIGITS[digit], _SPEAKERS[speaker]) for digit, speaker, _ in rows]
    accents = ["machine"] * len(rows)
    return pa.table(
        {"audio": audio_column(sounds, _RATE), "label": digits, "speaker": speakers, "accent": accents, "take": numbers}
    )


def _say(draw: np.random.Generator, phones: str, voice: float) -> np.ndarray:
    """Return samples of the phones, spoken by a `voice` (its relative pitch) at some speed and pitch."""
    spoken = [_PHONES[name] for name in phones]
    speed = draw.uniform(0.85, 1.2)
    lengths = [round(_RATE * phone.seconds * speed * draw.uniform(0.85, 1.15)) for phone in spoken]
    resonators = (0.75 + 0.25 * voice) * draw.uniform(0.96, 1.04)

    def glide(values: list[float], seconds: float) -> np.ndarray:
        steps = np.repeat(values, lengths)
        width = round(_RATE * seconds)
        padded = np.pad(steps, (width // 2, width - 1 - width // 2), mode="edge")
        return np.convolve(padded, np.full(width, 1 / width), mode="valid")

    formants = [resonators * glide([phone.formants[index] for phone in spoken], 0.06) for index in range(3)]
    pitch = _HIGHEST_PITCH * voice * draw.uniform(0.92, 1.08) * np.linspace(1.08, 0.88, sum(lengths))
    sound = glide([phone.voice for phone in spoken], 0.02) * _voiced(pitch, formants)
    noise = draw.normal(size=sum(lengths) + 1)
    sound += 2 * glide([phone.hiss for phone in spoken], 0.02) * np.diff(noise)
    sound += 2 * glide([phone.breath for phone in spoken], 0.02) * noise[1:]
    fade = np.minimum(1, np.arange(len(sound)) / (0.01 * _RATE))
    quiet = draw.normal(0, 0.01 * np.abs(sound).max(), len(sound))
    return sound * fade * fade[::-1] + quiet


def _voiced(pitch: np.ndarray, formants: list[np.ndarray]) -> np.ndarray:
    """Return harmonics of `pitch` below 3.8 kHz, each as strong as the nearest resonances make it."""
    phase = 2 * np.pi * np.cumsum(pitch) / _RATE
    numbers = np.arange(1, int(3800 / pitch.max()) + 1)[:, None]
    frequencies = numbers * pitch
    gains = sum(
        1 / (1 + ((frequencies - formant) / width) ** 2) / (1 + index)
        for index, (formant, width) in enumerate(zip(formants, _WIDTHS, strict=True))
    )
    sound: np.ndarray = (gains * np.sin(numbers * phase)).sum(axis=0)
    return sound
