from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modaxfer.data.origin import numbers_of, stamp, total_of
from modaxfer.data.tables.draws import Draw
from modaxfer.data.tables.files import read_table
from modaxfer.data.tables.gathering import Selection, drawn

TABLE = pa.table({"text": [f"row {number}" for number in range(5000)], "label": ["a"] * 4990 + ["b"] * 6 + ["c"] * 4})


def drawn_numbers(**settings):
    return numbers_of(drawn(TABLE, Draw(**({"rows": 100, "seed": 0} | settings)))).tolist()


def test_rows_are_drawn_evenly_by_seed_and_stay_in_order():
    first = drawn_numbers()
    assert first == sorted(set(first))
    assert len(first) == 100
    assert first == drawn_numbers()
    assert first != drawn_numbers(seed=1)
    # 200 draws of 100 of 5,000: each tenth of the rows is drawn 2,000 times, give or take 42.
    tenths = Counter(number * 10 // 5001 for seed in range(200) for number in drawn_numbers(seed=seed))
    assert all(abs(tenths[tenth] - 2000) < 4 * 42 for tenth in range(10))


def test_every_class_keeps_its_least_and_no_row_is_drawn_for_want_of_a_label():
    table = drawn(TABLE, Draw(rows=100, seed=0, label="label", least=5))
    assert {"b": 5, "c": 4}.items() <= Counter(table["label"].to_pylist()).items()
    assert 100 <= table.num_rows <= 109
    blank = TABLE.set_column(1, "label", pa.nulls(5000, pa.string()))
    assert drawn(blank, Draw(rows=100, seed=0, label="label")).num_rows == 100


def test_few_rows_are_all_kept():
    assert drawn(TABLE, Draw(rows=5000, seed=0)) is TABLE


def test_what_is_drawn_is_the_same_however_the_rows_come(tmp_path, monkeypatch):
    pq.write_table(TABLE, tmp_path / "t.parquet", row_group_size=700)
    lines = ["text,label", *(f"{row['text']},{row['label']}" for row in TABLE.to_pylist())]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "t.jsonl").write_text("\n".join(str(row).replace("'", '"') for row in TABLE.to_pylist()) + "\n")
    monkeypatch.setattr("modaxfer.data.tables.parquet._ROWS", 33)
    monkeypatch.setattr("modaxfer.data.tables.delimited._BLOCKS", (512,))
    monkeypatch.setattr("modaxfer.data.tables.records._BLOCK", 71)
    draw = Draw(rows=100, seed=0, label="label")
    expected = drawn(stamp(TABLE, file="t"), draw)
    for name in ("t.parquet", "t.csv", "t.jsonl"):
        table = read_table(tmp_path / name, Selection(draw=draw))
        assert table.to_pydict() == expected.to_pydict()
        assert numbers_of(table).tolist() == numbers_of(expected).tolist()
        assert total_of(table) == 5000


def test_pictures_in_parquet_are_read_few_at_once_and_numbers_beside_them_many(tmp_path, monkeypatch):
    sizes, read = [], pq.ParquetFile.iter_batches
    monkeypatch.setattr(
        "pyarrow.parquet.ParquetFile.iter_batches",
        lambda self, batch_size, **named: sizes.append(batch_size) or read(self, batch_size, **named),
    )
    monkeypatch.setattr("modaxfer.data.tables.parquet._BYTES", 100_000)
    pictures = [np.random.default_rng(number).bytes(10_000) for number in range(40)]
    table = pa.table({"photo.raw": pictures, "label": list(range(40))})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=16)
    for columns, least, most in ((["photo.raw", "label"], 8, 10), (["label"], 5_000, 1 << 16)):
        found = read_table(tmp_path / "t.parquet", Selection(columns=frozenset(columns)))
        assert found.to_pydict() == table.select(columns).to_pydict()
        assert least <= sizes.pop() <= most


def test_only_named_columns_of_parquet_are_read_where_all_are_there(tmp_path):
    pq.write_table(TABLE, tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet", Selection(columns=frozenset(["label"]))).column_names == ["label"]
    both = read_table(tmp_path / "t.parquet", Selection(columns=frozenset(["lable"])))
    assert both.column_names == ["text", "label"]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_numbers_of_rows_follow_the_draw(kind):
    table = stamp(pa.table({"text": TABLE["text"].cast(kind)}), file="t")
    part = drawn(table, Draw(rows=10, seed=0))
    assert part["text"].to_pylist() == [f"row {number - 1}" for number in numbers_of(part)]
    assert np.array_equal(numbers_of(table), np.arange(1, 5001))
