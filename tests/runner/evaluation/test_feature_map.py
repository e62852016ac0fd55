"""Which rows a feature map has, from known vectors and from rows that are encoded, and what it says of them."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from modaxfer.contracts import Answers
from modaxfer.registry import problem_of
from modaxfer.runner.evaluation import feature_map
from modaxfer.runner.evaluation.asked import Asked
from modaxfer.runner.folder import FEATURE_MAP
from modaxfer.runner.rows.split import Split

ROWS = {"train": 300, "validation": 40, "test": 150}
WIDTH = 5


def split(name, rows):
    targets, ids = np.arange(rows) % 2, [f"{name}:{row}" for row in range(rows)]
    return Split(rows=[{"row": row} for row in range(rows)], lengths=np.ones(rows, int), known=targets, ids=ids)


def vectors_of(some):
    return torch.tensor([[row["row"] + 0.5, -row["row"], 1, row["row"] % 2, 0] for row in some.rows])


def session(rows, *, source=None):
    model = SimpleNamespace(reads_tokens=False, readout=SimpleNamespace(pooling="mean"))
    splits = {name: split(name, count) for name, count in rows.items()}
    labels = problem_of("multiclass").labels
    return SimpleNamespace(model=model, splits=splits, source=source, labels=labels, seed=0, vectors=vectors_of)


def asks(rows):
    targets = np.arange(rows) % 2
    answers = Answers(targets=targets, unseen={})
    return Asked(references=targets, known=np.ones(rows, bool), strange=(), answers=answers, clusters=None)


FINDINGS = SimpleNamespace(validation_asked=asks(ROWS["validation"]), asked=asks(ROWS["test"]), vectors={})


def resolved(**changes):
    data = SimpleNamespace(classes=("no", "yes"), sealed={"train": None})
    return SimpleNamespace(**{"data": data, "plan": SimpleNamespace(privacy=None), "source": None, **changes})


@pytest.fixture(params=["known", "encoded"])
def known(request, monkeypatch):
    monkeypatch.setattr(feature_map, "is_known", lambda *_: request.param == "known")
    monkeypatch.setattr(feature_map, "head_inputs", lambda session, name: vectors_of(session.splits[name]))
    return request.param == "known"


def test_some_rows_of_each_split_lie_where_their_vectors_lie(known):
    found = feature_map.map_features(session(ROWS), resolved(), FINDINGS)
    most = feature_map.KNOWN if known else feature_map.ENCODED
    counts = {name: sum(row["split"] == name for row in found["rows"]) for name in ROWS}
    assert counts == {name: min(most, count) for name, count in ROWS.items()}
    assert found["encoded"] == (0 if known else len(found["rows"]))
    assert found["width"] == WIDTH
    assert sum(found["explained"]) == pytest.approx(1)
    assert {row["label"] for row in found["rows"] if row["split"] == "train"} == {None}, "its labels are hidden"
    for row in found["rows"]:
        number = int(row["row_id"].split(":")[1])
        assert row["split"] == "train" or row["label"] == ("no", "yes")[number % 2]
    first, last = (min(found["rows"], key=lambda row: row["x"]), max(found["rows"], key=lambda row: row["x"]))
    reach = abs(int(first["row_id"].split(":")[1]) - int(last["row_id"].split(":")[1]))
    assert last["x"] - first["x"] == pytest.approx(reach * 2**0.5, rel=1e-3)


def test_rows_that_were_encoded_to_be_scored_are_not_encoded_again(monkeypatch):
    monkeypatch.setattr(feature_map, "is_known", lambda *_: False)
    made = session(ROWS)
    made.vectors = lambda some: pytest.fail("rows were encoded once more")
    scored = {name: np.arange(1, rows, 2) if name == "train" else np.arange(rows) for name, rows in ROWS.items()}
    given = {name: (rows, vectors_of(split(name, 300).only(rows)).numpy()) for name, rows in scored.items()}
    found = feature_map.map_features(made, resolved(), SimpleNamespace(**{**vars(FINDINGS), "vectors": given}))
    assert found["encoded"] == 0
    numbers = {name: [int(r["row_id"].split(":")[1]) for r in found["rows"] if r["split"] == name] for name in ROWS}
    assert {name: len(each) for name, each in numbers.items()} == {"train": 150, "validation": 40, "test": 150}
    assert all(number % 2 for number in numbers["train"]), "of train, those that were scored"
    ends = [found["rows"][place] for place in (0, 149)]
    reach = abs(ends[0]["x"] - ends[1]["x"])
    assert reach == pytest.approx((numbers["train"][149] - numbers["train"][0]) * 2**0.5, rel=1e-3)


def test_the_source_stands_beside_the_task_and_private_rows_do_not(known, tmp_path):
    source = session({"train": 30})
    other = SimpleNamespace(data=SimpleNamespace(classes=("no", "yes")))
    private = SimpleNamespace(privacy=object())
    found = feature_map.map_features(session(ROWS, source=source), resolved(source=other, plan=private), FINDINGS)
    assert {row["split"] for row in found["rows"]} == {"validation", "test", "source"}
    assert [row["label"] for row in found["rows"] if row["split"] == "source"] == ["no", "yes"] * 15
    feature_map.write_map(tmp_path, found)
    assert json.loads((tmp_path / FEATURE_MAP).read_text()) == found


def test_heads_that_read_tokens_have_no_map(tmp_path):
    made = session(ROWS)
    made.model.reads_tokens = True
    feature_map.write_map(tmp_path, feature_map.map_features(made, resolved(), FINDINGS))
    assert not list(tmp_path.iterdir())
