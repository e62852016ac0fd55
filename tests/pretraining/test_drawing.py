from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from modaxfer.errors import DataError
from modaxfer.pretraining import sources
from modaxfer.pretraining.drawing import Drawing, Epochs, held_out
from modaxfer.pretraining.named_sources import find_source, text_columns
from modaxfer.pretraining.sources import TextFile, Values


def numbers(count: int, name: str = "numbers") -> Values:
    return Values(name, "text", [f"{name} {place}" for place in range(count)])


def test_a_text_file_in_blocks_has_all_its_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lines.txt"
    lines = [f"line {number} é" for number in range(500)]
    path.write_text("\n \t\n".join(lines))
    monkeypatch.setattr(sources, "BLOCK", 100)
    source = TextFile(path)
    assert len(source.sizes) > 20
    assert [line for block in range(len(source.sizes)) for line in source.read(block)] == lines
    assert [len(source.read(block)) for block in range(len(source.sizes))] == source.sizes.tolist()


def test_an_epoch_has_every_row_once_but_those_that_are_held_out() -> None:
    epochs = Epochs(numbers(5000), seed=3)
    first, second = epochs.take(0, epochs.rows), epochs.take(epochs.rows, epochs.rows)
    kept = {f"numbers {place}" for place in np.flatnonzero(held_out(np.arange(5000), 5000))}
    assert len(set(first)) == len(first) == 5000 - len(kept)
    assert set(first).isdisjoint(kept)
    assert set(first) == set(second)
    assert first != second
    assert set(epochs.validation()) == kept


@pytest.mark.parametrize(("rows", "share"), [(20, 0.2), (320, 0.2), (2000, 0.032), (10_000, 0.02), (1_000_000, 0.0005)])
def test_of_few_rows_a_fifth_is_held_out_and_of_many_some_hundreds(rows: int, share: float) -> None:
    assert held_out(np.arange(rows), rows).mean() == pytest.approx(share, rel=0.35)


def drawing(seed: int = 0) -> Drawing:
    return Drawing([Epochs(numbers(3000, "a"), 0), Epochs(numbers(50, "b"), 1)], (0.75, 0.25), "text", 8, seed, len)


def test_what_a_step_sees_depends_on_seed_and_step_alone() -> None:
    whole, late = drawing(), drawing()
    seen = [whole.rows(step) for step in range(100)]
    assert [late.rows(step) for step in (99, 3, 64)] == [seen[99], seen[3], seen[64]]
    assert drawing(seed=1).rows(0) != seen[0]


def test_each_source_has_its_share_and_no_row_is_passed_over() -> None:
    made = drawing()
    drawn = [row["text"] for step in range(384) for row in made.rows(step)]
    shares = {name: sum(text.startswith(name) for text in drawn) for name in ("a", "b")}
    assert shares == {"a": 2304, "b": 768}
    assert len({text for text in drawn if text.startswith("a")}) == 2304


def test_rows_of_like_length_go_together() -> None:
    source = Values("words", "text", ["x" * (1 + place % 60) for place in range(4000)])
    made = Drawing([Epochs(source, 0)], (1.0,), "text", 16, 0, len)
    spans = [np.ptp([len(row["text"]) for row in made.rows(step)]) for step in range(32)]
    assert np.mean(spans) < 8


@pytest.mark.parametrize("rows", [8, 9, 13])
def test_of_very_few_rows_some_train_and_some_validate(rows: int) -> None:
    epochs = Epochs(numbers(rows), 0)
    assert 1 <= len(epochs.validation()) == rows - epochs.rows < rows


def test_hardly_any_rows_are_refused(tmp_path: Path) -> None:
    (tmp_path / "few.txt").write_text("one\ntwo\n")
    with pytest.raises(DataError, match="too few rows to learn from"):
        find_source(str(tmp_path / "few.txt"), None, None)


def test_a_table_without_a_single_text_column_asks_for_one(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("title,body\n" + "A,first\nB,second\n" * 5)
    with pytest.raises(DataError, match="no single column of text"):
        find_source(str(path), None, None)
    assert find_source(str(path), "body", None).read(0) == ["first", "second"] * 5


def test_labels_that_are_words_are_no_text_to_learn_from():
    table = pa.table({"review": ["fine", "dull"], "label": ["good", "bad"], "stars": [5, 1]})
    assert text_columns(table) == ["review"]
    assert text_columns(table, "review") == ["label"]
