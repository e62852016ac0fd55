"""docs/how-to/write-a-strategy.md: two streams, a discriminator, a validator; and plans that are refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sklearn.neighbors import NearestCentroid

HOW_TO = Path(__file__).parents[2] / "docs/how-to"
GUIDE = (HOW_TO / "write-a-strategy.md").read_text(encoding="utf-8")
PLUGIN, PLANS, LOSSES, _, VALIDATORS, SOLVERS = re.findall(
    r"^```python\n(.*?)^```", GUIDE, flags=re.MULTILINE | re.DOTALL
)

WATCHER = """
from modaxfer import hookimpl
from modaxfer.spec import StrategySpec

MODAXFER_API = 0

@hookimpl
def modaxfer_strategies():
    names = ("peeking", "reaching", "blind")
    return tuple(StrategySpec(name=name, target=f"wrong_plugin.plans:{name}") for name in names)

@hookimpl
def modaxfer_logged(values):
    import os
    with open(os.environ["WATCHED"], "a") as file:
        print(sorted(values.get("terms", ())), file=file)
"""

WRONG_LOSSES = """
from torch import nn

class Peeking(nn.Module):
    def __init__(self, context):
        super().__init__()

    def forward(self, step):
        stream = step.only
        return nn.functional.cross_entropy(stream.outputs, stream.targets, reduction="none")

class Reaching(Peeking):
    def forward(self, step):
        return step.only.pooled.square().mean(1)
"""

WRONG_PLANS = """
from dataclasses import replace
from modaxfer.plan import SUPERVISED, Labels, LossTerm, Part, Phase, Plan, Stream, Together

def peeking(options, context):
    return made(SUPERVISED, LossTerm(name="peek", target="wrong_plugin.losses:Peeking"))

REACH = (LossTerm(name="reach", target="wrong_plugin.losses:Reaching"),)

def reaching(options, context):
    return made(replace(SUPERVISED, streams=("given",)), *REACH)

def blind(options, context):
    hidden = {"hidden": Stream(labels=Labels.HIDDEN)}
    return Plan(phases=(replace(reaching(options, context).phases[0], streams=hidden, losses=REACH),))

def made(*losses):
    streams = {"given": Stream(), "hidden": Stream(labels=Labels.HIDDEN)}
    rates = {Part.BODY: 1e-3, Part.HEAD: 1e-3}
    return Plan(phases=(
        Phase(trainable=frozenset(rates), learning_rates=rates, streams=streams, mixing=Together(), losses=losses),
    ))
"""

USE = """
import json, sys
import modaxfer
folder, data, output = sys.argv[1:]
request = {"encoder": folder, "quiet": True, "device": "cpu", "precision": "fp32"}
both = {"task": "sst2", "source_task": "rt-polarity", "limit": 24, "batch_size": 8, "epochs": 2}
run = modaxfer.train(strategy="confuse", output=output, set={"hidden": 5}, **both, **request)
lines = [json.loads(line) for line in open(output + "/log.jsonl")]
phase, = json.load(open(output + "/result.json"))["training"]["phases"]
again = run.evaluate()
told = {
    "terms": sorted(lines[0]["terms"]),
    "score": [line["score"] for line in lines if "score" in line],
    "best": phase["best_score"],
    "validator": phase["validator"],
    "same": again["metrics"] == again["stored"],
    "predicted": len(modaxfer.load(output).predict([{"text": "fine"}])),
}
for strategy in ("peeking", "reaching", "blind"):
    try:
        modaxfer.train(strategy=strategy, output=output + "-" + strategy, data=data, text="text", **request)
    except modaxfer.ModaxferError as error:
        told[strategy] = [error.exit_status, str(error)]
print(json.dumps(told))
"""


def test_it_trains_saves_loads_and_predicts_and_its_mistakes_are_refused(site, tiny, own_rows, tmp_path):
    modules = {"plans": PLANS, "losses": LOSSES, "validators": VALIDATORS}
    site.add("confuse", PLUGIN, distribution="modaxfer-confuse", **modules)
    site.add("wrong", WATCHER, plans=WRONG_PLANS, losses=WRONG_LOSSES)
    data, output, watched = own_rows("text")["data"], tmp_path / "run", tmp_path / "watched"
    done = site.warm_python(
        USE,
        str(tiny("bert")),
        data,
        str(output),
        MODAXFER_CACHE=str(tmp_path / "cache"),
        WATCHED=str(watched),
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    terms = ["domain.source", "domain.source.accuracy", "domain.target", "domain.target.accuracy", "supervised"]
    assert told["terms"] == terms
    assert watched.read_text().splitlines()[0] == str(terms)
    # The discriminator's weight rises until the phase ends, and no epoch before is a candidate for the best.
    assert told["score"][-1] == pytest.approx(told["best"], rel=1e-5)
    assert told["validator"] == "modaxfer_confuse.validators:Sure (temperature=1.0)"
    assert told["same"]
    assert told["predicted"] == 1
    assert told["peeking"][0] == 2
    assert "hidden targets are read: " in told["peeking"][1]
    assert told["reaching"][0] == 2
    assert "a loss asks for the pooled of stream given, which its term does not read" in told["reaching"][1]
    assert told["blind"][0] == 2
    assert "the plan of strategy wrong/blind sees no labels at all" in told["blind"][1]
    assert not any(output.with_name(f"run-{strategy}").exists() for strategy in ("peeking", "reaching", "blind"))
    weights = {name for path in (output / "model").glob("*.safetensors") for name in load_file(path)}
    assert weights
    assert not any("losses" in name or "asked" in name for name in weights)


def test_the_solver_of_the_guide_is_nearest_class_means():
    from modaxfer.contracts import Features, LayerFeatures, SolverContext

    found: dict = {}
    exec(SOLVERS, found)
    rows = np.random.default_rng(0).normal(size=(40, 2, 3, 5)).astype(np.float32)
    targets = np.arange(40) % 3
    rows[:, 1, 1] += targets[:, None]
    context = SolverContext(
        features={"train": (LayerFeatures(train=rows),)},
        targets={"train": {"train": targets}},
        problem="multiclass",
        classes=("a", "b", "c"),
        judge=lambda *given: 0.0,
    )
    fitted = found["means"](context, None)
    said = fitted.head(Features(pooled=torch.from_numpy(rows[:, 1, 1]))).argmax(1)
    assert said.tolist() == NearestCentroid().fit(rows[:, 1, 1], targets).predict(rows[:, 1, 1]).tolist()
