"""Make what a small sound encoder listens to: speech of a synthesiser, samples that are free, and sounds of a formula.

Nobody's voice, and no row of any task: so that each task of sounds stays one that the encoder has never heard.
Speech is espeak-ng's (its output is nobody's), reading stretches of a file of sentences; the samples are those of
Sonic Pi (CC0).

    apt-get install espeak-ng sonic-pi-samples
    python sounds.py SENTENCES FOLDER [CLIPS]
"""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr

SAMPLES = Path("/usr/share/sonic-pi/samples")
RATE, LONGEST = 16_000, 3.0
"""Hz, and seconds of a clip."""

LANGUAGES = (
    *["en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-029"] * 3,
    "de",
    "fr-fr",
    "es",
    "it",
    "nl",
    "sv",
    "pl",
    "pt",
    "ru",
)
VARIANTS = ("", "+m1", "+m2", "+m3", "+m4", "+m5", "+m6", "+m7", "+f1", "+f2", "+f3", "+f4", "+croak", "+whisper")
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

SHARES = {"speech": 0.6, "sample": 0.25, "formula": 0.15}


def speech(sentences: Sequence[str], samples: Sequence[Path], drawn: np.random.Generator) -> np.ndarray:
    """Return a stretch of a sentence, now and then a single word, in one of many voices."""
    words = sentences[drawn.integers(len(sentences))].split()
    size = int(drawn.integers(1, 8))
    start = int(drawn.integers(max(1, len(words) - size + 1)))
    text = " ".join(words[start : start + size]).lstrip("-")
    voice = LANGUAGES[drawn.integers(len(LANGUAGES))] + VARIANTS[drawn.integers(len(VARIANTS))]
    how = ["-v", voice, "-s", str(drawn.integers(100, 240)), "-p", str(drawn.integers(5, 95))]
    spoken = ["espeak-ng", *how, "--stdout", "--", text or "well"]
    done = subprocess.run(spoken, capture_output=True, check=True)  # noqa: S603
    values, rate = soundfile.read(io.BytesIO(done.stdout), dtype="float32")
    return np.asarray(soxr.resample(values, rate, RATE))


def sample(sentences: Sequence[str], samples: Sequence[Path], drawn: np.random.Generator) -> np.ndarray:
    """Return a stretch of a sample, faster or slower than it was, or of two at once."""
    made = np.zeros(int(LONGEST * RATE), np.float32)
    for _ in range(drawn.integers(1, 3)):
        values, rate = soundfile.read(samples[drawn.integers(len(samples))], dtype="float32", always_2d=True)
        values = soxr.resample(values.mean(1), rate, RATE * float(drawn.uniform(0.6, 1.6)))
        start = int(drawn.integers(max(1, len(values) - len(made) // 2)))
        values = values[start : start + len(made)]
        place = int(drawn.integers(1 + len(made) - len(values)))
        made[place : place + len(values)] += drawn.uniform(0.3, 1) * values
    return made


def formula(sentences: Sequence[str], samples: Sequence[Path], drawn: np.random.Generator) -> np.ndarray:
    """Return coloured noise, a gliding chord, or clicks, that swell and fade."""
    count = int(drawn.uniform(0.5, LONGEST) * RATE)
    seconds = np.arange(count) / RATE
    kind = drawn.integers(3)
    if kind == 0:
        spectrum = np.fft.rfft(drawn.normal(size=count)) / np.maximum(1, np.arange(count // 2 + 1)) ** drawn.uniform(
            0, 1.2
        )
        values = np.fft.irfft(spectrum, count)
    elif kind == 1:
        pitch = drawn.uniform(80, 1500) * 2 ** (drawn.uniform(-1, 1) * seconds)
        values = sum(
            np.sin(2 * np.pi * each * np.cumsum(pitch) / RATE) / each for each in range(1, drawn.integers(2, 9))
        )
    else:
        values = np.convolve(
            drawn.random(count) < drawn.uniform(1, 40) / RATE, np.exp(-np.arange(400) / drawn.uniform(5, 90))
        )[:count]
    swell = 1 + drawn.uniform(0, 0.9) * np.sin(2 * np.pi * drawn.uniform(0.2, 12) * seconds)
    made: np.ndarray = values * swell / (np.abs(values).max() + 1e-9)
    return made


def recorded(values: np.ndarray, drawn: np.random.Generator) -> np.ndarray:
    """Return a sound as a microphone may have it: cut, of some loudness, at times dull or noisy."""
    values = np.asarray(values[: int(LONGEST * RATE)], np.float32)
    if drawn.random() < 0.3:
        values = soxr.resample(soxr.resample(values, RATE, 8000), 8000, RATE)
    values = values / (np.abs(values).max() + 1e-6) * 10 ** drawn.uniform(-1.2, -0.1)
    noise = drawn.normal(size=len(values)) * 10 ** drawn.uniform(-5, -2)
    made: np.ndarray = (values + noise).astype(np.float32)
    return np.clip(made, -1, 1)


def main(sentences: Path, folder: Path, clips: int) -> None:
    """Write `clips` FLAC files into `folder`; those that are there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = [*sentences.read_text(encoding="utf-8").splitlines(), *DIGITS * 400]
    samples = sorted(SAMPLES.glob("*.flac"))
    if not samples:
        raise SystemExit(f"there is nothing in {SAMPLES}. Fix: apt-get install espeak-ng sonic-pi-samples")
    kinds = {"speech": speech, "sample": sample, "formula": formula}
    for number in range(clips):
        path = folder / f"{number:06d}.flac"
        if path.exists():
            continue
        drawn = np.random.default_rng([0, number])
        made = kinds[drawn.choice(list(SHARES), p=list(SHARES.values()))](texts, samples, drawn)
        part = path.with_suffix(".part")
        soundfile.write(part, recorded(made, drawn), RATE, format="FLAC")
        part.replace(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 20_000)
