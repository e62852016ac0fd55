"""Tagged words, one a line."""

from __future__ import annotations

import gzip

import pytest

from modaxfer.data.origin import numbers_of
from modaxfer.data.tables.draws import Draw
from modaxfer.data.tables.files import read_table
from modaxfer.data.tables.gathering import Selection
from modaxfer.errors import DataError

# The example of Tjong Kim Sang & De Meulder (2003), figure 1, with a second sentence.
CONLL = """-DOCSTART- -X- O O

U.N. NNP I-NP I-ORG
official NN I-NP O
Ekeus NNP I-NP I-PER

# NN I-NP O
1 CD I-NP O
"""


def written(folder, text, name="train.conll"):
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["train.conll", "train.conll.gz"])
def test_sentences_are_rows(tmp_path, name):
    table = read_table(written(tmp_path, CONLL, name))
    assert table.column("words").to_pylist() == [["U.N.", "official", "Ekeus"], ["#", "1"]]
    assert table.column("label").to_pylist() == [["I-ORG", "O", "I-PER"], ["O", "O"]]
    assert numbers_of(table).tolist() == [3, 7]


def test_tabs_keep_spaces_and_comments_stand_in_front_of_sentences(tmp_path):
    text = "# id = 1\nNew York\tB-LOC\n\n# id = 2\n#\tO\nsays\tO"
    table = read_table(written(tmp_path, text))
    assert table.column("words").to_pylist() == [["New York"], ["#", "says"]]


def test_words_alone_have_no_tags(tmp_path):
    assert read_table(written(tmp_path, "a\nb\n\nc\n")).column_names == ["words"]


def test_another_number_of_cells_is_refused_by_line(tmp_path):
    with pytest.raises(DataError, match=r"row 2\).*other cells than those before it|other cells.*row 2"):
        read_table(written(tmp_path, "a O\nb\n"))


def test_a_part_can_be_drawn(tmp_path):
    text = "".join(f"w{row} O\n\n" for row in range(50))
    table = read_table(written(tmp_path, text), Selection(draw=Draw(rows=10, seed=0)))
    assert table.num_rows == 10
    assert set(numbers_of(table)) <= set(range(1, 101, 2))


def test_an_empty_file_holds_no_rows(tmp_path):
    with pytest.raises(DataError, match="no rows"):
        read_table(written(tmp_path, "\n\n"))
