"""Pictures, sounds and folders as archives, cameras and Windows leave them; how they were made says what is right."""

from __future__ import annotations

import base64
import io
import os
import unicodedata
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
import soundfile
from PIL import Image

from answers import answers_of
from modaxfer.config import RunConfig
from modaxfer.contracts import TaskData
from modaxfer.data.media import read_image
from modaxfer.errors import DataError
from modaxfer.tasks.load import load_task
from modaxfer.tasks.own import task_from_files

NFC, NFD = (unicodedata.normalize(form, "caf\u00e9") for form in ("NFC", "NFD"))


def picture(channel: int, seed: int) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 60, (24, 24, 3)).astype(np.uint8)
    pixels[..., channel % 3] += 180
    return Image.fromarray(pixels)


def pictures(root: Path, *folders: str, rows: int = 14, suffix: str = ".jpg") -> Path:
    """Write `rows` pictures into each of `folders`, no two the same."""
    for number, name in enumerate(folders):
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        for row in range(rows):
            seed = sum(map(ord, f"{name}{row}")) * 1000 + row
            picture(number, seed).save(folder / f"{row}{suffix}", "JPEG")
    return root


def sounds(folder: Path, rate: int, rows: int = 12) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for row in range(rows):
        noise = np.random.default_rng(sum(map(ord, folder.name)) + row).standard_normal(rate // 4)
        soundfile.write(folder / f"{row}.wav", 0.1 * noise, rate)


def load(data: Path, **fields: Any) -> TaskData:
    return load_task(task_from_files(RunConfig(data=str(data), **fields)))


def rows_of(data: TaskData) -> dict[str, int]:
    return {split: len(rows) for split, rows in data.splits.items()}


def every(data: TaskData, field: str) -> list[Any]:
    return [value for rows in data.splits.values() for value in rows[field]]


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (("train/N", "train/P"), ("test/N", "test/P")),
        (("Training/N", "Training/P"), ("Testing/N", "Testing/P")),
        (
            ("training_set/training_set/N", "training_set/training_set/P"),
            ("test_set/test_set/N", "test_set/test_set/P"),
        ),
        (("seg_train/seg_train/N", "seg_train/seg_train/P"), ("seg_test/seg_test/N", "seg_test/seg_test/P")),
        (("archive/xray/train/N", "archive/xray/train/P"), ("archive/xray/test/N", "archive/xray/test/P")),
        (("N/train", "P/train"), ("N/test", "P/test")),
    ],
)
def test_splits_are_found_wherever_they_stand(tmp_path: Path, train: tuple[str, ...], test: tuple[str, ...]) -> None:
    pictures(tmp_path, *train)
    pictures(tmp_path, *test, rows=5)
    data = load(tmp_path)
    assert data.classes == ("N", "P")
    assert rows_of(data) == {"train": 24, "validation": 4, "test": 10}


@pytest.mark.parametrize(
    ("beside", "said"),
    [
        ("copy/train/N", "the folder copy beside the splits is left out; images or sounds in it: 3"),
        ("pred", "pred is no class: its files have none and are left out, for `predict`: 3"),
        ("test", "test is no class: its files have none and are left out, for `predict`: 3; test is made from train"),
        ("__MACOSX/train/N", None),
        (".cache/N", None),
    ],
)
def test_what_stands_beside_the_splits_is_no_class(tmp_path: Path, beside: str, said: str | None) -> None:
    pictures(tmp_path, "train/N", "train/P")
    pictures(tmp_path, beside, rows=3)
    data = load(tmp_path)
    assert data.classes == ("N", "P")
    assert sum(rows_of(data).values()) == 28
    assert [note.partition(": ")[2] for note in data.warnings] == ([said] if said else [])


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        (("bus", "car", "train/steam", "train/diesel"), r"the folder train is named as a split.*Got: bus, car, train"),
        (("amazon/train/a", "amazon/test/a", "dslr/train/a"), r"several folders hold splits.*Got: amazon, dslr"),
        (("val/a", "test/a"), r"no training split.*Got: test, val"),
        (("train/a", "val/a", "dev/a"), r"two folders for the split validation.*Got: dev, val"),
        (("train", "test"), r"no class folders.*files directly in test, train"),
    ],
)
def test_splits_and_classes_that_cannot_be_told_apart_are_refused(
    tmp_path: Path, folders: tuple[str, ...], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        load(pictures(tmp_path, *folders, rows=2))


def test_what_is_called_unlabelled_is_no_class(tmp_path: Path) -> None:
    data = load(pictures(tmp_path, "cat", "dog", "unlabeled"))
    assert data.classes == ("cat", "dog")
    assert "unlabeled is no class: its files have none and are left out, for `predict`: 14" in data.warnings[0]


def test_pictures_of_a_table_are_sent_to_the_table(tmp_path: Path) -> None:
    pictures(tmp_path, "images")
    (tmp_path / "labels.csv").write_text("photo,label\n")
    with pytest.raises(
        DataError,
        match=r"no class folders, beside a table.*Fix: name the file .*: --data .*/labels\.csv --image COLUMN",
    ):
        load(tmp_path)


def test_names_that_are_no_text_are_refused(tmp_path: Path) -> None:
    pictures(tmp_path, "a", "b", rows=2)
    os.rename(os.fsencode(tmp_path / "a" / "0.jpg"), os.fsencode(tmp_path / "a") + b"/caf\xe9.jpg")
    with pytest.raises(DataError, match=r"a name is not UTF-8.*Got: 'caf.udce9\.jpg'.*convmv"):
        load(tmp_path)


def test_folders_without_end_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a" / "/".join("d" * 70)).mkdir(parents=True)
    with pytest.raises(DataError, match="folders are more than 64 deep"):
        load(tmp_path)


def test_one_class_may_be_called_train(tmp_path: Path) -> None:
    data = load(pictures(tmp_path, "bus", "car", "train"))
    assert data.classes == ("bus", "car", "train")
    assert data.warnings == (f"{tmp_path}: the folder train is read as a class, as those beside it are",)


def test_a_folder_in_a_folder_is_read_and_said(tmp_path: Path) -> None:
    data = load(pictures(tmp_path, "photos/cat", "photos/dog"))
    assert (data.classes, sum(rows_of(data).values())) == (("cat", "dog"), 28)
    assert data.warnings == (f"{tmp_path}: read the folder inside, photos",)


def test_hidden_files_are_never_read(tmp_path: Path) -> None:
    pictures(tmp_path, "a", "b")
    hidden = (".ipynb_checkpoints", "__MACOSX", "@eaDir", "deep/.thumbnails", "deep/$RECYCLE.BIN", "deep/__MACOSX/a")
    pictures(tmp_path / "a", *hidden, rows=2)
    pictures(tmp_path, *hidden[:3], rows=2)
    for name in ("._0.jpg", "Thumbs.db", "desktop.ini", ".DS_Store"):
        (tmp_path / "a" / name).write_bytes(b"x")
    data = load(tmp_path)
    assert sorted(every(data, "image")) == sorted(f"{name}/{row}.jpg" for name in "ab" for row in range(14))
    assert (data.warnings, data.dropped) == ((), {})


def test_accents_make_one_class_however_they_are_written(tmp_path: Path) -> None:
    pictures(tmp_path / "train", NFC, "the")
    pictures(tmp_path / "test", NFD, "the", rows=5)
    data = load(tmp_path)
    assert data.classes == (NFC, "the")
    assert np.bincount(answers_of(data)["test"]).tolist() == [5, 5]


def test_folders_that_look_the_same_are_one_class_and_said(tmp_path: Path) -> None:
    pictures(tmp_path, NFC, NFD, "the", "the ")
    data = load(tmp_path)
    assert (data.classes, sum(rows_of(data).values())) == ((NFC, "the"), 56)
    assert data.warnings == (f"2 folders are one class, {NFC}", "2 folders are one class, the")


def test_files_are_known_by_their_content(tmp_path: Path) -> None:
    for name, suffix in (("a", ".jfif"), ("b", ""), ("c", ".photo")):
        pictures(tmp_path / "p", name, suffix=suffix)
    sounds(tmp_path / "s" / "low", 8000)
    sounds(tmp_path / "s" / "high", 8000)
    for path in (tmp_path / "s").rglob("*.wav"):
        path.rename(path.with_suffix(".clip"))
    assert load(tmp_path / "p").classes == ("a", "b", "c")
    assert len(every(load(tmp_path / "s"), "audio")) == 24


def test_a_class_that_cannot_be_opened_is_not_lost_in_silence(tmp_path: Path) -> None:
    m4a = b"\0\0\0\x20ftypM4A " + bytes(500)
    for name in "ab":
        (tmp_path / "all" / name).mkdir(parents=True)
        (tmp_path / "all" / name / "1.m4a").write_bytes(m4a)
    with pytest.raises(DataError, match=r"no image or sound .*Got: a: 1 \.m4a.*ffmpeg.*b: 1 \.m4a"):
        load(tmp_path / "all")
    pictures(tmp_path / "one", "a", "b", "c")
    for path in (tmp_path / "one" / "c").iterdir():
        path.rename(path.with_suffix(".heic")).write_bytes(b"\0\0\0\x20ftypheic" + bytes(99))
    with pytest.raises(DataError, match=r"no image or sound .*one/c\).*14 \.heic.*save the pictures as JPEG"):
        load(tmp_path / "one")
    for path in (tmp_path / "one" / "c").iterdir():
        path.rename(path.with_suffix(".jpg"))
    data = load(tmp_path / "one")
    assert data.dropped == {"unreadable_image": 14}
    assert data.warnings[0].startswith(
        "class c has no row left in train: rows dropped: 14 unreadable_image: one row 29: "
    )


def test_pipes_devices_and_links_out_of_the_folder_are_left_alone(tmp_path: Path) -> None:
    pictures(tmp_path, "in/a", "in/b")
    (tmp_path / "secret.jpg").write_bytes((tmp_path / "in/a/0.jpg").read_bytes())
    os.mkfifo(tmp_path / "in/a/pipe.jpg")
    for name, target in (("zero.jpg", "/dev/zero"), ("loop", ".."), ("out", "/usr"), ("gone.jpg", "nowhere")):
        (tmp_path / "in/a" / name).symlink_to(target)
    (tmp_path / "in/b/secret.jpg").symlink_to(tmp_path / "secret.jpg")
    data = load(tmp_path / "in")
    assert sum(rows_of(data).values()) == 28
    assert data.dropped == {"unreadable_image": 1}
    assert "leads out of the data folder" in data.dropped_rows[0]
    assert "5 no file of its own" in data.warnings[0]


SPELLINGS = {
    "backslashes": lambda root, path: path.replace("/", "\\"),
    "dotted": lambda root, path: ".\\" + path.replace("/", "\\") + " ",
    "absolute": lambda root, path: str(root / path),
    "address": lambda root, path: (root / path).as_uri(),
    "localhost": lambda root, path: (root / path).as_uri().replace("file://", "file://localhost"),
    "escaped": lambda root, path: quote(path),
    "composed": lambda root, path: unicodedata.normalize("NFC", path),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_paths_are_understood_however_they_are_spelt(tmp_path: Path, spelling: str) -> None:
    names = (NFD, "b c")
    pictures(tmp_path / "img", *names)
    spelt = [
        (SPELLINGS[spelling](tmp_path, f"img/{name}/{row}.jpg"), label)
        for name, label in zip(names, "ab", strict=True)
        for row in range(14)
    ]
    data = load(table(tmp_path / "d.csv", spelt), image=("photo",))
    assert (sum(rows_of(data).values()), data.dropped) == (28, {})


def table(path: Path, rows: list[tuple[str, str]]) -> Path:
    lines = ("photo,label", *('"{}",{}'.format(cell.replace('"', '""'), label) for cell, label in rows))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("img/{c}/{row}", r"28 unreadable_image: d\.csv row 1: .*did you mean img/a/0\.jpg\?.*row 3: .*and 25 more"),
        ("img/{c}/{row}.JPG", r"did you mean img/a/0\.jpg\?"),
        ("C:\\me\\img\\{c}\\{row}.jpg", r"did you mean img/a/0\.jpg\?"),
        ("/elsewhere/img/{c}/{row}.jpg", r"leads out of the data folder.*did you mean img/a/0\.jpg\?"),
        ("https://example.org/{c}/{row}.jpg", r"a web address is not fetched"),
        ("a title of {row}", r"no usable row is left in split train.*name other columns"),
        ("img/{c}", r"expected a media file, found a folder \(file img/a\)"),
    ],
)
def test_where_no_row_is_left_the_first_are_shown_with_their_reasons(tmp_path: Path, cell: str, message: str) -> None:
    pictures(tmp_path / "img", "a", "b")
    rows = [(cell.format(c=c, row=row), c) for c in "ab" for row in range(14)]
    with pytest.raises(DataError, match=message):
        load(table(tmp_path / "d.csv", rows), image=("photo",))


def test_half_of_the_rows_blank(tmp_path: Path) -> None:
    pictures(tmp_path / "img", "a", "b")
    rows = [(f"img/{c}/{row}.jpg" if row % 2 else "", c) for c in "ab" for row in range(14)]
    data = load(table(tmp_path / "d.csv", rows), image=("photo",))
    assert (sum(rows_of(data).values()), data.dropped) == (14, {"empty_input": 14})


WRITTEN = {
    "base64": lambda data: base64.b64encode(data).decode(),
    "lines": lambda data: base64.encodebytes(data).decode(),
    "urlsafe": lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
    "address": lambda data: "data:image/png;base64," + base64.b64encode(data).decode(),
    "bytes": repr,
    "bytes of base64": lambda data: repr(base64.b64encode(data)),
    "struct": lambda data: str({"bytes": data, "path": None}),
}


@pytest.mark.parametrize("written", WRITTEN)
def test_pictures_written_as_text_are_those_in_files(tmp_path: Path, written: str) -> None:
    rows, files = [], []
    for row in range(28):
        file = io.BytesIO()
        picture(row % 2, row).save(file, "PNG")
        (tmp_path / f"{row}.png").write_bytes(file.getvalue())
        rows.append((WRITTEN[written](file.getvalue()), "ab"[row % 2]))
        files.append((f"{row}.png", "ab"[row % 2]))
    texts, paths = table(tmp_path / "text.csv", rows), table(tmp_path / "files.csv", files)
    found = [load(path, image=("photo",)) for path in (texts, paths)]
    assert found[0].fingerprint == found[1].fingerprint


@pytest.mark.parametrize("rate", [1, 8, 49])
def test_a_rate_that_no_sound_has_is_dropped_and_named(tmp_path: Path, rate: int) -> None:
    sounds(tmp_path / "low", 8000)
    sounds(tmp_path / "high", 8000)
    soundfile.write(tmp_path / "low" / "slow.wav", np.random.default_rng(0).standard_normal(500) / 9, rate)
    data = load(tmp_path)
    assert (sum(rows_of(data).values()), data.dropped) == (24, {"unreadable_audio": 1})
    assert f"(file low/slow.wav). Got: its header states a rate of {rate} Hz. Allowed: 50 to" in data.dropped_rows[0]


def test_pictures_of_floats_keep_their_light(tmp_path):
    for name, light in (("dark", 0.2), ("bright", 0.8)):
        (tmp_path / name).mkdir()
        for row in range(8):
            grey = np.random.default_rng(row).uniform(light - 0.1, light + 0.1, (16, 16)).astype(np.float32)
            Image.fromarray(grey).save(tmp_path / name / f"{row}.tif")
    data = load(tmp_path)
    means = {"bright": [], "dark": []}
    for split, rows in data.splits.items():
        for value, target in zip(rows["image"], answers_of(data)[split], strict=True):
            means[data.classes[target]].append(np.asarray(read_image(value, data.root)).mean())
    # 0 is black and 1 is white: an eighth of a byte's range either way is what the noise allows.
    assert np.mean(means["dark"]) == pytest.approx(0.2 * 255, abs=8)
    assert np.mean(means["bright"]) == pytest.approx(0.8 * 255, abs=8)
