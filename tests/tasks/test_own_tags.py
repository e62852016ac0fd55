"""Which own files are taken for words with tags."""

from __future__ import annotations

import json

import pytest

from modaxfer.config import RunConfig
from modaxfer.spec import IMAGE, TEXT, WORDS
from modaxfer.tasks.own import task_from_files

ROWS = [{"words": ["Ann", "left"], "tags": ["B-PER", "O"], "id": n} for n in range(12)]


def spec_of(folder, rows=ROWS, **settings):
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return task_from_files(RunConfig(data=str(path), **settings))


def test_lists_as_long_as_lists_are_words_and_tags(tmp_path):
    spec = spec_of(tmp_path, text=("words",), label=("tags",))
    assert (spec.target.problem, spec.fields[0].signal) == ("tagging", WORDS)
    assert spec.posed.startswith("tagging (guessed: lists as long as those of column 'words'")
    assert spec.metrics == ()


def test_the_only_column_of_words_need_not_be_named(tmp_path):
    spec = spec_of(tmp_path, label=("tags",))
    assert [field.name for field in spec.fields] == ["words"]


def test_a_file_of_tagged_words_needs_no_names_at_all(tmp_path):
    (tmp_path / "train.conll").write_text("Ann B-PER\nleft O\n\n" * 12)
    spec = task_from_files(RunConfig(data=str(tmp_path)))
    assert (spec.target.problem, spec.target.column, spec.fields[0].name) == ("tagging", "label", "words")


@pytest.mark.parametrize(
    "rows",
    [
        [{**row, "tags": ["comedy"]} for row in ROWS],  # as many labels as words in no row
        [{**row, "words": "Ann left"} for row in ROWS],  # a text, not lists
    ],
)
def test_other_lists_are_several_labels(tmp_path, rows):
    assert spec_of(tmp_path, rows, text=("words",), label=("tags",)).target.problem == "multilabel"


def test_plain_text_is_words_where_tags_are_asked_for(tmp_path):
    rows = [{"words": "Ann left", "tags": "B-PER O"} for _ in range(12)]
    spec = spec_of(tmp_path, rows, text=("words",), label=("tags",), problem="tagging")
    assert (spec.target.problem, spec.fields[0].signal, spec.posed) == ("tagging", WORDS, "tagging (as asked for)")


def test_several_labels_can_be_asked_for(tmp_path):
    spec = spec_of(tmp_path, text=("words",), label=("tags",), problem="multilabel")
    assert (spec.target.problem, spec.fields[0].signal) == ("multilabel", TEXT)


@pytest.mark.parametrize("tags", [["NOUN", "VERB"], ["N", "V"]])
def test_tags_without_spans_are_scored_by_words(tmp_path, tags):
    rows = [{**row, "tags": tags} for row in ROWS]
    assert spec_of(tmp_path, rows, text=("words",), label=("tags",)).metrics == ("tag_accuracy", "tag_f1_macro")


def test_spans_say_nothing_of_pictures(tmp_path):
    rows = [{"image": "a.png", "tags": ["O", "B-CAR"]} for _ in range(12)]
    spec = spec_of(tmp_path, rows, image=("image",), label=("tags",), problem="tagging")
    assert (spec.metrics[0], spec.fields[0].signal) == ("tag_accuracy", IMAGE)
