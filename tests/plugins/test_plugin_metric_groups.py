"""A metric that compares groups of rows: closed form, aligned wherever it is computed, and refused before weights."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from modaxfer.metrics.choice import Metric
from modaxfer.metrics.resampling import Scored, resampled, summed
from modaxfer.scaffold import LICENCES, PluginName, Project, chosen, render

REFERENCES = np.array([1, 1, 1, 1, 0, 0, 0, 0])
SAID = np.array([1, 0, 1, 1, 0, 0, 1, 0])
GROUPS = np.array(["a", "a", "b", "b", "a", "a", "b", "b"], dtype=object)
"""Of class 1 half is found in a and all in b; of class 0 all in a and half in b."""

USE = """
import json, sys
import modaxfer
folder, data, output = sys.argv[1:]
request = {"encoder": folder, "data": data, "text": "text", "strategy": "frozen", "device": "cpu", "quiet": True}
told = {}
for name, asked in (
    ("no column", {"metric": ("accuracy", "recall_gap")}),
    ("decides", {"metric": ("recall_gap", "accuracy"), "group_by": "shop"}),
):
    try:
        modaxfer.train(output=output + "-no", **asked, **request)
    except modaxfer.ModaxferError as error:
        told[name] = str(error)
run = modaxfer.train(output=output, metric=("accuracy", "recall_gap"), group_by="shop", **request)
told["result"] = run.result.to_dict()
told["again"] = run.evaluate(quiet=True)["metrics"]
new = data + "/test.csv"
told["new"] = run.evaluate(new, label="label", group_by="shop", quiet=True)["metrics"]
told["left out"] = run.evaluate(new, label="label", quiet=True)
print(json.dumps(told, default=str))
"""


@pytest.fixture(scope="module")
def example():
    """Return the module that ``plugins new --with metric`` writes, and its plugin module."""
    rendered = render(Project(name=PluginName.of("leaves"), examples=chosen(["metric"]), licence=LICENCES[0]))
    return rendered["src/modaxfer_leaves/metrics.py"], rendered["src/modaxfer_leaves/plugin.py"]


@pytest.fixture(scope="module")
def recall_gap(example):
    made: dict = {}
    exec(example[0], made)
    return made["recall_gap"]


def metric(score, groups):
    return Metric(name="gap", score=score, greater_is_better=False, groups=groups)


def test_each_row_keeps_its_group(recall_gap):
    gap = metric(recall_gap, GROUPS)
    assert gap.on(REFERENCES, SAID, None) == summed([gap], REFERENCES, Scored(predictions=SAID))["gap"] == 0.5
    order = np.array([2, 3, 0, 7, 6, 5])  # Of class 1 all in b and in a; of class 0 all in a and half in b.
    assert gap.on(REFERENCES, SAID, None, order) == 0.5
    assert gap.on(REFERENCES, SAID, None, order[:4]) == 0.0


def test_rows_are_drawn_with_their_groups(recall_gap):
    # The metric knows of each row whose it is: a group that were drawn apart from its row would be found here.
    def aligned(references, predictions, scores, groups):
        return float((groups == np.where(references, "one", "none")).mean())

    groups = np.where(REFERENCES, "one", "none").astype(object)
    drawn = resampled([metric(aligned, groups)], REFERENCES, Scored(predictions=SAID), resamples=50, seed=0)["gap"]
    assert drawn.tolist() == [1.0] * 50


def write_rows(folder):
    """Write split files whose shops are served differently: in the south more texts tell the other label."""
    folder.mkdir()
    for number, (split, rows) in enumerate({"train": 80, "validation": 40, "test": 60}.items()):
        rng = np.random.default_rng(number)
        with (folder / f"{split}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("text", "label", "shop"))
            for row in range(rows):
                shop, yes = ("north", "south")[row % 2], row % 4 < 2
                told = yes if rng.random() > (0.1 if shop == "north" else 0.4) else not yes
                words = rng.choice(["right", "wrong"], 5, p=(0.9, 0.1) if told else (0.1, 0.9))
                writer.writerow((" ".join([*words, chr(97 + row), chr(97 + number)]), "yes" if yes else "no", shop))
    return folder


def by_hand(table):
    """Return the gap of equalised odds of predictions as they lie on disk."""
    rows = table.to_pylist()
    widest = 0.0
    for label in ("yes", "no"):
        found = [
            np.mean([row["prediction"] == label for row in rows if (row["target"], row["group"]) == (label, shop)])
            for shop in ("north", "south")
        ]
        widest = max(widest, abs(found[0] - found[1]))
    return widest


def test_a_run_is_scored_by_it_on_every_split_and_again_from_disk(site, tiny, example, tmp_path):
    import pyarrow.parquet as pq

    metrics, plugin = example
    site.add("leaves", plugin.replace("modaxfer_leaves", "leaves_plugin"), metrics=metrics)
    data, output = write_rows(tmp_path / "rows"), tmp_path / "run"
    done = site.warm_python(USE, str(tiny("bert")), str(data), str(output), MODAXFER_CACHE=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert "metric recall_gap compares groups of rows, and no column tells them" in told["no column"]
    assert "--group-by COL" in told["no column"]
    assert "compares groups of rows and cannot decide" in told["decides"]
    assert "--metric accuracy --metric recall_gap" in told["decides"]

    result = told["result"]
    gap = by_hand(pq.read_table(output / "predictions.parquet"))
    assert result["metrics"]["test"]["recall_gap"] == pytest.approx(gap)
    assert 0 < gap == pytest.approx(told["again"]["recall_gap"]) == told["new"]["recall_gap"]
    assert set(result["metrics"]["validation"]) == set(result["metrics"]["train"]) == {"accuracy", "recall_gap"}
    low, high = result["intervals"]["recall_gap"]
    assert 0 <= low <= gap <= high <= 1
    assert result["baselines"]["majority"]["recall_gap"] == 0
    assert result["baselines"]["chance"]["recall_gap"] > 0
    assert "recall_gap" in result["baselines"]["simple"]
    assert set(result["groups"]["test"]) == {"north", "south"}
    assert [one for one in result["plugins"] if one["namespace"] == "leaves"]
    assert "recall_gap" not in told["left out"]["metrics"]
    assert any(
        "no column tells groups of rows: recall_gap; name it with --group-by" in line
        for line in told["left out"]["warnings"]
    )
