"""What a hook returns is checked field by field before any of it is registered."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from modaxfer.registry.records import KINDS, LoadError
from modaxfer.registry.spec_checks import TARGET, check_specs
from modaxfer.spec import (
    TEXT,
    BridgeSpec,
    CheckpointSpec,
    EncoderSpec,
    Field,
    FolderSource,
    MetricSpec,
    Rates,
    Signal,
    Source,
    StrategySpec,
    Target,
    TaskSpec,
)


@dataclass(frozen=True, kw_only=True)
class OwnSource(Source):
    """A source that a plugin brings."""

    anything: list[int]


def encoder(**changes):
    return EncoderSpec(**{"name": "fine", "target": "a.b:C", "inputs": (TEXT,)} | changes)


def task(**changes):
    return TaskSpec(**{"name": "fine", "target": Target(), "sources": (), "fields": ()} | changes)


def test_good_specs_pass_as_a_tuple():
    assert check_specs(KINDS["encoder"], iter([encoder()])) == (encoder(),)
    assert check_specs(KINDS["task"], []) == ()
    checkpoint = CheckpointSpec(name="c", encoder="modaxfer/bert", hub_id="a/b")
    assert check_specs(KINDS["checkpoint"], [checkpoint]) == (checkpoint,)
    check_specs(KINDS["task"], [task(sources=(FolderSource(name="f", reader="a:b"), OwnSource(anything=[1])))])
    check_specs(KINDS["encoder"], [encoder(rates=Rates(full=1), inputs=(Signal(kind="text"),))])


@pytest.mark.parametrize(
    ("kind", "returned", "message"),
    [
        ("encoder", None, "modaxfer_encoders() returned nothing, expected a list of EncoderSpec"),
        ("encoder", encoder(), "modaxfer_encoders() returned one EncoderSpec 'fine', expected a list of EncoderSpec"),
        ("encoder", "fine", "modaxfer_encoders() returned str 'fine', expected a list of EncoderSpec"),
        ("encoder", EncoderSpec, "modaxfer_encoders() returned the class EncoderSpec, expected a list"),
        (
            "encoder",
            [Signal],
            "returned the class Signal, expected EncoderSpec; return EncoderSpec(name=..., target='modaxfer.spec:S",
        ),
        ("task", [encoder()], "modaxfer_tasks() returned one EncoderSpec 'fine', expected TaskSpec; return TaskSpec("),
        (
            "task",
            [{"name": "x"}],
            "modaxfer_tasks() returned dict {'name': 'x'}, expected TaskSpec; return TaskSpec(name=..., ...)",
        ),
        ("encoder", [encoder(name="Fine")], "encoder name 'Fine' is not valid; use lower-case letters, digits"),
        ("encoder", [encoder(name="mine/fine")], "encoder name 'mine/fine' is not valid"),
        ("encoder", [encoder(name="-fine")], "encoder name '-fine' is not valid"),
        ("encoder", [encoder(name="fine\n")], "encoder name 'fine\\n' is not valid"),
        ("encoder", [encoder(name="")], "encoder name '' is not valid"),
        ("encoder", [encoder(name=3)], "encoder name 3 is not valid"),
        ("encoder", [encoder(target="a.b.C")], "encoder 'fine': target is 'a.b.C', expected 'package.module:"),
        ("encoder", [encoder(target="")], "encoder 'fine': target is empty, expected 'package.module:Attribute'"),
        (
            "encoder",
            [encoder(target=Signal)],
            "target is the class Signal, expected str: code is named by a string, 'modaxfer.spec:Signal', and imported",
        ),
        (
            "encoder",
            [encoder(inputs=TEXT)],
            "expected tuple[Signal, ...] (a tuple of one is written with a comma: (x,))",
        ),
        ("encoder", [encoder(inputs=("text",))], "encoder 'fine': inputs is ('text',), expected tuple[Signal, ...]"),
        ("encoder", [encoder(inputs=[TEXT])], "expected tuple[Signal, ...]"),
        ("encoder", [encoder(rates=Rates(full="fast"))], "encoder 'fine': rates: full is 'fast', expected float"),
        (
            "task",
            [task(fields=(Field(name="x", signal="text"),))],
            "task 'fine': fields: signal is 'text', expected Signal: TEXT, IMAGE, AUDIO, TABLE or WORDS",
        ),
        ("task", [task(target=Target(problem=2))], "task 'fine': target: problem is 2, expected str"),
        (
            "task",
            [task(sources=(FolderSource(name="f", reader="reader"),))],
            "task 'fine': sources: reader is 'reader', expected 'package",
        ),
        (
            "strategy",
            [StrategySpec(name="s", target="a:b", options="Options")],
            "strategy 's': options is 'Options', expected 'package",
        ),
        ("bridge", [BridgeSpec(name="b", source="text", sink="text", target="a b:c")], "bridge 'b': target is 'a b:c'"),
        (
            "metric",
            [MetricSpec(name="m", target="a:b", problems="binary")],
            "metric 'm': problems is 'binary', expected tuple[str, ...]",
        ),
    ],
)
def test_bad_specs_are_refused_with_the_place(kind, returned, message):
    with pytest.raises(LoadError, match=re.escape(message)):
        check_specs(KINDS[kind], returned)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("a:b", True),
        ("pkg.mod:Class.method", True),
        ("_p1.m:_f", True),
        ("a.b", False),
        (":b", False),
        ("a:", False),
        ("a..b:c", False),
        ("a:b:c", False),
        ("1a:b", False),
        ("a-b:c", False),
        ("a:b\n", False),
    ],
)
def test_form_of_targets(text, good):
    assert bool(TARGET.fullmatch(text)) is good
