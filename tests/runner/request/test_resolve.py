"""What cannot work is refused while a request is resolved, before a weight is loaded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modaxfer.config import EncoderOptions, RunConfig, TrainOptions, build
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.plan import SUPERVISED, Part, Phase, Plan, PlanContext, Reads, Solver
from modaxfer.registry import problem_spec, registry
from modaxfer.runner.compare.grid import read_grid
from modaxfer.runner.request.options import Options
from modaxfer.runner.request.parent import refuse_headless
from modaxfer.runner.request.rates import rates_set
from modaxfer.runner.request.request import read_request
from modaxfer.runner.request.resolve import resolve_tasks
from modaxfer.spec import Rates
from modaxfer.strategies import dann, fusion

SOLVED = Phase(name="solve", trainable=frozenset({Part.HEAD}), solver=Solver(target="x:y"))
TRAINED = Phase(trainable=frozenset({Part.HEAD}), learning_rates={Part.HEAD: 1e-3})
BODY = Phase(trainable=frozenset({Part.BODY}), learning_rates={Part.BODY: 1e-3})
FROZEN = RunConfig(encoder=("bert",), strategy="frozen", task=("digits",))


def test_a_loss_that_reads_tokens_takes_one_encoder(tiny, own_rows, monkeypatch, no_weights):
    plan = fusion.plan

    def reading(options, context):
        made = plan(options, context)
        (phase,) = made.phases
        term = replace(SUPERVISED, reads=frozenset({Reads.TOKENS}))
        return replace(made, phases=(replace(phase, losses=(term,)),))

    monkeypatch.setattr(fusion, "plan", reading)
    encoders, joined = (str(tiny("bert")), str(tiny("bert"))), {"strategy.how": "concat"}
    request = RunConfig(encoder=encoders, strategy="fusion", set=joined, **own_rows("text"))
    with pytest.raises(
        RefusedError,
        match=r"a loss of strategy fusion reads tokens or layers, which several encoders do not share.*2 encoders",
    ):
        resolve_tasks(request)


@pytest.mark.parametrize(
    ("phases", "got"),
    [((BODY,), "phases that move body"), ((Phase(trainable=frozenset()),), "move nothing")],
)
def test_a_plan_that_leaves_the_head_random_is_refused(phases, got):
    strategy = registry().get("strategy", "full")
    with pytest.raises(RefusedError, match=f"the plan of strategy modaxfer/full never trains the head.*{got}"):
        refuse_headless(Plan(phases=phases), strategy)
    refuse_headless(Plan(phases=(BODY, TRAINED)), strategy)
    refuse_headless(Plan(phases=(SOLVED,)), strategy)
    refuse_headless(Plan(phases=phases, head_from_run=True), strategy)


def test_seeds_stay_in_the_range_that_numpy_takes():
    with pytest.raises(ConfigError, match="seed: got 4294967296, must be at most 4294967295"):
        build(RunConfig, {"seed": 2**32})
    with pytest.raises(ConfigError, match=r"--seeds 3 from --seed 4294967294 on ends beyond the largest seed"):
        read_request(replace(FROZEN, seed=2**32 - 2, seeds=3))
    with pytest.raises(ConfigError, match=r"ends beyond the largest seed.*0 to 4294967295"):
        read_grid({"encoder": "bert", "strategy": "full", "task": "digits", "seed": 2**32 - 1, "seeds": 2})


@pytest.mark.parametrize(("strategy", "options"), [("full", {"strategy.head_first": True}), ("lora", {})])
def test_the_learning_rate_that_a_strategy_has_by_itself_is_known(tiny, own_rows, no_weights, strategy, options):
    asked = RunConfig(encoder=(str(tiny("bert")),), strategy=strategy, set=options, **own_rows("text"))
    (usual,) = resolve_tasks(replace(asked, learning_rate=7.0))
    rates = usual.towers[0].encoder.spec.rates
    assert usual.rates_set["--learning-rate"] == (7.0, {"full": rates.full, "lora": rates.adapter}[strategy])
    (itself,) = resolve_tasks(asked)
    assert itself.rates_set == {"train.bridge_rate": (1.0, 1.0)}


def test_options_of_a_strategy_that_set_a_rate_are_known_with_what_they_have_by_themselves(tiny, own_rows, no_weights):
    asked = RunConfig(encoder=(str(tiny("bert")),), strategy="tapt", **own_rows("text"))
    options = {"strategy.masked_rate": 3.0, "strategy.layer_decay": 0.5}
    (chosen,) = resolve_tasks(replace(asked, set=options))
    safe = chosen.towers[0].encoder.spec.rates.full
    assert chosen.rates_set == {"strategy.masked_rate": (3.0, safe), "train.bridge_rate": (1.0, 1.0)}
    context = PlanContext(
        rates=Rates(), depth=2, adapter_targets=(), problem=problem_spec("binary"), rows=9, source_rows=9, batch_size=4
    )
    own = dann.DannOptions(discriminator_rate=1e-4, strength=0.5)
    options = Options(strategy=own, bridges=(), encoder=EncoderOptions(), train=TrainOptions(bridge_rate=3.0))
    assert rates_set(options, dann.plan(own, context), context, dann.plan) == {
        "strategy.discriminator_rate": (1e-4, 1e-2),
        "train.bridge_rate": (3.0, 1.0),
    }
