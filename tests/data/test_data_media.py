import io
import re
import tracemalloc

import numpy as np
import pytest
import soundfile
from PIL import Image

from modaxfer.data.media import inspect_media, kind_by_content, read_image, read_sound, resolve_path
from modaxfer.errors import ConfigError, DataError


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


@pytest.mark.parametrize(
    ("values", "shades"),
    [
        (np.array([[0, 257 * 128, 65535]], np.uint16), [0, 128, 255]),
        (np.array([[0, 2056, 4095]], np.uint16), [0, 128, 255]),  # 12 bits in 16, as X-rays have them.
        (np.array([[0, 7, 255]], np.uint16), [0, 7, 255]),
        (np.array([[0, 0.5, 1]], np.float32), [0, 128, 255]),
        (np.array([[0.25, 0.25]], np.float32), [64, 64]),
        (np.array([[0, 7, 255]], np.float32), [0, 7, 255]),
        (np.array([[0, 7, 255]], np.int32), [0, 7, 255]),
        (np.array([[0, 257 * 128, 65535]], np.int32), [0, 128, 255]),
        (np.array([[0, 2**30, 2**31 - 1]], np.int32), [0, 128, 255]),
    ],
)
def test_pictures_of_numbers_are_scaled_by_type_and_range(values, shades):
    image = read_image(encoded(Image.fromarray(values), "TIFF"), None)
    np.testing.assert_array_equal(np.asarray(image)[0], np.repeat([shades], 3, axis=0).T)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([[-1, 1]], np.float32), r"numbers from -1 to 1; save it with 0 as black"),
        (np.array([[-1000, 3000]], np.int32), r"numbers from -1000 to 3000"),
        (np.array([[0, 1e6]], np.float32), r"numbers from 0 to 1e\+06"),
        (np.array([[0, np.nan]], np.float32), r"numbers that are not finite"),
    ],
)
def test_numbers_that_do_not_say_what_is_white_are_refused(values, message):
    data = encoded(Image.fromarray(values), "TIFF")
    with pytest.raises(DataError, match=message):
        read_image(data, None)
    assert "unreadable image" in inspect_media([data], "image", None)[0]


def test_what_was_taken_for_white_and_frames_left_out_are_said():
    floats = [encoded(Image.fromarray(np.full((2, 2), top, np.float32)), "TIFF") for top in (0.5, 0.7, 200)]
    notes = []
    inspect_media(floats, "image", None, notes)
    assert len(notes) == 1
    assert re.search(r"largest number: 1 in 2, 255 in 1; if they share one scale, save them as 8-bit", notes[0])
    still, moving = (
        encoded(Image.fromarray(NOISE), "GIF"),
        encoded(Image.fromarray(NOISE), "GIF", save_all=True, append_images=[Image.fromarray(255 - NOISE)]),
    )
    notes = []
    inspect_media([still, moving], "image", None, notes)
    assert notes == ["1 of 2 pictures are animated or have several pages; only the first of each is read"]


@pytest.mark.parametrize(
    ("mode", "kind"), [("1", "PNG"), ("P", "PNG"), ("P", "GIF"), ("CMYK", "TIFF"), ("CMYK", "JPEG")]
)
def test_every_mode_of_colours_gives_the_same_picture(mode, kind):
    grey = np.where(np.indices((16, 16)).sum(0) < 16, 0, 255).astype(np.uint8)
    image = read_image(encoded(Image.fromarray(grey).convert(mode), kind), None)
    np.testing.assert_allclose(np.asarray(image)[..., 0].astype(int), grey, atol=60 if kind == "JPEG" else 0)


def test_a_picture_that_is_too_large_is_refused_and_the_cap_can_be_raised(monkeypatch):
    data = encoded(Image.new("1", (300, 200)))
    monkeypatch.setenv("MODAXFER_MAX_PIXELS", "50000")
    with pytest.raises(
        DataError, match=r"it is too large .*Got: 300 x 200 pixels.*raise the cap with MODAXFER_MAX_PIX"
    ):
        read_image(data, None)
    assert "too large" in inspect_media([data], "image", None)[0]
    monkeypatch.setenv("MODAXFER_MAX_PIXELS", "60000")
    assert read_image(data, None).size == (300, 200)
    monkeypatch.setenv("MODAXFER_MAX_PIXELS", "many")
    with pytest.raises(ConfigError, match=r"MODAXFER_MAX_PIXELS is no number above 0\. Got: many"):
        inspect_media([data], "image", None)


def test_a_bomb_takes_neither_time_nor_memory():
    bomb = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(bomb, "TIFF", compression="group4")
    assert len(bomb.getvalue()) < 50_000
    with pytest.raises(DataError, match=r"12000 x 12000 pixels, 144 million\. Allowed: 100 million"):
        read_image(bomb.getvalue(), None)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_large_pictures_are_shrunk_and_keep_their_shape(kind):
    exif = Image.Exif()
    exif[0x0112] = 6  # Turn by 90 degrees clockwise.
    pixels = np.zeros((2000, 4500), np.uint8)
    pixels[:, :2250] = 255
    image = read_image(encoded(Image.fromarray(pixels), kind, exif=exif), None)
    assert image.width * image.height <= 2048 * 2048
    assert image.height / image.width == pytest.approx(4500 / 2000, abs=0.01)
    assert (np.asarray(image)[:1500].min(), np.asarray(image)[1600:].max()) == (255, 0)


def test_a_drawing_for_another_program_is_no_picture():
    with pytest.raises(DataError, match="a drawing in EPS"):
        read_image(encoded(Image.fromarray(NOISE), "EPS"), None)


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


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
def test_a_sound_is_read_as_far_as_it_is_used(kind):
    samples = np.concatenate([tone(300, 8000, 2.0), tone(900, 8000, 6.0)])
    data = sound_bytes(samples, kind=kind)
    heard = read_sound(data, None, None, seconds=2.0)
    assert (len(heard.samples), heard.whole) == (16000, pytest.approx(8.0, abs=0.2))
    np.testing.assert_allclose(heard.samples[1000:15000], samples[1000:15000], atol=0.1)
    assert read_sound(data, None, None).whole is None


def test_the_cap_on_seconds_is_said_and_can_be_raised(monkeypatch):
    data = sound_bytes(tone(300, 8000, 3.0))
    monkeypatch.setenv("MODAXFER_MAX_SECONDS", "2")
    notes = []
    inspect_media([data, sound_bytes(TONE)], "audio", None, notes)
    assert notes == ["1 of 2 sounds are longer than 2 s; nothing beyond is read (MODAXFER_MAX_SECONDS raises that)"]
    assert len(read_sound(data, None, 8000, seconds=9).samples) == 16000
    monkeypatch.setenv("MODAXFER_MAX_SECONDS", "3")
    assert len(read_sound(data, None, 8000).samples) == 24000


def test_an_mp3_that_was_cut_is_said():
    whole = sound_bytes(np.tile(TONE, 5), 16000, kind="MP3")
    notes = []
    inspect_media([whole, whole[: len(whole) // 2]], "audio", None, notes)
    assert notes == ["1 of 2 sounds end before the length that their header states; they may have been cut off"]


def test_memory_does_not_grow_with_the_length_of_a_sound(tmp_path):
    with soundfile.SoundFile(tmp_path / "long.flac", "w", 48000, 8, format="FLAC") as file:
        for _ in range(4):
            file.write(np.zeros((480000, 8), np.float32))  # 61 MB decoded, 16 kB on disk
    tracemalloc.start()
    found = inspect_media(["long.flac"], "audio", tmp_path)
    read_sound("long.flac", tmp_path, 16000, seconds=5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(found[0], bytes)
    assert peak < 30e6


@pytest.mark.parametrize("rate", [1, 49, 2_000_000])
def test_rates_that_no_recorder_has_are_refused(rate):
    with pytest.raises(DataError, match=rf"states a rate of {rate} Hz\. Allowed: 50 to 1000000 Hz"):
        read_sound(sound_bytes(TONE, rate), None, None)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.jfif", encoded(Image.fromarray(NOISE), "JPEG"), "image"),
        ("a", encoded(Image.fromarray(NOISE), "WEBP"), "image"),
        ("a.x", sound_bytes(TONE, kind="FLAC"), "audio"),
        ("a.x", sound_bytes(TONE, kind="MP3"), "audio"),
        ("a.m4a", b"\0\0\0\x20ftypM4A " + bytes(500), None),
        ("a.txt", b"RIFF is a word, too, and this a text" * 9, None),
        ("a.eps", encoded(Image.fromarray(NOISE), "EPS"), None),
        ("a", b"", None),
    ],
)
def test_what_a_file_is_stands_in_it(tmp_path, name, content, kind):
    (tmp_path / name).write_bytes(content)
    assert kind_by_content(tmp_path / name) == kind


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "AIFF", "AU", "W64", "RF64"])
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


@pytest.mark.parametrize(("kind", "name"), [("image", "nothing.png"), ("audio", "nothing.wav")])
def test_an_empty_file_is_called_empty(tmp_path, kind, name):
    (tmp_path / name).touch()
    for value in (name, {"bytes": b"", "path": name}):
        (found,) = inspect_media([value], kind, tmp_path)
        assert "the file is empty: it has no bytes" in str(found)
