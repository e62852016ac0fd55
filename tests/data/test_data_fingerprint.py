import pyarrow as pa

from modaxfer.data.fingerprint import fingerprint, row_digests
from modaxfer.spec import IMAGE, TABLE, TEXT, Field

A = Field(name="a", signal=TEXT)


def digest(values, kind=TEXT, **splits):
    fields = (Field(name="a", signal=kind),)
    digests = row_digests(pa.table({"a": values}), fields, {})
    return fingerprint(fields, {"train": (digests, ["x"] * len(digests)), **splits})


def test_equal_rows_have_equal_digests_however_arrow_stores_them():
    small = pa.table({"a": pa.array(["x", "y"], pa.string()), "id": [1, 2]})
    large = pa.table({"a": pa.chunked_array([["x"], ["y"]], pa.large_string())})
    assert row_digests(small, (A,), {}) == row_digests(large, (A,), {})


def test_media_count_by_content_not_by_path():
    field = (Field(name="i", signal=IMAGE),)
    first = row_digests(pa.table({"i": ["a.png"]}), field, {"i": [b"content"]})
    assert first == row_digests(pa.table({"i": ["b.png"]}), field, {"i": [b"content"]})
    assert first != row_digests(pa.table({"i": ["a.png"]}), field, {"i": [b"other"]})


def test_the_fingerprint_sees_rows_order_kinds_labels_and_splits():
    base = digest(["x", "y"])
    rows = row_digests(pa.table({"a": ["x", "y"]}), (A,), {})
    assert len(base) == 64
    assert base == digest(["x", "y"])
    others = [
        digest(["y", "x"]),
        digest(["x", "z"]),
        digest(["x", "y"], TABLE),
        fingerprint((A,), {"train": (rows, ["x", "z"])}),
        fingerprint((A,), {"test": (rows, ["x", "x"])}),
        fingerprint((A,), {"train": (rows[:1], ["x"]), "test": (rows[1:], ["x"])}),
    ]
    assert len({base, *others}) == 7
