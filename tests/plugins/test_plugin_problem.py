"""docs/how-to/write-a-problem.md: ordered classes with a classification's labels, and counts that are Poisson's."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from modaxfer.errors import UnknownNameError
from modaxfer.reports.html import write as write_report
from modaxfer.reports.predictions import predictions_of
from modaxfer.result import Result
from modaxfer.runner.predict.predictor import Predictor
from sketched import sketch

GUIDE = (Path(__file__).parents[2] / "docs/how-to/write-a-problem.md").read_text(encoding="utf-8")
PLUGIN, ORDINAL, COUNT = re.findall(r"^```python\n(.*?)^```", GUIDE, flags=re.MULTILINE | re.DOTALL)

USE = """
import json, sys
import pyarrow.parquet as pq
import modaxfer

def tell(problem, folder):
    data, output = f"{folder}/{problem}.csv", f"{folder}/{problem}"
    request = {"encoder": "table", "strategy": "full", "data": data, "number": ["size", "weight"], "label": "label"}
    run = modaxfer.train(**request, problem=problem, output=output, quiet=True, device="cpu", epochs=4)
    again, result = run.evaluate(), json.load(open(output + "/result.json"))
    other = modaxfer.load(output).evaluate(data)
    rows = modaxfer.load(output).predict(data)
    metrics, bars = result["metrics"], result["baselines"]
    return {
        "problem": result["data"]["problem"],
        "primary": metrics["primary"],
        "test": metrics["test"],
        "same": again["metrics"] == again["stored"],
        "others": sorted(other["metrics"]),
        "bars": {name: values.get(metrics["primary"]) for name, values in bars.items()},
        "predicted": [row["prediction"] for row in rows[:40]],
        "scores": sorted(rows[0].get("scores") or ()),
        "stored": json.load(open(output + "/model/model.json"))["criterion"],
        "columns": pq.read_table(output + "/predictions.parquet").column_names,
        "pipeline": open(output + "/README.md").read().split("pipeline_tag: ")[1].split()[0],
    }

print(json.dumps([tell(problem, sys.argv[1]) for problem in ("ordinal", "count")]))
"""


def write(folder, rows=240):
    generator = np.random.default_rng(0)
    size, weight = generator.normal(size=(2, rows))
    labels = {
        "ordinal": np.digitize(size, [-0.7, 0.4, 1.1]) + 1,
        "count": generator.poisson(np.exp(1 + 0.8 * size)),
    }
    for name, label in labels.items():
        lines = [f"{a:.4f},{b:.4f},{c}" for a, b, c in zip(size, weight, label, strict=True)]
        (folder / f"{name}.csv").write_text("size,weight,label\n" + "\n".join(lines))


def test_they_are_trained_saved_predicted_scored_and_reported(site, tmp_path, monkeypatch):
    site.add("grades", PLUGIN, distribution="modaxfer-grades", ordinal=ORDINAL, count=COUNT)
    write(tmp_path)
    done = site.warm_python(USE, str(tmp_path), drawn=True, MODAXFER_CACHE=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr
    ordered, counted = json.loads(done.stdout)
    check_classes_in_order(ordered, tmp_path / "ordinal")
    check_counts(counted, tmp_path / "count")
    sketch(monkeypatch)
    check_without_the_plugin(tmp_path / "ordinal")


def check_classes_in_order(told, run):
    assert (told["problem"], told["primary"], told["same"]) == ("grades/ordinal", "mae", True)
    assert told["stored"]["problem"] == "grades/ordinal"
    assert told["stored"]["thresholds"] == sorted(told["stored"]["thresholds"])
    assert told["test"]["mae"] < told["bars"]["majority"] - 0.1
    assert set(told["bars"]) == {"chance", "majority", "simple"}
    assert told["others"] == sorted(told["test"])
    assert set(told["predicted"]) <= {"1", "2", "3", "4"}
    assert told["scores"] == ["1", "2", "3", "4"]
    assert {f"score:{name}" for name in "1234"} < set(told["columns"])
    assert told["pipeline"] == "tabular-classification"
    assert (run / "figures" / "confusion.png").is_file()
    assert "Per class" in (run / "report.html").read_text()


def check_counts(told, run):
    assert (told["problem"], told["primary"], told["same"]) == ("grades/count", "rmse", True)
    assert told["stored"] == {"problem": "grades/count"}
    assert told["test"]["rmse"] < told["bars"]["majority"]
    assert min(told["predicted"]) > 0
    assert told["scores"] == []
    assert told["pipeline"] == "tabular-regression"
    assert (run / "figures" / "residuals.png").is_file()
    assert "Largest errors" in (run / "report.html").read_text()


def check_without_the_plugin(run):
    """Its reports can still be made; its model cannot be asked, and says why."""
    result = Result.load(run)
    assert len(predictions_of(result, run).classes) == 4
    (page,) = write_report(result, run)
    assert "Per class" in page.read_text()
    with pytest.raises(UnknownNameError, match=r"unknown problem. Got: grades/ordinal.*install the plugin 'grades'"):
        Predictor(run)
