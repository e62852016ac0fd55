import io

import numpy as np
import pytest
import soundfile
from PIL import Image

from modaxfer.data.media import inspect_media, read_image, read_sound, resolve_path
from modaxfer.errors import DataError


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def sound_bytes(samples, rate=8000, kind="WAV", subtype=None):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=kind, subtype=subtype)
    return buffer.getvalue()


NOISE = np.random.default_rng(0).integers(0, 255, (64, 48, 3), dtype=np.uint8)
TONE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)).astype(np.float32)


def test_path_bytes_and_struct_give_the_same_image(tmp_path):
    data = encoded(Image.fromarray(NOISE))
    (tmp_path / "a.png").write_bytes(data)
    values = (
        "a.png",
        str(tmp_path / "a.png"),
        data,
        {"bytes": data, "path": "gone.png"},
        {"bytes": None, "path": "a.png"},
    )
    for value in values:
        image = read_image(value, tmp_path)
        assert image.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(image), NOISE)


def test_exif_orientation_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6  # Turn by 90 degrees clockwise.
    image = read_image(encoded(Image.fromarray(NOISE), "PNG", exif=exif), None)
    np.testing.assert_array_equal(np.asarray(image), np.rot90(NOISE, -1))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_becomes_white(mode):
    image = Image.new(mode, (2, 1), 0)
    image.putpixel((0, 0), (0, 0, 0, 255) if mode == "RGBA" else (0, 255))
    assert np.asarray(read_image(encoded(image), None)).tolist() == [[[0, 0, 0], [255, 255, 255]]]


def test_transparent_palette_becomes_white():
    image = Image.new("P", (2, 1), 0)
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    assert np.asarray(read_image(encoded(image, transparency=0), None)).tolist() == [[[255, 255, 255], [40, 50, 60]]]


def test_sixteen_bit_grey_is_scaled_not_clipped():
    image = Image.fromarray(np.array([[0, 257 * 128, 65535]], dtype=np.uint16))
    assert np.asarray(read_image(encoded(image), None))[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_truncated_images_are_refused(kind):
    data = encoded(Image.fromarray(NOISE), kind)
    cut = data[: len(data) // 2]
    with pytest.raises(DataError, match=r"unreadable image \(file bytes\)"):
        read_image(cut, None)
    good, bad = inspect_media([data, cut], "image", None)
    assert isinstance(good, bytes)
    assert "unreadable image" in bad


def test_what_is_no_image_is_refused(tmp_path):
    (tmp_path / "a.png").write_text("no image")
    with pytest.raises(DataError, match=r"unreadable image \(file a\.png\)"):
        read_image("a.png", tmp_path)
    with pytest.raises(DataError, match=r"cannot read the media file \(file b\.png\).*No such file"):
        read_image("b.png", tmp_path)
    with pytest.raises(DataError, match=r"not a media value.*Got: int.*Allowed: a path, bytes"):
        read_image(3, tmp_path)


def test_paths_cannot_leave_the_folder(tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    secret = tmp_path / "secret.png"
    secret.write_bytes(encoded(Image.fromarray(NOISE)))
    (root / "link.png").symlink_to(secret)
    (root / "inside.png").symlink_to(root / "real.png")
    for path in ("../secret.png", str(secret), "link.png", "x/../../secret.png"):
        with pytest.raises(DataError, match=r"leads out of the data folder .*Allowed: files below .*data"):
            read_image(path, root)
    assert resolve_path("inside.png", root) == (root / "real.png").resolve()
    with pytest.raises(DataError, match=r"a media path, but this data brings no folder.*give encoded bytes"):
        read_image("a.png", None)


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG"])
def test_sounds_are_mixed_to_mono_float32(kind):
    stereo = np.stack([TONE, np.zeros_like(TONE)], axis=1)
    sound = read_sound(sound_bytes(stereo, kind=kind), None, None)
    assert (sound.rate, sound.samples.dtype, sound.samples.shape) == (8000, np.float32, (8000,))
    np.testing.assert_allclose(sound.samples, TONE / 2, atol=0.05)


def tone(frequency, rate, seconds=1.0):
    return np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate).astype(np.float32)


@pytest.mark.parametrize(
    ("own", "rate"), [(8000, 16000), (44100, 16000), (48000, 16000), (11025, 16000), (16000, 8000)]
)
def test_a_tone_keeps_pitch_and_loudness_at_another_rate(own, rate):
    heard = read_sound(sound_bytes(tone(1000, own), own, subtype="FLOAT"), None, rate)
    assert (heard.rate, len(heard.samples), heard.samples.dtype) == (rate, rate, np.float32)
    inner = slice(rate // 10, -rate // 10)  # A filter's ends ring.
    np.testing.assert_allclose(heard.samples[inner], tone(1000, rate)[inner], atol=1e-3)


@pytest.mark.parametrize(
    ("frequency", "own", "rate"), [(10_000, 44100, 16000), (20_000, 48000, 16000), (7000, 16000, 8000)]
)
def test_what_lies_above_half_the_new_rate_is_silenced(frequency, own, rate):
    heard = read_sound(sound_bytes(tone(frequency, own), own, subtype="FLOAT"), None, rate).samples
    assert np.abs(heard[rate // 10 : -rate // 10]).max() < 1e-4  # Below -80 dB.


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG"])
def test_truncated_sounds_are_refused(kind):
    data = sound_bytes(TONE, kind=kind)
    with pytest.raises(DataError, match=r"unreadable sound \(file bytes\)"):
        read_sound(data[: len(data) // 2], None, None)


def test_a_wav_written_to_a_pipe_states_no_length():
    data = bytearray(sound_bytes(TONE))
    data[4:8] = b"\xff\xff\xff\xff"
    assert read_sound(bytes(data), None, None).samples.shape == (8000,)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no sound", "unreadable sound"),
        (sound_bytes(TONE[:0]), "it holds no samples"),
        (sound_bytes(np.array([0.0, np.nan], dtype=np.float32), subtype="FLOAT"), "samples that are not finite"),
    ],
)
def test_what_is_no_sound_is_refused(data, message):
    with pytest.raises(DataError, match=message):
        read_sound(data, None, 16000)
    assert message in inspect_media([data], "audio", None)[0]


def test_inspection_gives_equal_digests_for_equal_files(tmp_path):
    data = encoded(Image.fromarray(NOISE))
    (tmp_path / "a.png").write_bytes(data)
    first, second, third = inspect_media(
        ["a.png", {"bytes": data, "path": None}, encoded(Image.fromarray(NOISE.T.copy()[0]))], "image", tmp_path
    )
    assert first == second != third
