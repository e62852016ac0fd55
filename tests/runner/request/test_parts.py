"""Which parts of rows are read, and what cannot read them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from modaxfer.config import EncoderOptions
from modaxfer.contracts import ragged
from modaxfer.errors import RefusedError
from modaxfer.plan import SUPERVISED, Component, Fusion, Labels, LossTerm, Part, Phase, Plan, Solver, Stream
from modaxfer.registry import registry
from modaxfer.runner.request.parts import parts_read, refuse_plan, refuse_way
from modaxfer.spec import AUDIO, IMAGE, TABLE, TEXT, WORDS, Field


def field(signal):
    return Field(name="column", signal=signal)


def data(count):
    return SimpleNamespace(targets={"train": ragged([np.array(["O"] * count, dtype=object)])})


@pytest.mark.parametrize(
    ("signal", "count", "read"), [(WORDS, 7, ("words", 0)), (IMAGE, 9, ("cells", 9)), (AUDIO, 7, ("stretches", 7))]
)
def test_parts_of_each_signal(signal, count, read):
    assert parts_read((field(signal),), data(count)) == read


def test_tags_of_an_image_are_a_square():
    with pytest.raises(RefusedError, match="must be a square grid"):
        parts_read((field(IMAGE),), data(8))


def way(signals, bridge, encoder="bert", **options):
    fields = tuple(field(signal) for signal in signals)
    found = SimpleNamespace(spec=registry().get("encoder", encoder).spec, checkpoint="checkpoint")
    refuse_way(fields, registry().get("bridge", bridge), found, EncoderOptions(**options))


@pytest.mark.parametrize(
    ("signals", "bridge", "encoder"),
    [
        ([WORDS], "native-words", "bert"),
        ([WORDS], "render-words", "vit"),
        ([IMAGE], "native-image", "vit"),
        ([IMAGE], "native-image", "auto"),
        ([AUDIO], "native-audio", "whisper"),
    ],
)
def test_ways_that_keep_parts_apart(signals, bridge, encoder):
    way(signals, bridge, encoder)


@pytest.mark.parametrize(
    ("signals", "bridge", "encoder", "why"),
    [
        ([TEXT], "native-text", "bert", "words of a text are tagged"),
        ([TABLE], "serialise", "bert", "words of a text are tagged"),
        ([WORDS, WORDS], "native-words", "bert", "words of a text are tagged"),
        ([AUDIO], "spectrogram", "vit", "does not say which tokens belong to which part of the audio"),
        ([IMAGE], "embed", "bert", "does not say which tokens belong to which part of the image"),
        ([AUDIO], "native-audio", "auto", "nothing is known of the order of the tokens"),
    ],
)
def test_ways_that_mix_parts(signals, bridge, encoder, why):
    with pytest.raises(RefusedError, match=why):
        way(signals, bridge, encoder)


def test_a_pooling_of_rows_is_refused():
    with pytest.raises(RefusedError, match=r"encoder\.pooling makes one vector of a row"):
        way([WORDS], "native-words", pooling="cls")


def phase(**more):
    return Phase(trainable=frozenset({Part.HEAD}), learning_rates={Part.HEAD: 1e-3}, **more)


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (Plan(phases=(phase(),), fusion=Fusion()), "fuses the vectors of rows"),
        (Plan(phases=(phase(streams={"one": Stream(), "other": Stream(task=1)}),)), "draws from several streams"),
        (Plan(phases=(phase(streams={"one": Stream(labels=Labels.HIDDEN)}),)), "hides labels"),
        (Plan(phases=(phase(streams={"one": Stream(transforms=("flip",))}),)), "makes rows again"),
        (Plan(phases=(phase(validator=Component(target="a:b")),)), "is judged by vectors of rows"),
        (Plan(phases=(phase(solver=Solver(target="a:b")),)), "solves a head on vectors of rows"),
        (
            Plan(phases=(phase(losses=(SUPERVISED, LossTerm(name="coral", target="a:b"))),)),
            r"not made for tags \(coral\)",
        ),
    ],
)
def test_plans_that_read_one_vector_of_a_row(plan, why):
    with pytest.raises(RefusedError, match=why):
        refuse_plan(plan, registry().get("strategy", "full"))


def test_strategies_that_may_tag_are_asked_of_the_registry():
    with pytest.raises(RefusedError, match=r"such as full, lora, .*frozen"):
        refuse_plan(Plan(phases=(phase(validator=Component(target="a:b")),)), registry().get("strategy", "coral"))


def test_a_plan_of_the_tasks_own_loss_goes():
    refuse_plan(Plan(phases=(phase(),)), registry().get("strategy", "full"))
