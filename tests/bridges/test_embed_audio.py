from __future__ import annotations

import numpy as np
import pytest
import torch
from embed_made import RATE, fields, fitted, prepared, unfitted, wav

from modaxfer.bridges.embed.audio import log_mel
from modaxfer.contracts import Sound
from modaxfer.errors import DataError

CLIP = fields(clip="audio")
ROWS = [{"clip": wav(0.2 + 0.1 * seed, seed)} for seed in range(5)]


def frames(bridge, clip: bytes | None) -> np.ndarray:
    return prepared(bridge, [{"clip": clip}])[0]["0.frames"]


@pytest.mark.parametrize("rate", [8000, 16000])
def test_log_mel_agrees_with_transformers(rate) -> None:
    from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

    samples = np.random.default_rng(0).normal(0, 0.1, rate // 2).astype(np.float32)
    points = {8000: 512, 16000: 1024}[rate]
    expected = spectrogram(
        samples,
        window_function(rate // 40, "hann"),
        frame_length=rate // 40,
        hop_length=rate // 100,
        fft_length=points,
        power=2.0,
        center=False,
        mel_filters=mel_filter_bank(points // 2 + 1, 40, 0.0, rate / 2, rate, norm="slaney", mel_scale="slaney"),
        mel_floor=1e-10,
        log_mel="log10",
    ).T
    found = log_mel(Sound(samples=samples, rate=rate), 40)
    assert found.shape == (48, 40)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("mels", [64, 80])
@pytest.mark.parametrize("rate", [8000, 11025, 16000])
def test_no_band_is_empty(rate, mels) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, rate).astype(np.float32)
    assert log_mel(Sound(samples=noise, rate=rate), mels).mean(0).min() > -6


def test_a_tone_stands_in_its_band() -> None:
    time = np.arange(16000) / 16000
    bands = [
        int(log_mel(Sound(samples=np.sin(2 * np.pi * tone * time).astype(np.float32), rate=16000), 64).mean(0).argmax())
        for tone in (200, 1000, 4000)
    ]
    assert bands == sorted(set(bands))


def test_silence_and_the_shortest_sound_are_one_finite_frame() -> None:
    found = log_mel(Sound(samples=np.zeros(1, np.float32), rate=16000), 64)
    assert found.shape == (1, 64)
    assert np.isfinite(found).all()


def test_bands_are_scaled_by_the_training_sounds() -> None:
    bridge = fitted(ROWS, CLIP, tokens=512, stack=1, mels=16)
    everything = np.concatenate([frames(bridge, row["clip"]) for row in ROWS])
    np.testing.assert_allclose(everything.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(everything.std(0), 1, atol=1e-4)


@pytest.mark.parametrize(("tokens", "stack"), [(512, 4), (15, 4), (14, 5), (7, 9), (1, 32)])
def test_frames_are_stacked_so_that_the_longest_sound_fits(tokens, stack) -> None:
    # 0.6 s are 58 frames.
    bridge = fitted(ROWS, CLIP, tokens=tokens)
    assert bridge.state()["audio"]["stack"] == stack
    assert len(frames(bridge, ROWS[-1]["clip"])) == min(tokens, -(-58 // stack))
    assert bool(bridge.warnings) == (tokens == 1)


def test_a_stack_is_consecutive_frames_with_silence_behind_the_last() -> None:
    plain, stacked = (fitted(ROWS, CLIP, tokens=512, stack=stack, mels=16) for stack in (1, 4))
    single = frames(plain, ROWS[0]["clip"])
    assert len(single) == 18
    found = frames(stacked, ROWS[0]["clip"]).reshape(-1, 16)
    np.testing.assert_allclose(found[:18], single, atol=1e-6)
    assert not found[18:].any()


def test_a_longer_sound_than_in_training_is_cut_and_counted() -> None:
    bridge = fitted(ROWS, CLIP, tokens=15)
    assert frames(bridge, wav(2.0)).shape == (15, 4 * 64)
    assert frames(bridge, wav(0.6)).shape == (15, 4 * 64)
    assert bridge.warnings == ("embed: 1 of 2 audio values were cut to the tokens that the encoder's body holds",)


@pytest.mark.parametrize(("own", "used"), [(8000, 8000), (44100, 16000), (16000, 16000)])
def test_the_rate_is_the_training_sounds_own_up_to_16_khz(own, used) -> None:
    bridge = fitted([{"clip": wav(0.3, rate=own)}], CLIP)
    assert bridge.state()["audio"]["rate"] == used
    (sound,) = bridge([{"clip": wav(0.3, rate=RATE)}])[0]
    assert (sound.rate, len(sound.samples)) == (used, round(0.3 * used))


def test_a_missing_sound_is_one_token_of_the_mean() -> None:
    found = frames(fitted(ROWS, CLIP), None)
    assert found.shape == (1, 256)
    assert not found.any()


def test_frames_are_projected_one_by_one() -> None:
    bridge = fitted(ROWS, CLIP)
    embedder = bridge.embedder(8).embedders["audio"]
    values = torch.randn(1, 3, 256)
    torch.testing.assert_close(embedder({"frames": values})[:, 1], embedder({"frames": values[:, 1:2]})[:, 0])


def test_what_is_no_sound_is_an_error() -> None:
    with pytest.raises(DataError, match="unreadable sound"):
        unfitted(CLIP)([{"clip": b"no sound"}])
