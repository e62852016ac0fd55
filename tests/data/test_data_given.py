"""Rows in memory end in one table, whatever form Python holds them in."""

from __future__ import annotations

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image

from modaxfer.data.given import given_rows
from modaxfer.data.media import read_image, read_sound
from modaxfer.data.origin import is_typed
from modaxfer.errors import DataError
from modaxfer.spec import AUDIO, IMAGE, TABLE, TEXT, Field

ROWS = [{"text": "one", "age": 1.5}, {"text": "two", "age": None}]
COLUMNS = {"text": ["one", "two"], "age": [1.5, None]}
TEXT_FIELD, IMAGE_FIELD, SOUND_FIELD, AGE = (
    (Field(name=name, signal=signal),)
    for name, signal in (("text", TEXT), ("photo", IMAGE), ("sound", AUDIO), ("age", TABLE))
)
PIXELS = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)

TABLES = {
    "a list of mappings": ROWS,
    "a tuple of mappings": tuple(ROWS),
    "a view": dict(enumerate(ROWS)).values(),
    "a mapping of columns": COLUMNS,
    "a mapping of arrays": {"text": np.array(["one", "two"]), "age": np.array([1.5, np.nan])},
    "a mapping of Series": {"text": pd.Series(["one", "two"]), "age": pd.Series([1.5, None])},
    "a frame": pd.DataFrame(ROWS),
    "a frame of objects": pd.DataFrame(ROWS).astype(object),
    "a frame with categories": pd.DataFrame(ROWS).astype({"text": "category"}),
    "an Arrow table": pa.Table.from_pylist(ROWS),
    "a data set": datasets.Dataset.from_list(ROWS),
}


@pytest.mark.parametrize("form", TABLES)
def test_one_table_in_many_forms(form):
    table = given_rows(TABLES[form], TEXT_FIELD).table
    assert table.column("text").to_pylist() == ["one", "two"]
    assert table.column("age").to_pylist()[0] == 1.5
    assert pd.isna(table.column("age").to_pylist()[1])


VALUES = {
    "a list": (["one", "two"], ["one", "two"]),
    "a Series": (pd.Series(["one", "two"], name="other"), ["one", "two"]),
    "an array": (np.array(["one", "two"]), ["one", "two"]),
    "one value": ("one", ["one"]),
    "one value of numpy": (np.str_("one"), ["one"]),
    "with a gap": (["one", None], ["one", None]),
    "one row": ({"text": "one"}, ["one"]),
    "a row of a frame": (pd.DataFrame(ROWS).iloc[0], ["one"]),
}


@pytest.mark.parametrize("form", VALUES)
def test_values_of_a_model_with_one_column(form):
    data, texts = VALUES[form]
    assert given_rows(data, TEXT_FIELD).table.column("text").to_pylist() == texts


def test_numbers_of_a_table():
    assert given_rows([1, 2.5, None], AGE).table.column("age").to_pylist() == [1.0, 2.5, None]
    both = (*AGE, Field(name="size", signal=TABLE))
    table = given_rows(np.array([[1.0, 2.0], [3.0, 4.0]]), both).table
    assert table.to_pylist() == [{"age": 1.0, "size": 2.0}, {"age": 3.0, "size": 4.0}]


def test_class_numbers_of_a_data_set_are_named():
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])})
    rows = datasets.Dataset.from_dict({"text": ["a", "b"], "label": [1, 0]}, features=features)
    assert given_rows(rows, TEXT_FIELD).table.column("label").to_pylist() == ["yes", "no"]


def test_a_named_index_is_a_column_and_a_nameless_one_is_none():
    frame = pd.DataFrame(ROWS, index=pd.Index([7, 9], name="id"))
    assert given_rows(frame, TEXT_FIELD).table.column("id").to_pylist() == [7, 9]
    assert given_rows(pd.DataFrame(ROWS, index=[7, 9]), TEXT_FIELD).table.column_names == ["text", "age"]


def test_what_a_row_leaves_out_is_empty_and_no_column_is_lost():
    table = given_rows([{"photo": "a.png"}, {"text": "words"}, {"age": 3, "photo": "b.png"}], ()).table
    assert table.to_pylist() == [
        {"photo": "a.png", "text": None, "age": None},
        {"photo": None, "text": "words", "age": None},
        {"photo": "b.png", "text": None, "age": 3},
    ]


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture.png"
    Image.fromarray(PIXELS).save(path)
    return path


def forms_of(path):
    """Return the same picture in every form, each as one value."""
    return {
        "a path": path,
        "text": str(path),
        "bytes": path.read_bytes(),
        "a struct": {"bytes": path.read_bytes(), "path": None},
        "a struct with a path": {"bytes": None, "path": str(path)},
        "an opened picture": Image.open(path),
        "a picture": Image.fromarray(PIXELS),
        "an array": PIXELS,
        "channels first": np.moveaxis(PIXELS, -1, 0),
        "floats": PIXELS / np.float32(255),
        "16 bits": PIXELS.astype(np.uint16) * 257,
        "wide integers": PIXELS.astype(np.int64),
    }


def test_a_picture_in_any_form_is_the_same_picture(picture):
    for form, value in forms_of(picture).items():
        for data in (value, [value], {"photo": value}, [{"photo": value}]):
            given = given_rows(data, IMAGE_FIELD)
            (cell,) = given.table.column("photo").to_pylist()
            assert (np.asarray(read_image(cell, given.root)) == PIXELS).all(), form
            assert given.shown["photo"] in ([str(picture)], [None]), form


def test_many_pictures_in_one_array_or_column(picture):
    batch = np.stack([PIXELS, PIXELS[::-1]])
    for data in (batch, list(batch), pd.DataFrame({"photo": list(batch)}), {"photo": list(batch)}, batch[..., 0]):
        given = given_rows(data, IMAGE_FIELD)
        cells = given.table.column("photo").to_pylist()
        assert len(cells) == 2
        assert (np.asarray(read_image(cells[1], given.root))[..., 0] == PIXELS[::-1, :, 0]).all()


def test_a_turned_picture_is_turned_once(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(PIXELS).save(tmp_path / "turned.png", exif=exif)
    given = given_rows(Image.open(tmp_path / "turned.png"), IMAGE_FIELD)
    (cell,) = given.table.column("photo").to_pylist()
    assert (np.asarray(read_image(cell, given.root)) == np.rot90(PIXELS, -1)).all()


def test_sounds_carry_their_rate_or_it_is_said_what_was_assumed():
    samples = np.linspace(-0.5, 0.5, 800, dtype=np.float32)
    struct = {"array": samples, "sampling_rate": 8000, "path": None}
    for data in ((samples, 8000), [(samples, 8000)], struct, [struct], {"sound": struct}):
        given = given_rows(data, SOUND_FIELD)
        sound = read_sound(given.table.column("sound").to_pylist()[0], given.root, None)
        assert (sound.rate, given.notes) == (8000, ())
        np.testing.assert_allclose(sound.samples, samples)
    given = given_rows([samples, (samples * 32767).astype(np.int16)], SOUND_FIELD)
    assert given.notes == (
        "column 'sound': 2 sounds came without their rate and are taken to be at 16,000 Hz; "
        "say otherwise with (samples, rate)",
    )
    first, second = (read_sound(cell, None, None) for cell in given.table.column("sound").to_pylist())
    np.testing.assert_allclose(first.samples, second.samples, atol=1e-4)


def test_one_value_that_is_no_picture_stops_no_other():
    given = given_rows([PIXELS, object(), PIXELS * 9.0, None, Image.fromarray(PIXELS)], IMAGE_FIELD)
    assert [cell is None for cell in given.table.column("photo").to_pylist()] == [False, True, True, True, False]
    assert list(given.faults) == [1, 2]
    assert "not a media value" in given.faults[1]
    assert "float64 from 0 to 531" in given.faults[2]


def test_texts_and_numbers_in_one_column_are_text_as_in_json():
    given = given_rows([{"age": "1.5"}, {"age": 2}, {"age": None}], AGE)
    assert given.table.column("age").to_pylist() == ["1.5", "2", None]
    assert not is_typed(given.table, "age")


def test_names_are_those_of_files():
    assert given_rows({"te\u0301xt": ["a"], " id\u200b": [1]}, ()).table.column_names == ["t\u00e9xt", "id"]


def test_a_column_that_nobody_reads_and_no_column_can_hold_is_left_out_and_said():
    given = given_rows([{"text": "a", "other": 1}, {"text": "b", "other": object()}], TEXT_FIELD)
    assert given.table.column_names == ["text"]
    assert "column 'other' holds values that no column can hold together" in given.notes[0]


REFUSED = {
    "a number": (3, TEXT_FIELD, r"cannot read these rows. Got: int. Allowed: a file, a mapping"),
    "nothing": (None, (*TEXT_FIELD, *AGE), r"cannot read these rows. Got: NoneType"),
    "a set": ({"a sentence"}, TEXT_FIELD, r"cannot read these rows. Got: set"),
    "no rows": ([], TEXT_FIELD, r"no rows given"),
    "an empty frame": (pd.DataFrame(), TEXT_FIELD, r"no rows given"),
    "rows and values": ([ROWS[0], "a"], TEXT_FIELD, r"rows and bare values in one list \(row 2\)"),
    "values for many columns": (["a", "b"], (*TEXT_FIELD, *AGE), r"nothing says which column these values belong to"),
    "a Series for many columns": (pd.Series(["a"], name="x"), (*TEXT_FIELD, *AGE), r"a Series is one column"),
    "two columns of one name but for a space": ([{"a": 1, "a ": 2}], (), r"two columns have the same name. Got: a"),
    "two columns of one name": (pd.DataFrame([[1, 2]], columns=["a", "a"]), TEXT_FIELD, r"two columns have the same"),
    "an index called as a column is": (
        pd.DataFrame({"text": ["a"]}, index=pd.Index([1], name="text")), TEXT_FIELD, r"index and column have the same",
    ),
    "half a character": (["fine", "bad \udc80"], TEXT_FIELD, r"no column can hold these values \(column 'text'\)"),
    "columns of unequal length": ({"text": ["a", "b"], "id": [1]}, TEXT_FIELD, r"columns of different lengths"),
    "a column of many kinds": (
        [{"text": "words"}, {"text": object()}],
        TEXT_FIELD,
        r"no column can hold these values \(column 'text'\)",
    ),
    "pixels out of range": (PIXELS * 9.0, IMAGE_FIELD, r"not the numbers of an image \(row 1, column 'photo'"),
    "no shape of a picture": (np.zeros((2, 3, 4, 5, 6)), IMAGE_FIELD, r"not the shape of an image"),
    "an object as a picture": ([object()], IMAGE_FIELD, r"not a media value \(row 1, column 'photo'\). Got: object"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_are_no_rows_is_refused(case):
    data, fields, message = REFUSED[case]
    with pytest.raises(DataError, match=message):
        given_rows(data, fields)
