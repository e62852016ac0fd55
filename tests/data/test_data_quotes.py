import csv
import io
from random import Random

import pytest

from modaxfer.data.origin import notes_of
from modaxfer.data.tables.files import read_table
from modaxfer.errors import DataError

ROWS = [(f"soup {number}", ("bad", "good")[number % 2]) for number in range(30)]


def table_of(tmp_path, change, suffix="csv"):
    """Read ROWS, of which `change` writes some rows in another way than text, mark, label."""
    mark = "\t" if suffix == "tsv" else ","
    lines = [change.get(number, f"{text}{mark}{label}") for number, (text, label) in enumerate(ROWS)]
    path = tmp_path / f"t.{suffix}"
    path.write_text(f"text{mark}label\n" + "\n".join(lines) + "\n")
    return read_table(path)


@pytest.mark.parametrize(
    ("suffix", "change", "texts"),
    [
        ("csv", {7: '"soup 7,good'}, {7: '"soup 7'}),
        ("csv", {7: '"soup 7,good', 20: '"soup 20,bad'}, {7: '"soup 7', 20: '"soup 20'}),
        # The second quote stands where one would close: thirteen rows would be one cell.
        ("csv", {7: '"soup 7,good', 20: 'soup 20",bad'}, {7: '"soup 7', 20: 'soup 20"'}),
        ("tsv", {7: '"soup 7\tgood', 20: 'soup 20"\tbad'}, {7: '"soup 7', 20: 'soup 20"'}),
        ("csv", {29: '"soup 29,good'}, {29: '"soup 29'}),
        ("csv", {7: '"So" soup 7,good'}, {7: '"So" soup 7'}),
    ],
)
def test_a_quote_that_is_not_closed_is_text_and_swallows_no_row(tmp_path, suffix, change, texts):
    table = table_of(tmp_path, change, suffix)
    assert table["text"].to_pylist() == [texts.get(number, text) for number, (text, _) in enumerate(ROWS)]
    assert table["label"].to_pylist() == [label for _, label in ROWS]
    (note,) = notes_of(table)
    assert "quotes that are opened and not closed were taken as part of the text: " in note
    assert note.endswith(f"rows, the first is row {min(texts) + 1}")


@pytest.mark.parametrize(
    ("suffix", "change"),
    [
        ("csv", {5: '"two\nlines",good'}),
        ("csv", {5: '"a, comma\nin, every\nline, here",good'}),
        ("csv", {5: '"he said ""no"", and\nleft","good"', 6: 'a 5" plate,bad'}),
        ("tsv", {5: '"two\nlines"\tgood', 9: '"all ""quoted"""\t"bad"'}),
    ],
)
def test_quotes_that_enclose_read_as_the_csv_module_reads_them(tmp_path, suffix, change):
    table = table_of(tmp_path, change, suffix)
    text = io.StringIO((tmp_path / f"t.{suffix}").read_text(), newline="")
    _, *rows = csv.reader(text, delimiter="\t" if suffix == "tsv" else ",")
    assert list(zip(*table.to_pydict().values(), strict=True)) == [tuple(row) for row in rows]
    assert notes_of(table) == ()


@pytest.mark.parametrize("change", [{7: '"soup, 7,good'}, {7: '"soup, 7,good', 20: 'soup 20",bad'}])
def test_a_row_that_cannot_be_mended_is_refused_not_what_it_swallows(tmp_path, change):
    with pytest.raises(DataError, match=r"a quote is opened and not closed in its row \(file .*t\.csv, row 8\)"):
        table_of(tmp_path, change)


def test_rows_are_the_same_however_the_file_is_cut_into_blocks(tmp_path, monkeypatch):
    change = {3: '"two\nlines",good', 7: '"soup 7,good', 20: '"soup 20,bad', 29: '"soup 29,good'}
    whole = table_of(tmp_path, change)
    monkeypatch.setattr("modaxfer.data.tables.encodings.BLOCK", 7)
    assert table_of(tmp_path, change).to_pydict() == whole.to_pydict()
    assert whole.num_rows == 30


def test_space_between_a_comma_and_a_quote_is_no_part_of_the_cell(tmp_path):
    lines = [f'{number}, "{text}, hot" , "{label}"' for number, (text, label) in enumerate(ROWS)]
    path = tmp_path / "t.csv"
    path.write_text("n, text, label\n" + "\n".join(lines) + "\n")
    table = read_table(path)
    assert table["text"].to_pylist() == [f"{text}, hot" for text, _ in ROWS]
    assert table["label"].to_pylist() == [label for _, label in ROWS]


@pytest.mark.parametrize("seed", range(40))
def test_what_the_csv_module_writes_is_read_back(tmp_path, monkeypatch, seed):
    random = Random(seed)
    monkeypatch.setattr("modaxfer.data.tables.encodings.BLOCK", random.choice([7, 64, 1 << 20]))
    pieces = ["a", "12", " ", '"', ",", "\n", ";", "'", "\u00e9", '""', '","', "\r\n"]
    rows = [["".join(random.choices(pieces, k=random.randint(0, 8))) for _ in range(3)] for _ in range(10)]
    stream = io.StringIO()
    quoting = random.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    writer = csv.writer(stream, quoting=quoting, lineterminator=random.choice(["\n", "\r\n"]))
    writer.writerows([["one", "two", "three"], *rows])
    (tmp_path / "t.csv").write_bytes(stream.getvalue().encode())
    table = read_table(tmp_path / "t.csv")
    assert [list(row.values()) for row in table.to_pylist()] == [[cell or None for cell in row] for row in rows]
