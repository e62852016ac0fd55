"""A strategy of a plugin's own: two streams, a loss with a discriminator, a validator, and an observer of the log."""

from __future__ import annotations

import json

import pytest
from safetensors.torch import load_file

PLUGIN = """
from modaxfer import hookimpl
from modaxfer.spec import StrategySpec

MODAXFER_API = 0

@hookimpl
def modaxfer_strategies():
    names = ("apart", "peeking", "reaching", "blind")
    return tuple(StrategySpec(name=name, target=f"apart_plugin.plans:{name}") for name in names)

@hookimpl
def modaxfer_logged(values):
    import os
    with open(os.environ["WATCHED"], "a") as file:
        print(sorted(values.get("terms", ())), file=file)
"""

LOSSES = """
import torch
from torch import nn
from modaxfer.contracts import LossOutput

class Reversed(torch.autograd.Function):
    @staticmethod
    def forward(context, features):
        return features.view_as(features)

    @staticmethod
    def backward(context, gradient):
        return -gradient

class Domain(nn.Module):
    def __init__(self, context, hidden=4):
        super().__init__()
        self.told = nn.Sequential(nn.Linear(context.width, hidden), nn.Tanh(), nn.Linear(hidden, 1))

    def forward(self, step):
        stream = step.only
        logits = self.told(Reversed.apply(stream.pooled)).squeeze(1)
        own = torch.full_like(logits, float(stream.name == "hidden"))
        right = ((logits > 0) == (own > 0)).float()
        losses = nn.functional.binary_cross_entropy_with_logits(logits, own, reduction="none")
        return LossOutput(losses=losses, numbers={"accuracy": right})

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

VALIDATORS = """
class Confidence:
    needs_labels = False

    def __call__(self, seen):
        assert seen["hidden"].targets is None and seen["hidden"].score is None
        assert seen["hidden"].pooled().shape[0] == len(seen["hidden"].outputs)
        return float(seen["hidden"].outputs.softmax(1).amax(1).mean())
"""

PLANS = """
from dataclasses import replace
from modaxfer.plan import SUPERVISED, Labels, LossTerm, Part, Phase, Plan, Ramp, Reads, Stream, Together

def apart(options, context):
    domain = LossTerm(
        name="domain", target="apart_plugin.losses:Domain", options={"hidden": 5}, weight=Ramp(start=0.1),
        reads=frozenset({Reads.POOLED}), learning_rate=1e-2,
    )
    return made((replace(SUPERVISED, streams=("given",)), domain), context.rates)

def peeking(options, context):
    return made((SUPERVISED, LossTerm(name="peek", target="apart_plugin.losses:Peeking")), context.rates)

def reaching(options, context):
    own = replace(SUPERVISED, streams=("given",))
    return made((own, LossTerm(name="reach", target="apart_plugin.losses:Reaching")), context.rates)

def blind(options, context):
    phase = apart(options, context).phases[0]
    hidden = {"hidden": Stream(labels=Labels.HIDDEN)}
    domain = replace(phase.losses[1], streams=())
    score = "modaxfer.validators.score:Score"
    return Plan(phases=(replace(phase, streams=hidden, losses=(domain,), validator=score),))

def made(losses, rates):
    streams = {"given": Stream(), "hidden": Stream(labels=Labels.HIDDEN)}
    return Plan(phases=(Phase(
        trainable=frozenset({Part.BODY, Part.EMBEDDINGS, Part.HEAD}),
        learning_rates=dict.fromkeys((Part.BODY, Part.EMBEDDINGS, Part.HEAD), rates.full), epochs=2,
        streams=streams, mixing=Together(), losses=losses, validator="apart_plugin.validators:Confidence",
    ),))
"""

USE = """
import json, sys
import modaxfer
folder, data, output = sys.argv[1:]
request = {"encoder": folder, "data": data, "text": "text", "quiet": True, "device": "cpu", "precision": "fp32"}
run = modaxfer.train(strategy="apart", output=output, **request)
lines = [json.loads(line) for line in open(output + "/log.jsonl")]
phase, = json.load(open(output + "/result.json"))["training"]["phases"]
again = run.evaluate()
told = {
    "terms": sorted(lines[0]["terms"]),
    "score": [line["score"] for line in lines if "score" in line],
    "best": phase["best_score"],
    "same": again["metrics"] == again["stored"],
    "predicted": len(modaxfer.load(output).predict([{"text": "fine"}])),
}
for strategy in ("peeking", "reaching", "blind"):
    try:
        modaxfer.train(strategy=strategy, output=output + "-" + strategy, **request)
    except modaxfer.ModaxferError as error:
        told[strategy] = [error.exit_status, str(error)]
print(json.dumps(told))
"""


def test_it_trains_saves_loads_and_predicts_and_its_mistakes_are_refused(site, tiny, own_rows, tmp_path):
    site.add("apart", PLUGIN, losses=LOSSES, validators=VALIDATORS, plans=PLANS)
    data, output, watched = own_rows("text")["data"], tmp_path / "run", tmp_path / "watched"
    done = site.python(
        *("-c", USE, str(tiny("bert")), data, str(output)),
        timeout=300,
        MODAXFER_CACHE=str(tmp_path / "cache"),
        WATCHED=str(watched),
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    terms = ["domain.given", "domain.given.accuracy", "domain.hidden", "domain.hidden.accuracy", "supervised"]
    assert told["terms"] == terms
    assert watched.read_text().splitlines()[0] == str(terms)
    assert max(told["score"]) == pytest.approx(told["best"], rel=1e-5)
    assert told["same"]
    assert told["predicted"] == 1
    assert told["peeking"] == [2, told["peeking"][1]]
    assert "hidden targets are read: " in told["peeking"][1]
    assert told["reaching"][0] == 2
    assert "a loss asks for the pooled of stream given, which its term does not read" in told["reaching"][1]
    assert told["blind"][0] == 2
    assert "the plan of strategy apart/blind sees no labels at all" in told["blind"][1]
    assert not any(output.with_name(f"run-{strategy}").exists() for strategy in ("peeking", "reaching", "blind"))
    weights = {name for path in (output / "model").glob("*.safetensors") for name in load_file(path)}
    assert weights
    assert not any("losses" in name or "told" in name for name in weights)
