"""Sounds: what is added, moved and silenced, measured in the samples."""

from __future__ import annotations

import numpy as np
import pytest

from modaxfer.augmentations.audio import _masks, gain, noise, shift, spec_augment
from modaxfer.contracts import Sound

RATE = 16_000
ALL = (gain, shift, noise, spec_augment)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def sound(seconds: float = 1.0) -> Sound:
    samples = 0.1 * generator(9).standard_normal(round(seconds * RATE), dtype=np.float32)
    return Sound(samples=samples, rate=RATE, whole=2.5)


def level(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


@pytest.mark.parametrize("change", ALL, ids=lambda change: change.__name__)
@pytest.mark.parametrize("seconds", [1.0, 0.011])
def test_rate_length_and_the_given_sound_stay_and_chance_is_the_generators(change, seconds):
    given = sound(seconds)
    before = given.samples.copy()
    made = [change(given, 0.5, generator(seed)) for seed in range(8)]
    assert {(one.rate, one.whole, one.samples.shape, one.samples.dtype) for one in made} == {
        (RATE, 2.5, before.shape, np.dtype(np.float32))
    }
    assert (given.samples == before).all()
    assert (change(given, 0.5, generator(3)).samples == made[3].samples).all()


@pytest.mark.parametrize("change", ALL, ids=lambda change: change.__name__)
def test_no_strength_changes_nothing(change):
    assert (change(sound(), 0.0, generator()).samples == sound().samples).all()


def test_gain_is_within_its_decibels_and_reaches_them():
    found = [20 * np.log10(level(gain(sound(), 6.0, generator(seed)).samples) / level(sound().samples)) for seed in
             range(100)]  # fmt: skip
    assert (min(found), max(found)) == pytest.approx((-6, 6), abs=0.5)


def test_what_is_too_loud_is_clipped_at_full_scale():
    loud = Sound(samples=np.full(100, 0.9, np.float32), rate=RATE)
    assert max(gain(loud, 30.0, generator(seed)).samples.max() for seed in range(10)) == 1


@pytest.mark.parametrize(("seed", "later"), [(0, True), (2, False)])
def test_a_shifted_sound_is_the_sound_and_silence(seed, later):
    given = sound()
    far = round(generator(seed).uniform(-0.5, 0.5) * RATE)
    assert (far > 0) is later
    made = shift(given, 0.5, generator(seed)).samples
    kept, moved = (given.samples[:-far], made[far:]) if later else (given.samples[-far:], made[:far])
    assert (kept == moved).all()
    assert np.count_nonzero(made) == len(kept)


def test_noise_has_the_level_that_was_drawn():
    ratio = generator(4).uniform(0, 0.5)
    added = noise(sound(), 0.5, generator(4)).samples - sound().samples
    assert level(added) / level(sound().samples) == pytest.approx(ratio, rel=0.02)


def test_silence_stays_silent():
    silent = Sound(samples=np.zeros(RATE, np.float32), rate=RATE)
    assert not noise(silent, 1.0, generator()).samples.any()


def test_masks_are_two_no_wider_than_asked_and_inside():
    drawn = [mask for seed in range(300) for mask in _masks(80, 15.0, generator(seed))]
    assert len(drawn) == 600
    assert {width for _, width in drawn} == set(range(16))
    assert all(start >= 0 and start + width <= 80 for start, width in drawn)


def test_spec_augment_silences_exactly_the_stretches_that_were_drawn():
    seed = 6
    chance = generator(seed)
    stretches = _masks(100, min(70, 20), chance)
    made = spec_augment(sound(), 1.0, generator(seed)).samples
    silent = np.zeros(RATE, bool)
    for start, width in stretches:
        silent[start * 160 : (start + width) * 160] = True
    assert silent.any()
    assert (made[silent] == 0).all()
    assert (made[~silent] != 0).all()


def test_spec_augment_takes_out_exactly_the_pitches_that_were_drawn():
    from scipy.signal import periodogram
    from transformers.audio_utils import hertz_to_mel

    seed = 11
    chance = generator(seed)
    _masks(1000, 70.0, chance)
    (start, width), other = _masks(80, 15.0, chance)
    given = sound(10.0)
    made = spec_augment(given, 1.0, generator(seed)).samples
    heard = np.flatnonzero(made != 0)
    frequencies, before = periodogram(given.samples[heard], RATE)
    _, after = periodogram(made[heard], RATE)
    mel = hertz_to_mel(frequencies, "htk") / hertz_to_mel(RATE / 2, "htk") * 80
    inside = (mel > start + 1) & (mel < start + width - 1)
    outside = np.ones_like(inside)
    for first, wide in ((start, width), other):
        outside &= (mel < first - 1) | (mel > first + wide + 1)
    assert inside.any()
    assert after[inside].sum() < 0.02 * before[inside].sum()
    assert after[outside].sum() == pytest.approx(before[outside].sum(), rel=0.02)


def test_no_stretch_is_longer_than_a_fifth_of_a_short_sound():
    quiet = [np.mean(spec_augment(sound(0.5), 1.0, generator(seed)).samples == 0) for seed in range(50)]
    assert max(quiet) <= 0.4
