"""Problems of a plugin: an ordinal regression that has a classification's labels, and counts that are Poisson's."""

from __future__ import annotations

import json

import numpy as np

PLUGIN = """
from modaxfer import hookimpl
from modaxfer.spec import ProblemSpec

MODAXFER_API = 0

@hookimpl
def modaxfer_problems():
    return (
        ProblemSpec(
            name="ordinal",
            target="grades_plugin.ordinal:Ordinal",
            metrics=("mae", "accuracy", "f1_macro"),
            figure="modaxfer.reports.figures:confusion",
            summary="Ordered classes: cumulative logits (McCullagh 1980).",
        ),
        ProblemSpec(
            name="count",
            target="grades_plugin.count:Count",
            metrics=("rmse", "mae"),
            comparable="mae",
            constant="mean",
            pipeline="{}-regression",
            figure="modaxfer.reports.figures:residuals",
            summary="How often something happens: Poisson regression.",
        ),
    )
"""

ORDINAL = """
import numpy as np
import torch
from modaxfer.problems import ClassLabels

class Ordinal:
    labels = ClassLabels()

    def objective(self, classes, targets):
        below = np.cumsum(np.bincount(targets, minlength=classes))[:-1] / len(targets)
        below = below.clip(1e-3, 1 - 1e-3)
        return Cumulative(np.log(below / (1 - below)).tolist())

    def restored(self, state):
        return Cumulative(state["thresholds"])

class Cumulative:
    # P(class <= j) = sigmoid(threshold_j - output)
    outputs = 1

    def __init__(self, thresholds):
        self.thresholds = torch.tensor(thresholds)

    def batch(self, targets):
        return torch.from_numpy(targets)

    def chances(self, outputs):
        below = (self.thresholds.to(outputs.device) - outputs.float()).sigmoid()
        ends = torch.zeros_like(below[:, :1])
        return torch.diff(torch.cat([ends, below, ends + 1], 1), dim=1)

    def loss(self, outputs, targets, class_weight=None, label_smoothing=0.0):
        chance = self.chances(outputs).gather(1, targets.to(outputs.device).clamp(min=0)[:, None])[:, 0]
        loss = -chance.clamp(min=1e-6).log() * (targets.to(outputs.device) >= 0)
        return loss if class_weight is None else loss * class_weight.to(outputs.device)[targets.to(outputs.device)]

    def soft(self, targets):
        return targets

    def known(self, targets):
        return targets >= 0

    def class_weights(self, targets):
        counts = np.bincount(targets, minlength=len(self.thresholds) + 1)
        return torch.from_numpy(len(targets) / (len(counts) * np.maximum(counts, 1))).float()

    def total_weight(self, targets, class_weight):
        return float(len(targets)) if class_weight is None else float(class_weight.cpu()[targets.cpu()].sum())

    def decode(self, outputs):
        chances = self.chances(outputs.cpu())
        return (chances.cumsum(1) < 0.5).sum(1).clamp(max=len(self.thresholds)).numpy(), chances.numpy()

    def state(self):
        return {"thresholds": self.thresholds.tolist()}
"""

COUNT = """
import numpy as np
import torch
from modaxfer.errors import ConfigError
from modaxfer.problems import ValueLabels

class Count:
    labels = ValueLabels()

    def objective(self, classes, targets):
        return Poisson()

    def restored(self, state):
        return Poisson()

class Poisson:
    outputs = 1

    def batch(self, targets):
        return torch.from_numpy(targets)

    def loss(self, outputs, targets, class_weight=None, label_smoothing=0.0):
        targets = targets.float().to(outputs.device)
        return torch.nn.functional.poisson_nll_loss(outputs[:, 0].float(), targets, reduction="none")

    def soft(self, targets):
        return targets

    def known(self, targets):
        return np.ones(len(targets), bool)

    def class_weights(self, targets):
        raise ConfigError("counts have no classes", fix="leave class_weight out")

    def total_weight(self, targets, class_weight):
        return float(len(targets))

    def decode(self, outputs):
        return outputs.detach().double().cpu().exp()[:, 0].numpy(), None

    def state(self):
        return {}
"""

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
        "stored": json.load(open(output + "/model/model.json"))["objective"],
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


def test_they_are_trained_saved_predicted_scored_and_reported(site, tmp_path):
    site.add("grades", PLUGIN, ordinal=ORDINAL, count=COUNT)
    write(tmp_path)
    done = site.python("-c", USE, str(tmp_path), timeout=300, MODAXFER_CACHE=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr
    ordered, counted = json.loads(done.stdout)
    check_classes_in_order(ordered, tmp_path / "ordinal")
    check_counts(counted, tmp_path / "count")


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
