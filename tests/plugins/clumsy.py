"""The source of an installed plugin with a fault of each kind at run time, and one of each that does nothing wrong."""

from __future__ import annotations

__all__ = ["ENCODERS", "PARTS", "PLANS", "PLUGIN", "TASKS"]

PLUGIN = """
from modaxfer import hookimpl
from modaxfer.spec import *

MODAXFER_API = 0
TEXTS = (Field(name="text", signal=TEXT),)

@hookimpl
def modaxfer_strategies():
    names = ("nothing", "empty", "rateless", "raises", "leaves", "headed", "scalar", "judged", "torn", "plain")
    return [StrategySpec(name=name, target=f"clumsy_plugin.plans:{name}") for name in names]

@hookimpl
def modaxfer_heads():
    return [HeadSpec(name="wide", target="clumsy_plugin.parts:Wide")]

@hookimpl
def modaxfer_bridges():
    names = ("Few", "Nameless", "Bare")
    return [BridgeSpec(name=name.lower(), source="text", sink="text", target=f"clumsy_plugin.parts:{name}")
            for name in names]

@hookimpl
def modaxfer_augmentations():
    return [AugmentationSpec(name="counted", signal="text", target="clumsy_plugin.parts:counted")]

@hookimpl
def modaxfer_encoders():
    names = ("Blank", "Narrow", "function")
    return [EncoderSpec(name=name.lower(), target=f"clumsy_plugin.encoders:{name}", inputs=(TEXT,),
                        model_types=("bert",)) for name in names]

@hookimpl
def modaxfer_tasks():
    def task(name, made, *metrics):
        source = SampleSource(target=f"clumsy_plugin.tasks:{made}")
        return TaskSpec(name=name, fields=TEXTS, target=Target(problem="binary"), sources=(source,), metrics=metrics)
    return [task("fine", "rows", "accuracy", "bursting", "arrays"), task("bursting", "rows", "bursting"),
            task("listed", "listed"), task("gone", "gone")]

@hookimpl
def modaxfer_metrics():
    return [MetricSpec(name=name, target=f"clumsy_plugin.parts:{name}", problems=("binary",))
            for name in ("bursting", "arrays")]

@hookimpl
def modaxfer_reports():
    return [ReportSpec(name="card", target="clumsy_plugin.parts:report")]
"""

PLANS = """
from modaxfer.plan import *

def made(**more):
    rates = {Part.HEAD: 1e-3}
    head = more.pop("head", "")
    return Plan(phases=(Phase(trainable=frozenset(rates), learning_rates=rates, **more),), head=head)

def plain(options, context):
    return made()

def nothing(options, context):
    made()

def empty(options, context):
    return Plan(phases=())

def rateless(options, context):
    return Plan(phases=(Phase(trainable=frozenset({Part.HEAD})),))

def raises(options, context):
    return {}["rank"]

def leaves(options, context):
    raise SystemExit(3)

def headed(options, context):
    return made(head="wide")

def scalar(options, context):
    return made(losses=(LossTerm(name="flat", target="clumsy_plugin.parts:Flat"),))

def judged(options, context):
    return made(validator=Component(target="clumsy_plugin.parts:Broken"))

def torn(options, context):
    return made(streams={"train": Stream(transforms=("counted",))})
"""

PARTS = """
import numpy as np
from torch import nn

class Wide(nn.Module):
    def __init__(self, width, outputs, dropout=0.0):
        super().__init__()
        self.sizes, self.linear = {"width": width, "outputs": outputs}, nn.Linear(width, outputs + 1)

    def forward(self, features):
        return self.linear(features.pooled)

    def config(self):
        return self.sizes

class Few:
    identity = "few"

    def __init__(self, options, fields, layout, root):
        self.field = fields[0].name

    def __call__(self, rows):
        return [(row[self.field],) for row in rows][1:]

class Bare(Few):
    identity = "bare"

    def __call__(self, rows):
        return [row[self.field] for row in rows]

class Nameless(Few):
    identity = None

class Flat(nn.Module):
    def __init__(self, context):
        super().__init__()

    def forward(self, step):
        return step.only.outputs.mean()

class Broken:
    needs_labels = True

    def __init__(self, context):
        pass

    def __call__(self, seen):
        return seen["trane"]

def counted(text, strength, generator):
    return len(text)

def bursting(references, predictions, scores):
    raise ZeroDivisionError("no such class")

def arrays(references, predictions, scores):
    return np.ones(3)

def report(result, folder):
    return result.nowhere
"""

ENCODERS = """
from dataclasses import replace
from modaxfer.encoders.text import BertEncoder

class Blank(BertEncoder):
    def finish(self, hidden):
        return replace(hidden, tokens=hidden.tokens * float("nan"))

class Narrow(BertEncoder):
    def embed(self, batch):
        hidden = super().embed(batch)
        return replace(hidden, tokens=hidden.tokens[..., 1:])

def function(config):
    return None
"""

TASKS = """
import pyarrow as pa

def rows(seed):
    words = ["fine", "good", "kind", "bad", "poor", "grim"]
    texts = [f"{words[number % 6]} number {number}" for number in range(48)]
    return {"train": pa.table({"text": texts, "label": ["yes" if n % 6 < 3 else "no" for n in range(48)]})}

def listed(seed):
    return {"train": [{"text": "fine", "label": "yes"}]}

def gone(seed):
    return {"train": pa.table({"text": [None, ""] * 20, "label": ["yes", "no"] * 20}, )}
"""
