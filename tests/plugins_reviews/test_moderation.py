"""Labels of moderation: several at once, some of them rare; rows as published, as own files and made up."""

from __future__ import annotations

import numpy as np
import pytest

import domain_tasks as tasks
from answers import answers_of
from modaxfer.errors import DataError
from modaxfer.metrics import scores
from modaxfer.registry import load_target
from modaxfer.tasks.load import load_task
from modaxfer_reviews.comment_rows import read
from modaxfer_reviews.comments import LABELS

SPEC = tasks.specs("reviews")["toxic-comments"]
HEAD = "id,comment_text," + ",".join(LABELS)


def test_the_sample_has_rare_labels_that_can_be_learnt():
    tasks.check_sample_is_seeded(SPEC)
    data = tasks.load_sample("reviews", "toxic-comments")
    labels = answers_of(data)
    assert data.classes == LABELS
    assert data.dropped == {}
    shares = labels["test"].mean(0)
    assert 0.01 < shares.min() < 0.08 < shares.max() < 0.5
    assert labels["validation"].sum(0).min() > 0
    said = load_target("modaxfer.baselines.simple:fit_simple")(data, fields=SPEC.fields).predictions["test"]
    nothing = scores.f1_macro(labels["test"], np.zeros_like(labels["test"]))
    assert nothing + 0.2 < scores.f1_macro(labels["test"], said) < 0.99
    tasks.check_groups_apart(data, ("comment_text",))


def write(folder, **files):
    folder.mkdir()
    for name, lines in files.items():
        (folder / f"{name}.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder


def row(name, *found):
    return f'{name},"a text,\nof {name}",' + ",".join(str(int(label in found)) for label in LABELS)


def test_published_files_are_joined_and_rows_that_were_not_scored_left_out(tmp_path):
    train = [HEAD, *(row(f"t{n}", *(["toxic", "insult"] if n % 3 == 0 else [])) for n in range(60))]
    test = ["id,comment_text", *(f"e{n},said {n}" for n in range(12))]
    labels = ["id," + ",".join(LABELS), *(f"e{n}," + ",".join(["-1" if n % 2 else str(n // 6)] * 6) for n in range(12))]
    folder = write(tmp_path / "toxic-comments", train=train, test=test, test_labels=labels)
    tables = read(folder)
    assert tables["test"].select(["id", "comment_text", "threat"]).to_pylist()[:2] == [
        {"id": "e0", "comment_text": "said 0", "threat": 0},
        {"id": "e10", "comment_text": "said 10", "threat": 1},
    ]
    data = load_task(SPEC, data_dir=tmp_path)
    assert (len(data.splits["test"]), data.source) == (6, f"folder {folder}")
    assert data.splits["train"][0]["comment_text"].startswith("a text,")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"test": ["id,comment_text", "e0,x"]}, r"stands without it .*train\.csv"),
        ({"train": [HEAD, row("t0")], "test": ["comment_text", "x"]}, r"no column 'id' .*test\.csv.*as published"),
        ({"train": [HEAD, row("t0")], "test": ["id,comment_text", "e1,x"]}, r"no test row has labels .*test_labels"),
    ],
)
def test_published_files_that_do_not_belong_together_are_refused(tmp_path, files, message):
    labels = ["id," + ",".join(LABELS), "e0," + ",".join(["0"] * 6)]
    with pytest.raises(DataError, match=message):
        read(write(tmp_path / "toxic-comments", test_labels=labels, **files))


def test_files_with_a_column_for_each_label_are_read_as_they_are(tmp_path):
    rows = [HEAD, *(row(f"t{n}", LABELS[n % 7]) if n % 7 < 6 else row(f"t{n}") for n in range(70))]
    write(tmp_path / "toxic-comments", train=rows)
    data = load_task(SPEC, data_dir=tmp_path)
    assert data.classes == LABELS
    assert sum(map(len, data.splits.values())) == 70
