"""Plans of several encoders and of several tasks."""

import json
from dataclasses import replace

import pytest
import torch

from heads_read import said
from modaxfer.config import build
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.plan import Alternate, Part, Phase, PlanContext, Stream
from modaxfer.registry import load_target, problem_spec, registry
from modaxfer.spec import Rates
from modaxfer.strategies import full, fusion, lora, multitask
from modaxfer.strategies.full import FullOptions
from modaxfer.strategies.fusion import FusionOptions
from modaxfer.strategies.lora import LoraOptions
from modaxfer.strategies.multitask import MultitaskOptions
from modaxfer.strategies.schedule import ADAPTER_LENGTH, HEAD_LENGTH
from problem_names import PROBLEMS

RATES = Rates(full=1e-4, adapter=2e-3, head_multiplier=10, layer_decay=0.8)


def context(**changes):
    values = {
        "rates": RATES,
        "depth": 6,
        "adapter_targets": ("query", "q_proj"),
        "problem": problem_spec("multilabel"),
        "rows": 2000,
        "batch_size": 32,
    }
    return PlanContext(**values | changes)


@pytest.mark.parametrize("how", ["concat", "gated", "cross", "vote"])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_head_that_a_plan_names_is_there_and_takes_its_options(how, problem):
    joined = fusion.plan(FusionOptions(how=how), context(problem=problem_spec(problem))).fusion
    assert joined.segments == (8 if how == "cross" else 0)
    options = json.loads(json.dumps(joined.options))
    widths = [max(joined.segments, 1) * hidden for hidden in (6, 10)]
    target = load_target(registry().get("head", joined.head).spec.target)
    head = target(widths=widths, outputs=1, dropout=0.1, options=options)
    assert (head.options.how, head.options.modality_dropout) == (how, 0.2)
    assert head.options.problem == problem
    assert said(head.eval(), torch.cat([torch.ones(3, 2), torch.randn(3, sum(widths))], dim=1)).shape == (3, 1)


def test_over_frozen_encoders_only_the_head_moves_longer_and_at_its_own_rate():
    plan = fusion.plan(FusionOptions(how="concat"), context())
    (phase,) = plan.phases
    assert (phase.trainable, phase.learning_rates, plan.adapter) == ({Part.HEAD}, {Part.HEAD: 3e-3}, None)
    assert phase.epochs == HEAD_LENGTH.epochs(context()) > ADAPTER_LENGTH.epochs(context())


def test_by_default_frozen_encoders_are_joined_without_steps():
    options = FusionOptions(among=("part", "stack"), folds=3)
    (phase,) = fusion.plan(options, context()).phases
    assert (phase.trainable, phase.solver.several) == ({Part.HEAD}, True)
    assert load_target(phase.solver.target).__module__ == "modaxfer.heads.fusion.solve"
    assert phase.solver.options is options


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ({"underneath": "lora"}, {}),
        ({}, {"trained_bridge": True}),
        ({}, {"problem": replace(problem_spec("multiclass"), name="ordinal", link="")}),
    ],
)
def test_what_cannot_be_solved_for_is_joined_side_by_side(options, changes):
    plan = fusion.plan(FusionOptions(**options), context(**changes))
    assert plan.phases[0].solver is None
    assert plan == fusion.plan(FusionOptions(how="concat", **options), context(**changes))


def test_a_head_with_attention_is_trained_more_gently():
    (phase,) = fusion.plan(FusionOptions(how="cross"), context()).phases
    assert phase.learning_rates == {Part.HEAD: 1e-3}


def test_a_bridge_with_weights_moves_with_the_head():
    (phase,) = fusion.plan(FusionOptions(), context(trained_bridge=True)).phases
    assert phase.learning_rates == {Part.HEAD: pytest.approx(1e-3), Part.BRIDGE: pytest.approx(1e-3)}
    assert phase.trainable == set(phase.learning_rates)
    assert phase.epochs == ADAPTER_LENGTH.epochs(context())


def test_wishes_win_over_frozen_encoders():
    (phase,) = fusion.plan(FusionOptions(how="concat"), context(epochs=3, learning_rate=1e-2)).phases
    assert (phase.epochs, phase.learning_rates) == (3, {Part.HEAD: 1e-2})


@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize(("plan", "options"), [(fusion.plan, FusionOptions), (multitask.plan, MultitaskOptions)])
def test_underneath_it_is_the_strategy_of_that_name(plan, options, trained):
    told = context(trained_bridge=trained, learning_rate=3e-4)
    made = plan(options(underneath="lora", rank=4, alpha=8, targets=("dense",)), told)
    alike = lora.plan(LoraOptions(rank=4, alpha=8, targets=("dense",)), told)
    assert (unshared(made), made.adapter) == (alike.phases, alike.adapter)
    made = plan(options(underneath="full", layer_decay=0.5), told)
    assert unshared(made) == full.plan(FullOptions(layer_decay=0.5), told).phases
    assert unshared(plan(options(underneath="full"), told)) == full.plan(FullOptions(), told).phases


def unshared(plan):
    """Return the phases of a plan as they would be for one task."""
    plain = Phase(trainable=frozenset())
    return tuple(replace(phase, streams=plain.streams, mixing=plain.mixing) for phase in plan.phases)


def test_tasks_share_everything_by_default():
    plan = multitask.plan(MultitaskOptions(), context(tasks=2))
    (phase,) = plan.phases
    assert phase.streams == {"task-0": Stream(task=0), "task-1": Stream(task=1)}
    assert (phase.mixing, phase.combine, plan.alone) == (Alternate(temperature=2.0), Phase.combine, True)
    assert phase.trainable == {Part.BODY, Part.EMBEDDINGS, Part.HEAD}
    assert plan.fusion is None


def test_sharing_is_as_wished():
    options = build(MultitaskOptions, {"temperature": "5", "weighting": "uncertainty", "alone": "no"})
    plan = multitask.plan(options, context(tasks=2))
    assert (plan.phases[0].mixing, plan.alone) == (Alternate(temperature=5.0), False)
    assert plan.phases[0].combine.target == "modaxfer.losses.uncertainty:Uncertainty"
    # A task alone has no other to be weighed against.
    assert multitask.plan(options, context()).phases[0].combine == Phase.combine


def test_a_frozen_encoder_is_not_shared():
    message = r"tasks share nothing that moves.*Got: strategy.underneath=frozen.*Allowed: full, lora.*--strategy frozen"
    with pytest.raises(RefusedError, match=message):
        multitask.plan(MultitaskOptions(underneath="frozen"), context())


@pytest.mark.parametrize(
    ("plan", "options", "message"),
    [
        (fusion.plan, FusionOptions(how="sum"), r"strategy.how: got 'sum', allowed auto, concat, gated, cross, vote"),
        (
            fusion.plan,
            FusionOptions(underneath="none"),
            r"strategy.underneath: got 'none', allowed full, lora, adapter, frozen",
        ),
        (
            fusion.plan,
            FusionOptions(how="gated", modality_dropout=1.0),
            r"strategy.modality_dropout is out of range.*below 1",
        ),
        (fusion.plan, FusionOptions(how="cross", width=30), r"strategy.width does not divide.*Got: 30.*multiples of 4"),
        (fusion.plan, FusionOptions(how="vote", hidden=8), r"strategy.hidden would do nothing with how=vote.*hidden=8"),
        (
            fusion.plan,
            FusionOptions(how="concat", segments=4),
            r"strategy.segments would do nothing with how=concat.*segments=4",
        ),
        (fusion.plan, FusionOptions(how="gated", blocks=2), r"strategy.blocks would do nothing with how=gated"),
        (fusion.plan, FusionOptions(how="concat", width=64), r"strategy.width would do nothing with how=concat"),
        (
            fusion.plan,
            FusionOptions(among=("stack", "sum")),
            r"strategy.among names no way to join.*sum.*part, vote, st",
        ),
        (fusion.plan, FusionOptions(among=()), r"strategy.among names no way to join.*none"),
        (fusion.plan, FusionOptions(hidden=8), r"strategy.hidden would do nothing with how=auto over frozen encoders"),
        (fusion.plan, FusionOptions(how="gated", folds=8), r"strategy.folds would do nothing with how=gated.*folds=8"),
        (
            fusion.plan,
            FusionOptions(underneath="full", folds=8),
            r"strategy.folds would do nothing with encoders that m",
        ),
        (fusion.plan, FusionOptions(layer="9"), r"strategy.layer is no layer of this encoder.*Got: 9"),
        (fusion.plan, FusionOptions(rank=8), r"strategy.rank would do nothing with underneath=frozen"),
        (
            fusion.plan,
            FusionOptions(underneath="full", targets=("query",), alpha=4),
            r"strategy.alpha, strategy.targets would do nothing with underneath=full.*alpha=4, targets=\('query',\)",
        ),
        (fusion.plan, FusionOptions(underneath="lora", layer_decay=0.5), r"strategy.layer_decay would do nothing with"),
        (multitask.plan, MultitaskOptions(temperature=0.5), r"strategy.temperature: got 0.5, must be at least 1.0"),
        (multitask.plan, MultitaskOptions(weighting="best"), r"strategy.weighting: got 'best', allowed sum, uncert"),
        (multitask.plan, MultitaskOptions(rank=8), r"strategy.rank would do nothing with underneath=full.*rank=8"),
        (multitask.plan, MultitaskOptions(layer_decay=2.0), r"strategy.layer_decay is out of range.*Got: 2.0"),
    ],
)
def test_options_out_of_range_or_without_effect_are_refused(plan, options, message):
    with pytest.raises(ConfigError, match=message):
        plan(options, context())


def test_a_vote_on_outputs_that_are_no_probabilities_is_refused() -> None:
    unfit = context(problem=replace(problem_spec("multiclass"), name="ordinal", link=""))
    with pytest.raises(RefusedError, match=r"a vote does not fit a task of the problem ordinal.*concat, gated, cross"):
        fusion.plan(FusionOptions(how="vote"), unfit)
