"""A head of a plugin's own: named by a plan, trained, saved, read and refused like the framework's."""

from __future__ import annotations

PLUGIN = """
from modaxfer import hookimpl
from modaxfer.spec import HeadSpec, StrategySpec

MODAXFER_API = 0

@hookimpl
def modaxfer_heads():
    names = {"cosine": "CosineHead", "attention": "AttentionHead", "flat": "FlatHead"}
    return tuple(HeadSpec(name=name, target=f"cosine_plugin.heads:{made}") for name, made in names.items())

@hookimpl
def modaxfer_strategies():
    names = ("near", "attentive", "misspelled", "unsaved", "flat")
    return tuple(StrategySpec(name=name, target=f"cosine_plugin.plans:{name}") for name in names)
"""

HEADS = """
import torch
from torch import nn

class CosineHead(nn.Module):
    def __init__(self, width, outputs, dropout=0.0, scale=10.0):
        super().__init__()
        self.scale, self.directions = scale, nn.Parameter(torch.randn(outputs, width))

    def forward(self, features):
        unit = nn.functional.normalize
        return self.scale * unit(features.pooled.float(), dim=1) @ unit(self.directions, dim=1).T

    def config(self):
        return {"width": self.directions.shape[1], "outputs": self.directions.shape[0], "scale": self.scale}

class FlatHead(CosineHead):
    def forward(self, pooled):
        return pooled @ self.directions.T

class AttentionHead(nn.Module):
    reads = "tokens"

    def __init__(self, width, outputs, dropout=0.0):
        super().__init__()
        self.asks, self.linear = nn.Linear(width, 1, bias=False), nn.Linear(width, outputs)

    def forward(self, features):
        tokens = features.tokens.float()
        scores = self.asks(tokens).masked_fill(~features.mask.unsqueeze(-1), -torch.inf)
        return self.linear((scores.softmax(1) * tokens).sum(1))

    def config(self):
        return {"width": self.linear.in_features, "outputs": self.linear.out_features}
"""

PLANS = """
from modaxfer.plan import Part, Phase, Plan

def named(head, **options):
    phase = Phase(trainable=frozenset({Part.HEAD}), learning_rates={Part.HEAD: 1e-2})
    return Plan(phases=(phase,), head=head, head_options=options)

def near(options, context):
    return named("cosine", scale=20.0)

def attentive(options, context):
    return named("attention")

def flat(options, context):
    return named("flat")

def misspelled(options, context):
    return named("cosinus")

def unsaved(options, context):
    return named("cosine", temperature=1)
"""

USE = """
import json, sys
import modaxfer
folder, data, output = sys.argv[1:]
request = {"encoder": folder, "data": data, "text": "text", "quiet": True, "device": "cpu"}
run = modaxfer.train(strategy="near", output=output, **request)
stored = json.load(open(output + "/model/model.json"))["head"]
again = run.evaluate()
told = {"kind": stored["kind"], "scale": stored["scale"], "same": again["metrics"] == again["stored"]}
for pooling in ("cls", "mean_std"):
    where = output + "-" + pooling
    run = modaxfer.train(strategy="attentive", output=where, set={"encoder.pooling": pooling}, **request)
    again = run.evaluate()
    scores = [row["scores"] for row in run.predict(request["data"])]
    told[pooling] = {"same": again["metrics"] == again["stored"], "scores": scores}
for strategy in ("misspelled", "unsaved", "flat"):
    try:
        modaxfer.train(strategy=strategy, output=output + "-" + strategy, **request)
    except modaxfer.ModaxferError as error:
        told[strategy] = str(error)
print(json.dumps(told))
"""


def test_it_is_trained_saved_and_read_by_its_id_and_refused_with_a_reason(site, tiny, own_rows, tmp_path):
    import json

    site.add("cosine", PLUGIN, heads=HEADS, plans=PLANS)
    data, output = own_rows("text")["data"], tmp_path / "run"
    done = site.warm_python(USE, str(tiny("bert")), data, str(output), MODAXFER_CACHE=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["kind"], told["scale"], told["same"]) == ("cosine/cosine", 20.0, True)
    assert told["cls"] == told["mean_std"], "a head that reads tokens is given tokens, however vectors are pooled"
    assert told["cls"]["same"]
    assert told["misspelled"].startswith("unknown head. Got: cosinus.")
    assert "did you mean cosine" in told["misspelled"]
    assert told["unsaved"].startswith("what head cosine/cosine is given does not fit it. Got: ")
    assert told["flat"].startswith(
        "head cosine/flat cannot read features (plugin cosine, cosine-plugin 1.0: cosine_plugin."
    )
    assert not output.with_name("run-misspelled").exists()
