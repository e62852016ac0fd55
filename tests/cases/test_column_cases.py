"""Tables as people export them: what cells and labels mean, from file to metric; the file itself says what is right."""

from __future__ import annotations

import csv
import json
import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import modaxfer
from answers import answers_of
from modaxfer.config import RunConfig
from modaxfer.contracts import TaskData
from modaxfer.errors import DataError
from modaxfer.tasks.load import load_task
from modaxfer.tasks.own import task_from_files

GOOD, BAD = ["lovely", "superb", "bright", "warm"], ["awful", "broken", "dirty", "slow"]
TEXT = {"text": ("text",)}


def write(path: Path, header: str, rows: Any, **options: Any) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, **options).writerows([header.split(), *rows])
    return path


def texts(count: int = 60) -> list[tuple[str, int]]:
    return [(f"thing number {n} was {(BAD, GOOD)[n % 2][n // 2 % 4]}", n % 2) for n in range(count)]


def load(path: Path, **config: Any) -> TaskData:
    return load_task(task_from_files(RunConfig(data=str(path), **config)))


def cells(data: TaskData, column: str) -> dict[str, Any]:
    """Return the cells of a column by row id, whatever split the row is in."""
    return {key: cell for rows in data.splits.values() for key, cell in zip(rows["row_id"], rows[column], strict=True)}


def posed(path: Path, **config: Any) -> tuple[str, str]:
    spec = task_from_files(RunConfig(data=str(path), **config))
    return spec.target.problem, spec.posed


def test_decimal_commas(tmp_path):
    values = [round((n % 2) * 2 + random.Random(n).random(), 3) for n in range(60)]
    rows = [(f"{value:.3f}".replace(".", ","), n, ("low", "high")[n % 2]) for n, value in enumerate(values)]
    data = load(write(tmp_path / "d.csv", "preis menge label", rows, delimiter=";"), number=("preis", "menge"))
    assert cells(data, "preis") == {f"train-{n + 1}": value for n, value in enumerate(values)}
    assert any("column 'preis': read as numbers" in line for line in data.warnings)


def test_money_and_shares(tmp_path):
    prices = [(n % 2) * 5000 + 1000 + 7 * n for n in range(60)]
    rows = [(f"${price:,}", f"{n}%", "ab"[n % 2]) for n, price in enumerate(prices)]
    data = load(write(tmp_path / "d.csv", "price off label", rows))
    assert cells(data, "price") == {f"train-{n + 1}": price for n, price in enumerate(prices)}
    assert cells(data, "off") == {f"train-{n + 1}": n for n in range(60)}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_dates(tmp_path, kind):
    days = [date(2024, 2, 27) + timedelta(days=3 * n) for n in range(60)]
    labels = [("early", "late")[n // 30] for n in range(60)]
    if kind == "csv":
        path = write(tmp_path / "d.csv", "when label", zip(days, labels, strict=True))
    else:
        path = tmp_path / "d.parquet"
        pq.write_table(pa.table({"when": pa.array(days, pa.date32()), "label": labels}), path)
    data = load(path)
    assert cells(data, "when elapsed days") == {f"train-{n + 1}": 3 * n for n in range(60)}
    assert cells(data, "when month") == {f"train-{n + 1}": day.month for n, day in enumerate(days)}
    assert "when year" not in data.splits["train"].column_names
    assert any("column 'when': dates" in line for line in data.warnings)


def test_saved_row_indices(tmp_path):
    rows = [(n, n, random.Random(n).random(), ("a", "b")[n // 30]) for n in range(60)]
    path = write(tmp_path / "d.csv", "x x width label", rows)
    path.write_text(path.read_text().replace("x,x,", ",Unnamed: 0,", 1))
    data = load(path)
    assert [field.name for field in data.fields] == ["width"]
    assert any("'Unnamed: 0' only numbers the rows and was left out" in line for line in data.warnings)
    assert [field.name for field in load(path, number=("Unnamed: 0",)).fields] == ["Unnamed: 0"]


def test_parts_of_objects_are_named_by_what_they_hold(tmp_path):
    path = tmp_path / "d.jsonl"

    def write_rows(**beside):
        rows = [
            {"id": n, "review": {"stars": n % 5, "body": text}, **beside, "label": label}
            for n, (text, label) in enumerate(texts(60))
        ]
        path.write_text("\n".join(json.dumps(row | {"width": n % 7} if beside else row) for n, row in enumerate(rows)))

    write_rows()
    with pytest.raises(DataError, match=r"only numbers the rows.*Got: id, review \(objects\).*as --text review.body"):
        load(path)
    with pytest.raises(DataError, match=r"input column 'body' is not.*did you mean review.body\?"):
        load(path, text=("body",))
    write_rows(scores={"first": 2})
    said = " ".join(load(path).warnings)
    assert "--text review.body takes in a part" in said
    assert "--number scores.first takes in a part" in said


def test_labels_that_became_floats(tmp_path):
    rows = [(text, "NaN" if n % 10 == 9 else float(label)) for n, (text, label) in enumerate(texts(80))]
    path = write(tmp_path / "d.csv", "text label", rows)
    data = load(path, **TEXT)
    assert posed(path, **TEXT)[0] == "binary"
    assert data.classes == ("0", "1")
    assert data.dropped == {"missing_label": 8}
    assert any("8 'NaN'" in line for line in data.warnings)


def test_splits_of_which_one_has_floats(tmp_path):
    write(tmp_path / "train.csv", "text label", [(t, float(label)) for t, label in texts(80)])
    write(tmp_path / "test.csv", "text label", [(f"new {t}", label) for t, label in texts(20)])
    data = load(tmp_path, **TEXT)
    assert data.classes == ("0", "1")
    assert answers_of(data)["test"].tolist() == [0, 1] * 10


def test_json_with_holes_and_mixed_types(tmp_path):
    rows = [{"text": text, "label": label, "extra": {"k": [n]}} for n, (text, label) in enumerate(texts(80))]
    rows[0]["label"], rows[3]["label"], rows[6]["label"] = "0", 1.0, None
    del rows[7]["text"]
    (tmp_path / "d.jsonl").write_text("\n".join(map(json.dumps, rows)))
    data = load(tmp_path / "d.jsonl", **TEXT)
    assert data.classes == ("0", "1")
    assert data.dropped == {"empty_input": 1, "missing_label": 1}


def test_one_odd_cell_changes_no_column(tmp_path):
    rows = [(n % 2 * 5 + n / 100, "ab"[n % 2]) for n in range(60)]
    write(tmp_path / "train.csv", "n label", rows)
    write(tmp_path / "test.csv", "n label", [*rows[:19], ("n/a?", "a")])
    data = load(tmp_path)
    assert all(rows.features["n"].dtype == "float64" for rows in data.splits.values())
    assert "test: column 'n': 1 cell is no number ('n/a?'); each counts as a gap" in data.warnings
    write(tmp_path / "train.csv", "n label", [*rows, ("unknown", "a")])
    assert load(tmp_path).splits["train"].features["n"].dtype == "float64"


@pytest.mark.parametrize(
    ("labels", "config", "problem", "said"),
    [
        (["['a']", "['a', 'b']", "['b', 'c']"], {}, "multilabel", "the text of lists"),
        (["a x", "c", "a x;c", "d", "c;d", ""], {}, "multilabel", "several labels per row, separated by ';'"),
        ([*map(str, range(30))], {}, "multiclass", "guessed: 30 distinct labels; --problem says otherwise"),
        (["Yes", " Yes", "Yes ", "No", "No ", " No"], {}, "binary", "guessed: 2 distinct labels"),
        (["a|b", "b"], {"problem": "multilabel"}, "multilabel", "as asked for, separated by '|'"),
    ],
)
def test_the_problem_type_is_guessed_from_clean_labels_and_told(tmp_path, labels, config, problem, said):
    rows = [(f"text {n}", labels[n % len(labels)]) for n in range(120)]
    found, how = posed(write(tmp_path / "d.csv", "text label", rows), **TEXT, **config)
    assert found is problem
    assert said in how


def test_columns_of_zeros_and_ones_are_several_labels(tmp_path):
    rows = [(text, n % 3 == 0, label) for n, (text, label) in enumerate(texts())]
    path = write(tmp_path / "d.csv", "text toxic obscene", [(text, int(a), b) for text, a, b in rows])
    data = load(path, **TEXT, label=("toxic", "obscene"))
    assert data.classes == ("obscene", "toxic")
    by_id = {
        key: row
        for split, part in data.splits.items()
        for key, row in zip(part["row_id"], answers_of(data)[split].tolist(), strict=True)
    }
    assert [by_id[f"train-{n + 1}"] for n in range(60)] == [[b, int(a)] for _, a, b in rows]
    with pytest.raises(DataError, match=r"several label columns must hold 0 and 1 .*column 'text'"):
        load(path, label=("toxic", "text"))


def train(path: Path, encoder: Path, folder: Path, strategy: str = "frozen", **config: Any) -> Any:
    config |= {} if strategy == "frozen" else {"epochs": 1}
    return modaxfer.train(
        encoder=str(encoder), strategy=strategy, data=str(path), output=str(folder), device="cpu", precision="fp32",
        quiet=True, **config,
    )  # fmt: skip


@pytest.mark.recipe
@pytest.mark.parametrize("strategy", [pytest.param("frozen", marks=pytest.mark.slow), "full"])
def test_large_values_keep_their_differences_to_the_last_metric(tiny, tmp_path, strategy):
    values = {f"train-{n + 1}": 10**12 + n * 1000 for n in range(80)}
    path = write(tmp_path / "d.csv", "a y", [(n % 26 / 2, value) for n, value in enumerate(values.values())])
    run = train(path, tiny("bert"), tmp_path / "run", strategy, label="y")
    table = pq.read_table(run.folder / "predictions.parquet").to_pydict()
    targets, predictions = np.array(table["target"]), np.array(table["prediction"])
    assert targets.tolist() == [values[key] for key in table["row_id"]]
    assert run.result.metrics["test"]["rmse"] == pytest.approx(np.sqrt(np.mean((predictions - targets) ** 2)), rel=1e-6)
    trained_on = set(load(path, label=("y",)).splits["train"]["row_id"])
    mean = np.mean([value for key, value in values.items() if key in trained_on])
    assert run.result.baselines["majority"]["rmse"] == pytest.approx(np.sqrt(np.mean((mean - targets) ** 2)))
    low, high = run.result.intervals["rmse"]
    assert 0 < low < run.result.metrics["test"]["rmse"] < high
    assert run.evaluate()["metrics"]["rmse"] == pytest.approx(run.result.metrics["test"]["rmse"], rel=1e-5)
    assert 10**12 < run.predict([{"a": 3.0}])[0]["prediction"] < 10**12 + 80_000


def test_two_rows_of_each_class(tmp_path):
    rows = [(f"message {n} about thing {n // 2}", f"c{n // 2:02d}") for n in range(60)]
    data = load(write(tmp_path / "d.csv", "text label", rows), **TEXT)
    found = {split: set(targets.tolist()) for split, targets in answers_of(data).items()}
    assert found["train"] == set(range(30))
    assert sum(len(targets) for targets in answers_of(data).values()) == 60
    assert min(len(targets) for targets in answers_of(data).values()) > 0
