import pytest

from modaxfer.data.origin import notes_of, numbers_of, separator_of, total_of
from modaxfer.data.tables.files import read_table

TEXTS = [f"soup {number}" for number in range(20)]
LABELS = ["bad", "good"] * 10
PLAIN = "".join(f"{text},{label}\n" for text, label in zip(TEXTS, LABELS, strict=True))


def read(tmp_path, content, name="t.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path)


@pytest.mark.parametrize(
    ("content", "note"),
    [
        ("text,label\n" + PLAIN, ""),
        ("\n\r\n\ntext,label\n\n" + PLAIN, ""),
        (b"\xef\xbb\xbf" + b'"text","label"\n' + PLAIN.encode(), ""),
        (("text,label\n" + PLAIN).replace("\n", "\r"), ""),
        (("text,label\n" + PLAIN).replace("\n", "\r\n"), ""),
        (("text,label\n" + PLAIN).replace(",", "\t"), "cells are parted by tabs, not by commas"),
        (("text,label\n" + PLAIN).replace(",", "|"), "cells are parted by upright bars, not by commas"),
        ("sep=;\n" + ("text,label\n" + PLAIN).replace(",", ";"), ""),
        ('"sep=|"\r\n' + ("text,label\n" + PLAIN).replace(",", "|"), ""),
        ("# made by hand, in May\n#\ntext,label\n" + PLAIN, "lines of comment before the header that were left out: 2"),
        ("text,label,,\n" + PLAIN.replace("\n", ",,\n"), "empty columns without a name that were left out: 2"),
        ("text,label\n" + PLAIN.replace("\n", ",\n"), "empty columns without a name that were left out: 1"),
        ("\u00a0text\u200b,\ufefflabel \n" + PLAIN, "taken out of column names: text, label"),
        (("text,label\n" + PLAIN).encode("utf-16"), ""),
        (("text,label\n" + PLAIN).encode("utf-16-le"), ""),
        (("text,label\n" + PLAIN).encode("utf-32"), ""),
    ],
)
def test_ways_to_lay_out_the_same_table(tmp_path, content, note):
    table = read(tmp_path, content)
    assert table.to_pydict() == {"text": TEXTS, "label": LABELS}
    assert len(notes_of(table)) == bool(note)
    assert note in "".join(notes_of(table))


def test_semicolons_part_cells_though_texts_hold_commas_and_the_header_does(tmp_path):
    body = "".join(f"{text}, yes;{label}\n" for text, label in zip(TEXTS, LABELS, strict=True))
    for header in ("text;label", '"text, full";label'):
        table = read(tmp_path, f"{header}\n{body}")
        assert table["label"].to_pylist() == LABELS
        assert table.column(0)[3].as_py() == "soup 3, yes"
        assert separator_of(table) == ";"


def test_lines_of_comment_between_rows_are_left_out_and_counted(tmp_path):
    table = read(tmp_path, "# a\ntext,label\n" + PLAIN + "# the end\n")
    assert table.num_rows == 20
    assert "lines of comment between the rows that were left out: 1" in notes_of(table)[1]


def test_a_hash_may_begin_the_header_and_a_row(tmp_path):
    table = read(tmp_path, "#text,label\n" + PLAIN + "#1 of all,good\n")
    assert table.column_names == ["#text", "label"]
    assert table["#text"][20].as_py() == "#1 of all"


def test_numbers_name_columns_as_pandas_writes_them(tmp_path):
    assert read(tmp_path, "0,1,label\n1,0,a\n0,1,b\n1,1,a\n0,1,b\n").column_names == ["0", "1", "label"]


def test_names_are_compared_in_one_form(tmp_path):
    assert read(tmp_path, "cafe\u0301,label\nx,y\n").column_names == ["caf\u00e9", "label"]


def test_a_name_in_quotes_may_go_on_in_the_next_line(tmp_path):
    table = read(tmp_path, '"the\ntext",label\n' + PLAIN)
    assert table.column_names == ["the text", "label"]
    assert table.num_rows == 20


def test_headers_of_files_that_were_put_together_are_left_out_and_counted(tmp_path):
    table = read(tmp_path, "text,label\n" + PLAIN + "text,label\n" + PLAIN)
    assert table["label"].to_pylist() == LABELS * 2
    assert notes_of(table) == ("t.csv: rows that repeat the header and were left out: 1",)
    assert numbers_of(table).tolist() == [*range(1, 21), *range(22, 42)]
    assert total_of(table) == 40
