"""Each check of strategies finds the broken twin that is made for it."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
import torch

from made_subjects import subject_of
from modaxfer.contracts import Answers, Sealed
from modaxfer.encoders.checkpoints import resolve
from modaxfer.plan import AdapterSpec, Part, Phase, Plan
from modaxfer.spec import StrategySpec
from modaxfer.testing import CheckFailedError
from modaxfer.testing.checks import strategies
from modaxfer.testing.material.encoder_cases import opened, tiny_encoder
from modaxfer.testing.material.strategy_cases import Carried, watched

HEAD = Phase(trainable=frozenset({Part.HEAD}), learning_rates={Part.HEAD: 1e-3})
LORA = AdapterSpec(method="lora", targets=("query", "value"), options={"r": 2})
COUNT = itertools.count(1)


def sound(options, context):
    return Plan(phases=(HEAD,))


def silent(options, context):
    return None


def restless(options, context):
    return Plan(phases=(replace(HEAD, epochs=float(next(COUNT))),))


def still(options, context):
    return Plan(phases=(replace(HEAD, learning_rates={Part.HEAD: 0.0}),))


def subject(plan, **spec):
    return subject_of("strategy", StrategySpec(name="twin", target="twin:plan", **spec), plan)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (silent, r"writes no plan\. Got: NoneType\. Allowed: a modaxfer\.plan\.Plan"),
        (restless, r"told the same, writes two plans"),
        (still, r"phase train has rates that move nothing\. Got: head"),
    ],
)
def test_a_broken_plan_is_found_out(plan, message):
    strategies.writes_plans.run(subject(sound))
    with pytest.raises(CheckFailedError, match=message):
        strategies.writes_plans.run(subject(plan))


def test_one_that_adapts_and_reads_labels_is_found_out():
    with pytest.raises(CheckFailedError, match=r"reads the labels of the task it adapts to.*Labels\.HIDDEN"):
        strategies.hides_targets_that_it_says_to_hide.run(subject(sound, adapts=True))


def test_a_broken_seal_is_found_out():
    with pytest.raises(CheckFailedError, match="targets that are sealed were opened while training"):
        watched({"test": Sealed(Answers(targets=torch.zeros(2).numpy()))})["test"].unseal()


def carried(**moved):
    before = {"head": torch.zeros(2), "body": torch.zeros(2)}
    after = {name: one + moved.get(name, 0.0) for name, one in before.items()}
    return Carried(
        plan=Plan(phases=(HEAD,)),
        before=before,
        after=after,
        parts={"head": Part.HEAD, "body": Part.BODY},
        declared=frozenset({"head"}),
    )


def test_what_moves_in_secret_or_not_at_all_is_found_out():
    strategies.require_moves(carried(head=1.0))
    with pytest.raises(CheckFailedError, match=r"moves what no phase declares\. Got: body \(body\)\. Allowed: head"):
        strategies.require_moves(carried(head=1.0, body=1e-6))
    with pytest.raises(CheckFailedError, match=r"a strategy moves nothing\. Got: train"):
        strategies.require_moves(carried())


@pytest.fixture(scope="module")
def base():
    return opened("bert", resolve(str(tiny_encoder("bert"))))[0]


def test_an_adapter_that_changes_the_base_is_found_out(base):
    strategies.require_disabled_is_base(base, LORA)
    pissa = replace(LORA, options={"r": 2, "init_lora_weights": "pissa"})
    with pytest.raises(CheckFailedError, match=r"by lora, switched off, is not the base.*change no weight of the base"):
        strategies.require_disabled_is_base(base, pissa)


def test_an_adapter_that_merges_by_half_is_found_out(base, monkeypatch):
    strategies.require_merged_is_same(base, LORA)

    def by_half(encoder):
        with torch.no_grad():
            encoder.layers[0].attention.self.query.base_layer.weight.mul_(0.5)

    monkeypatch.setattr(strategies, "merge_adapter", by_half)
    with pytest.raises(CheckFailedError, match=r"by lora, merged, says something else"):
        strategies.require_merged_is_same(base, LORA)
