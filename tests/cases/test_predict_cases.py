"""New rows as people bring them, through models trained on files as people have them."""

from __future__ import annotations

import csv
import json
import random

import pandas as pd
import pytest

import modaxfer

QUICK = {"strategy": "frozen", "device": "cpu", "precision": "fp32", "quiet": True}


@pytest.fixture(scope="module", params=["csv", "parquet"])
def members(request, tmp_path_factory):
    """A run on a column of True and False that decides the label, from a file without types and from one with them."""
    folder, draw = tmp_path_factory.mktemp("members"), random.Random(10)
    frame = pd.DataFrame([(row % 2 == 1, draw.random(), ["no", "yes"][row % 2]) for row in range(80)])
    frame.columns = ["member", "noise", "label"]
    path = folder / f"rows.{request.param}"
    frame.to_csv(path, index=False) if request.param == "csv" else frame.to_parquet(path)
    learned = {**QUICK, "strategy": "full", "epochs": 30, "learning_rate": 3e-3}
    return modaxfer.train(data=path, encoder="table:small", output=folder / "run", **learned)


TRUTHS = {
    "objects.jsonl": '{"member": true, "noise": null}\n{"member": false, "noise": null}\n',
    "csv": "member,noise\nTrue,0.5\nFalse,0.5\n",
    "lower.csv": "member,noise\ntrue,0.5\nfalse,0.5\n",
    "bits.csv": "member,noise\n1,0.5\n0,0.5\n",
    "jsonl": '{"member": true, "noise": 0.5}\n{"member": false, "noise": 0.5}\n',
    "text.json": '[{"member": "True", "noise": 0.5}, {"member": "false", "noise": 0.5}]',
}


@pytest.mark.parametrize("form", TRUTHS)
def test_true_is_true_however_a_file_writes_it(form, members, tmp_path):
    path = tmp_path / f"new.{form}"
    path.write_text(TRUTHS[form])
    predicted = [one["prediction"] for one in members.predict(path)]
    assert predicted == ["yes", "no"]


@pytest.mark.parametrize("truths", [(True, False), ("True", "False"), ("true", "false"), (1, 0), ("1", "0")], ids=repr)
def test_true_is_true_whatever_stands_in_a_row(truths, members):
    made = members.predict([{"member": truth, "noise": 0.5} for truth in truths])
    assert [row["prediction"] for row in made] == ["yes", "no"]


def test_cells_that_cannot_be_read_are_named_by_row(members, capsys):
    rows = [{"member": "True", "noise": "0.5"}, {"member": "maybe", "noise": "0.4"}, {"member": "", "noise": "much"}]
    found = members.predict(pd.DataFrame(rows))
    said = capsys.readouterr().err
    assert "column 'member': 1 cell is no number ('maybe') in row 2; read as missing" in said
    assert "column 'noise': 1 cell is no number ('much') in row 3; read as missing" in said
    assert [one["prediction"] is None for one in found] == [False, False, True]
    assert found[2]["reason"] == "no input: 'member' is empty and 'noise' is unreadable"


def test_a_category_that_train_lacks_is_named(tiny, tmp_path, capsys):
    rows = [{"colour": ["red", "blue", "green"][row % 3], "size": row, "label": "ab"[row % 2]} for row in range(60)]
    run = modaxfer.train(data=rows, encoder=tiny("bert"), output=tmp_path / "run", **QUICK)
    found = run.predict([{"colour": "red", "size": 1}, {"colour": "puce", "size": 2}, {"colour": "mauve", "size": 3}])
    assert all(one["prediction"] in ("a", "b") for one in found)
    line = "column 'colour': 2 cells are no category of the training rows ('puce', 'mauve') in rows 2, 3"
    assert line in capsys.readouterr().err


def test_a_competition_folder_from_train_to_submission(tiny, tmp_path):
    words = {"bad": ["wrong", "was", "the"], "good": ["right", "held", "that"]}
    folder, draw = tmp_path / "own", random.Random(0)
    folder.mkdir()
    names = ["bad", "good"] * 30
    letters = [f"{chr(97 + row // 26)} {chr(97 + row % 26)}" for row in range(60)]
    texts = [" ".join([*draw.choices(words[name], k=4), mark]) for name, mark in zip(names, letters, strict=True)]
    rows = list(zip(range(60), texts, names, strict=True))
    pd.DataFrame(rows, columns=["id", "text", "label"]).to_csv(folder / "train.csv", index=False)
    pd.DataFrame([(row + 900, text) for row, text, _ in rows[:6]], columns=["id", "text"]).to_csv(
        folder / "test.csv", index=False
    )
    (folder / "sample_submission.csv").write_text("id,label\n900,bad\n")
    run = modaxfer.train(data=folder, text="text", encoder=tiny("bert"), output=tmp_path / "run", **QUICK)
    found = run.predict(folder / "test.csv")
    assert [int(one["id"]) for one in found] == [900, 901, 902, 903, 904, 905]
    assert sum(one["prediction"] == name for one, (_, _, name) in zip(found, rows, strict=False)) >= 5


def test_labels_written_as_lists_come_back_as_lists(tiny, tmp_path):
    draw = random.Random(4)
    genres = [sorted(draw.sample(["comedy; dark", "drama, war", "it's"], draw.randint(1, 2))) for _ in range(60)]
    frame = pd.DataFrame({"text": [f"right {row} held" for row in range(60)], "label": list(map(repr, genres))})
    frame.to_csv(tmp_path / "rows.csv", index=False)
    settings = {"text": "text", "problem": "multilabel", "encoder": tiny("bert"), **QUICK}
    run = modaxfer.train(data=tmp_path / "rows.csv", output=tmp_path / "run", **settings)
    assert run.result.data["classes"] == ["comedy; dark", "drama, war", "it's"]

    from modaxfer.cli import main

    with pytest.raises(SystemExit):
        main.run(["predict", str(run.folder), str(tmp_path / "rows.csv"), "--output", str(tmp_path / "made.csv")])
    with (tmp_path / "made.csv").open() as file:
        predicted = [json.loads(line["prediction"]) for line in csv.DictReader(file)]
    assert predicted == [one["prediction"] for one in run.predict(frame[["text"]])]
    scored = run.evaluate(tmp_path / "made.csv", label="prediction")
    assert scored["metrics"]["accuracy"] == 1.0


def test_blank_rows_are_told_from_those_that_can_be_read(tiny, own_rows, tmp_path):
    rows = own_rows("text")
    run = modaxfer.train(encoder=tiny("bert"), output=tmp_path / "run", **QUICK, **rows)
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "lovely"}\n{"tekst": "awful"}\n{"text": null}\n{"text": "   "}\n')
    found = run.predict(path, quiet=True)
    assert [one["prediction"] is None for one in found] == [False, True, True, True]
    assert found[1]["reason"] == "no input: 'text' is empty; it has 'tekst' instead"
    path.write_text('{"text": null}\n{"text": ""}\n')
    with pytest.raises(modaxfer.ModaxferError, match=r"text.*is empty"):
        run.predict(path, quiet=True)
