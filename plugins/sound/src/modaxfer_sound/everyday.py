"""A made-up sample for `esc10`: ten everyday sounds put together from noise, pulses and tones, for trying things out.

Nothing is recorded, and nothing is taken from the real data set. A score on it says nothing about real sounds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from modaxfer_sound.encoded import audio_column

__all__ = ["esc10"]

_RATE = 16_000
_SECONDS = 1.5
_LENGTH = round(_RATE * _SECONDS)
_FOLDS = {"train": (1, 2, 3), "validation": (4,), "test": (5,)}
_CLIPS = 4
"""Per sound and fold."""

Generator = np.random.Generator


def esc10(seed: int) -> dict[str, pa.Table]:
    """Return ``train`` (120 rows), ``validation`` (40) and ``test`` (40) of 1.5 seconds at 16 kHz.

    Columns as in the real data: ``audio`` (FLAC), ``label``, ``fold``, ``source_clip``.
    """
    draw = np.random.default_rng(seed)
    return {split: _table(draw, folds) for split, folds in _FOLDS.items()}


def _table(draw: Generator, folds: tuple[int, ...]) -> pa.Table:
    rows = [(label, fold, clip) for fold in folds for clip in range(_CLIPS) for label in _SOUNDS]
    labels, numbers, clips = zip(*rows, strict=True)
    sounds = [_recorded(draw, _SOUNDS[label](draw)) for label in labels]
    names = [f"{label} {fold}-{clip}" for label, fold, clip in zip(labels, numbers, clips, strict=True)]
    return pa.table({"audio": audio_column(sounds, _RATE), "label": labels, "fold": numbers, "source_clip": names})


def _recorded(draw: Generator, sound: np.ndarray) -> np.ndarray:
    """Add a room's hiss, between 40 and 6 dB below the loudest sample."""
    hiss = np.abs(sound).max() * 10 ** draw.uniform(-2.0, -0.3)
    return sound + hiss * draw.normal(0, 0.3, len(sound))


def _time() -> np.ndarray:
    return np.arange(_LENGTH) / _RATE


def _noise(draw: Generator, low: float, high: float) -> np.ndarray:
    """Return noise between `low` and `high` Hz."""
    spectrum = np.fft.rfft(draw.normal(size=_LENGTH))
    frequencies = np.fft.rfftfreq(_LENGTH, 1 / _RATE)
    spectrum[(frequencies < low) | (frequencies > high)] = 0
    sound: np.ndarray = np.fft.irfft(spectrum, _LENGTH)
    return sound / sound.std()


def _tone(pitch: np.ndarray, strengths: list[float]) -> np.ndarray:
    """Return harmonics of `pitch` (Hz, one value per sample) with these strengths, the fundamental first."""
    phase = 2 * np.pi * np.cumsum(pitch) / _RATE
    return np.sum([strength * np.sin(k * phase) for k, strength in enumerate(strengths, start=1)], axis=0)


def _hump(start: float, seconds: float, attack: float = 0.2) -> np.ndarray:
    """Return an envelope that rises during a share `attack` of its `seconds` and falls for the rest."""
    place = (_time() - start) / seconds
    return np.interp(place, [0, attack, 1], [0, 1, 0], left=0, right=0)


def _strokes(starts: np.ndarray, seconds: float, strengths: np.ndarray | float = 1.0) -> np.ndarray:
    """Return an envelope that jumps up at each of `starts` and falls to a third within `seconds`."""
    strokes = np.zeros(_LENGTH)
    np.add.at(strokes, (starts * _RATE).astype(int), strengths)
    fall = np.exp(-np.arange(_LENGTH) / (seconds * _RATE))
    # Twice the length, since a product of spectra is a convolution around a circle.
    spectrum = np.fft.rfft(strokes, 2 * _LENGTH) * np.fft.rfft(fall, 2 * _LENGTH)
    envelope: np.ndarray = np.fft.irfft(spectrum, 2 * _LENGTH)[:_LENGTH]
    return envelope


def _baby_cry(draw: Generator) -> np.ndarray:
    starts = np.arange(draw.uniform(0, 0.2), _SECONDS - 0.4, draw.uniform(0.5, 0.7))
    envelope = np.sum([_hump(start, draw.uniform(0.4, 0.5), 0.25) for start in starts], axis=0)
    pitch = draw.uniform(380, 520) * (0.85 + 0.3 * envelope) * (1 + 0.02 * np.sin(2 * np.pi * 6 * _time()))
    return envelope * _tone(pitch, [0.5, 1.0, 0.9, 0.5, 0.3, 0.2])


def _chainsaw(draw: Generator) -> np.ndarray:
    pitch = draw.uniform(85, 140) * (
        1 + 0.15 * np.sin(2 * np.pi * draw.uniform(0.4, 1.2) * _time() + draw.uniform(0, 6))
    )
    return _tone(pitch, [1 / k**0.4 for k in range(1, 25)]) + 0.8 * _noise(draw, 1500, 5000)


def _clock_tick(draw: Generator) -> np.ndarray:
    starts = np.arange(draw.uniform(0, 0.3), _SECONDS, draw.choice([0.25, 0.5]))
    return _strokes(starts, 0.006) * _noise(draw, 2500, 6000)


def _dog_bark(draw: Generator) -> np.ndarray:
    starts = np.arange(draw.uniform(0, 0.3), _SECONDS - 0.2, draw.uniform(0.35, 0.6))
    envelope = np.sum([_hump(start, draw.uniform(0.14, 0.2), 0.15) for start in starts], axis=0)
    pitch = draw.uniform(180, 320) * (0.7 + 0.5 * envelope)
    return envelope * (_tone(pitch, [0.6, 1.0, 0.9, 0.6, 0.4, 0.3, 0.2]) + 0.5 * _noise(draw, 400, 2500))


def _fire_crackling(draw: Generator) -> np.ndarray:
    starts = draw.uniform(0, _SECONDS, size=draw.integers(25, 60))
    snaps = _strokes(starts, draw.uniform(0.001, 0.004), draw.pareto(1.5, len(starts)))
    return snaps.clip(0, 4) * _noise(draw, 1000, 7500) + 0.25 * _noise(draw, 60, 500)


def _helicopter(draw: Generator) -> np.ndarray:
    beat = draw.uniform(9, 15)
    blades = np.maximum(0, np.sin(2 * np.pi * beat * _time() + draw.uniform(0, 6))) ** 3
    return (0.15 + blades) * _noise(draw, 30, 400) + 0.15 * _noise(draw, 400, 2000)


def _person_sneeze(draw: Generator) -> np.ndarray:
    start = draw.uniform(0.1, 0.4)
    burst = start + draw.uniform(0.3, 0.45)
    breath = 0.15 * _hump(start, burst - start, 0.8) * _noise(draw, 500, 3000)
    voice = _tone(np.full(_LENGTH, draw.uniform(180, 330)), [1.0, 0.7, 0.5])
    return breath + _strokes(np.array([burst]), 0.08) * (1.2 * _noise(draw, 1200, 6500) + 0.5 * voice)


def _rain(draw: Generator) -> np.ndarray:
    drops = _strokes(draw.uniform(0, _SECONDS, size=60), 0.003)
    return _noise(draw, 800, 7800) * (1 + 0.4 * drops) * draw.uniform(0.8, 1.2)


def _rooster(draw: Generator) -> np.ndarray:
    start = draw.uniform(0, 0.15)
    lengths = np.array([0.16, 0.14, 0.2, 0.55]) * draw.uniform(0.9, 1.15)
    begins = start + np.concatenate([[0], np.cumsum(lengths[:-1] + 0.05)])
    notes = [_hump(begin, length, 0.15) for begin, length in zip(begins, lengths, strict=True)]
    heights = draw.uniform(550, 750) * np.array([0.9, 1.1, 1.45, 1.3])
    pitch = np.max(
        [height * (0.9 + 0.2 * note) * (note > 0) for height, note in zip(heights, notes, strict=True)], axis=0
    )
    return np.sum(notes, axis=0) * _tone(pitch, [1.0, 0.8, 0.6, 0.4])


def _sea_waves(draw: Generator) -> np.ndarray:
    swell = 0.3 + _hump(draw.uniform(-0.5, 0.6), draw.uniform(1.0, 1.5), 0.5)
    return swell * (_noise(draw, 40, 1200) + 0.4 * swell * _noise(draw, 1200, 5000))


_SOUNDS: dict[str, Callable[[Generator], np.ndarray]] = {
    "baby cry": _baby_cry,
    "chainsaw": _chainsaw,
    "clock tick": _clock_tick,
    "dog bark": _dog_bark,
    "fire crackling": _fire_crackling,
    "helicopter": _helicopter,
    "person sneeze": _person_sneeze,
    "rain": _rain,
    "rooster": _rooster,
    "sea waves": _sea_waves,
}
