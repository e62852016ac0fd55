from __future__ import annotations

import io
import math

import numpy as np
import pytest
import scipy.signal
import soundfile
from transformers.audio_utils import hertz_to_mel

from modaxfer.bridges.log_mel import LogMel
from modaxfer.bridges.spectrogram import SpectrogramBridge, SpectrogramOptions
from modaxfer.config import build
from modaxfer.contracts import FittedBridge, InputLayout
from modaxfer.errors import ConfigError, DataError, ModaxferError, RefusedError
from modaxfer.spec import AUDIO, TEXT, Field

CLIP, SENTENCE = Field(name="clip", signal=AUDIO), Field(name="sentence", signal=TEXT)
SIZE = 96
NONE = np.zeros(0)


def wav(samples: np.ndarray, rate: int) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format="WAV", subtype="FLOAT")
    return stream.getvalue()


def tone(frequency: float, seconds: float, rate: int, amplitude: float = 0.5) -> dict[str, bytes]:
    times = np.arange(round(seconds * rate)) / rate
    return {"clip": wav(amplitude * np.sin(2 * np.pi * frequency * times), rate)}


def bridge(*rows: dict[str, bytes], size: int | None = SIZE, **options) -> SpectrogramBridge:
    layout = InputLayout(kind="image", max_tokens=37, patch_size=16, image_size=size)
    made = SpectrogramBridge(SpectrogramOptions(**options), (CLIP,), layout, None)
    if rows:
        made.fit(rows, NONE)
    return made


def pixels(made: SpectrogramBridge, row: dict[str, bytes]) -> np.ndarray:
    (image,) = made([row])
    return np.asarray(image)


def expected_row(frequency: float, top: float, size: int, bands: int) -> float:
    """Return the row of pixels, from above, in which a tone stands: band centres are equally far apart in mel."""
    band = hertz_to_mel(frequency, "slaney") / hertz_to_mel(top, "slaney") * (bands + 1) - 1
    return size - (band + 0.5) * size / bands


@pytest.mark.parametrize("frequency", [200, 440, 1000, 3000, 6000])
def test_a_tone_is_one_bright_row_at_its_mel_height(frequency) -> None:
    row = tone(frequency, 2.0, 16_000)
    grey = pixels(bridge(row), row)[:, 2:-2, 0]
    # Between two bands a tone lights both; their centre of brightness is where it is.
    linear = 10 ** ((grey.mean(1) / 255 - 1) * 8)
    height = float((linear * (np.arange(SIZE) + 0.5)).sum() / linear.sum())
    assert height == pytest.approx(expected_row(frequency, 8000, SIZE, SIZE), abs=1.0)
    assert grey.max() == 255
    assert (grey[np.abs(np.arange(SIZE) - height) > 12] < 60).all()


def test_pixels_are_rgb_of_one_grey_and_fill_the_encoders_picture() -> None:
    row = tone(500, 0.5, 8000)
    (image,) = bridge(row)([row])
    assert (image.mode, image.size) == ("RGB", (SIZE, SIZE))
    values = np.asarray(image)
    assert (values[..., 0] == values[..., 1]).all()
    assert (values[..., 0] == values[..., 2]).all()
    assert bridge(row, size=None)([row])[0].size == (224, 224)


def test_spectra_are_scipys_under_equal_area_triangles() -> None:
    """Compare with `scipy.signal.stft` and triangles laid out by hand."""
    rate, seconds, bands = 8000, 1.0, 20
    samples = np.random.default_rng(0).normal(0, 0.1, rate).astype(np.float32)
    made = LogMel(rate=rate, seconds=seconds, window=0.025, bands=bands, most=100, decibels=80)
    got = made(samples)
    assert got.shape == (bands, 100)
    _, _, spectra = scipy.signal.stft(samples, rate, "hann", 200, 200 - 80, 256, boundary="zeros", padded=True)
    # With zeros in front, the first window is centred on the first sample, as ours is.
    power = np.abs(spectra[:, :100]) ** 2
    edges = _slaney_to_hertz(np.linspace(0, _hertz_to_slaney(4000), bands + 2))
    bins = np.linspace(0, 4000, 129)
    rise = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    fall = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    bank = np.maximum(0, np.minimum(rise, fall)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    mel = bank @ power
    expected = 1 + np.maximum(10 * np.log10(mel / mel.max()), -80) / 80
    np.testing.assert_allclose(got, expected, atol=2e-3)


def _hertz_to_slaney(hertz: float) -> float:
    """Slaney 1998, Auditory Toolbox: linear to 1 kHz, logarithmic above."""
    return 3 * hertz / 200 if hertz < 1000 else 15 + 27 * math.log(hertz / 1000) / math.log(6.4)


def _slaney_to_hertz(mels: np.ndarray) -> np.ndarray:
    return np.where(mels < 15, 200 * mels / 3, 1000 * 6.4 ** ((mels - 15) / 27))


def test_the_longest_training_clip_spans_the_width_and_silence_is_behind_a_shorter_one() -> None:
    long, short = tone(500, 2.0, 16_000), tone(500, 1.0, 16_000)
    made = bridge(short, long)
    assert made.state() == {"rate": 16_000, "seconds": 2.0}
    assert pixels(made, long)[:, -3].max() > 200
    half = pixels(made, short)
    assert half[:, SIZE // 2 - 3].max() > 200
    assert (half[:, SIZE // 2 + 2 :] == 0).all()


def test_no_sample_goes_unseen_however_long_the_clips_are() -> None:
    for place in np.linspace(0.05, 9.9, 24):
        samples = np.zeros(80_000, np.float32)
        samples[int(place * 8000)] = 1.0
        made = LogMel(rate=8000, seconds=10.0, window=0.025, bands=16, most=50, decibels=80)
        assert made(samples)[:, int(place / made.step)].max() > 0.75, place


def test_columns_are_5_milliseconds_at_least_and_stretched() -> None:
    made = LogMel(rate=16_000, seconds=0.2, window=0.025, bands=16, most=96, decibels=80)
    assert made.columns == 40
    assert made.step == pytest.approx(0.005)
    row = tone(500, 0.2, 16_000)
    assert pixels(bridge(row), row)[:, -3].max() > 200


def test_rates_meet_at_the_highest_of_the_training_clips() -> None:
    low, high = tone(1000, 1.0, 8000), tone(1000, 1.0, 16_000)
    made = bridge(low, high)
    assert made.state()["rate"] == 16_000
    rows = [int(pixels(made, row)[:, SIZE // 2, 0].argmax()) for row in (low, high)]
    assert abs(rows[0] - rows[1]) <= 1
    assert rows[0] == pytest.approx(expected_row(1000, 8000, SIZE, SIZE), abs=1.5)


def test_pitch_reaches_up_to_half_the_source_rate_and_no_further() -> None:
    row = tone(3900, 1.0, 8000)
    made = bridge(row)
    assert made.state()["rate"] == 8000
    assert pixels(made, row)[:, SIZE // 2, 0].argmax() < 3
    fast = tone(1000, 0.5, 44_100)
    assert bridge(fast).state()["rate"] == 16_000
    assert bridge(fast, rate=22_050).state()["rate"] == 22_050


def test_loudness_does_not_matter_but_the_range_does() -> None:
    loud, soft = tone(700, 1.0, 8000, 0.9), tone(700, 1.0, 8000, 0.009)
    made = bridge(loud)
    assert np.abs(pixels(made, loud).astype(int) - pixels(made, soft)).max() <= 2
    assert pixels(bridge(loud, decibels=40.0), loud).mean() < pixels(made, loud).mean()


@pytest.mark.parametrize("samples", [np.zeros(800), np.full(800, 1e-7)])
def test_silence_is_black(samples) -> None:
    made = bridge(tone(500, 1.0, 8000))
    assert (pixels(made, {"clip": wav(samples, 8000)}) == 0).all()


@pytest.mark.parametrize("frames", [1, 7, 60])
def test_a_very_short_clip_is_drawn(frames) -> None:
    row = {"clip": wav(np.full(frames, 0.5), 8000)}
    assert pixels(bridge(row), row).shape == (SIZE, SIZE, 3)
    drawn = pixels(bridge(tone(500, 1.0, 8000)), row)
    assert drawn[:, :2].max() > 200
    assert (drawn[:, 6:] == 0).all()


def test_longer_clips_are_cut_and_counted() -> None:
    row, longer = tone(500, 0.5, 8000), tone(500, 0.8, 8000)
    made = bridge(row)
    made([row, row])
    assert made.warnings == ()
    made([longer])
    (warning,) = made.warnings
    assert warning.startswith("spectrogram: 1 of 3 clips of clip were cut to 0.5 s")
    assert bridge(longer, seconds=0.25).state()["seconds"] == 0.25


def test_state_makes_an_equal_bridge_and_a_new_identity() -> None:
    row, other = tone(500, 0.5, 8000), tone(500, 0.7, 8000)
    unfitted, made, restored = bridge(), bridge(row), bridge()
    restored.restore(made.state())
    np.testing.assert_array_equal(pixels(made, other), pixels(restored, other))
    assert restored.identity == made.identity
    identities = {unfitted.identity, made.identity, bridge(other).identity, bridge(row, bands=20).identity}
    assert len(identities | {bridge(row, size=64).identity}) == 5
    assert isinstance(made, FittedBridge)


def test_a_bridge_that_was_fitted_again_forgets_what_it_drew_before() -> None:
    row, other = tone(500, 0.5, 8000), tone(500, 1.0, 16_000)
    made = bridge(row)
    made([row])
    made.fit([other], NONE)
    np.testing.assert_array_equal(pixels(made, row), pixels(bridge(other), row))


def test_unfitted_it_draws_nothing() -> None:
    with pytest.raises(ModaxferError, match=r"the spectrogram bridge has not been fitted.*Fix: fit it first"):
        bridge()([tone(500, 0.5, 8000)])
    with pytest.raises(ModaxferError, match=r"has not been fitted"):
        bridge().state()


def test_a_foreign_state_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"a saved state is not one of the spectrogram bridge. Got: order"):
        bridge().restore({"order": [1]})


def test_missing_sounds_teach_nothing() -> None:
    made = bridge({"clip": None}, tone(500, 0.5, 8000))
    assert made.state() == {"rate": 8000, "seconds": 0.5}
    with pytest.raises(DataError, match=r"no training row has a sound \(column 'clip'\)"):
        bridge({"clip": None})


@pytest.mark.parametrize("fields", [(), (SENTENCE,), (CLIP, Field(name="other", signal=AUDIO)), (CLIP, SENTENCE)])
def test_what_is_not_one_sound_is_refused_at_construction(fields) -> None:
    layout = InputLayout(kind="image", max_tokens=1)
    with pytest.raises(RefusedError, match=r"draws one sound per row.*exactly one field, of kind audio"):
        SpectrogramBridge(SpectrogramOptions(), fields, layout, None)


def test_options_are_read_from_text() -> None:
    assert build(SpectrogramOptions, {"rate": "8000", "seconds": "3"}) == SpectrogramOptions(rate=8000, seconds=3.0)
    with pytest.raises(ConfigError, match=r"bands: got 2, must be at least 8"):
        build(SpectrogramOptions, {"bands": "2"})
