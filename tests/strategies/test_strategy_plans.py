"""One table of strategy x behaviour; a plan is data, so that its tests read it."""

from dataclasses import replace

import pytest

from modaxfer.config import build
from modaxfer.errors import ConfigError, RefusedError, UnknownNameError
from modaxfer.plan import SUPERVISED, Part, PlanContext, Reads
from modaxfer.registry import problem_spec
from modaxfer.spec import Rates
from modaxfer.strategies import frozen, full, lora
from modaxfer.strategies.frozen import FrozenOptions
from modaxfer.strategies.full import FullOptions
from modaxfer.strategies.lora import LoraOptions
from modaxfer.strategies.schedule import ADAPTER_LENGTH, FULL_LENGTH, HEAD_LENGTH

RATES = Rates(full=1e-4, adapter=2e-3, head_multiplier=10, layer_decay=0.8)
GRADIENT = {"full": (full.plan, FullOptions), "lora": (lora.plan, LoraOptions)}


def context(**changes):
    values = {
        "rates": RATES,
        "depth": 6,
        "adapter_targets": ("query", "value"),
        "problem": problem_spec("multiclass"),
        "rows": 2000,
        "batch_size": 32,
    }
    return PlanContext(**values | changes)


def test_full_moves_everything_and_the_head_faster():
    plan = full.plan(FullOptions(), context())
    (phase,) = plan.phases
    assert phase.trainable == {Part.EMBEDDINGS, Part.BODY, Part.HEAD}
    assert phase.learning_rates == {Part.BODY: 1e-4, Part.EMBEDDINGS: 1e-4, Part.HEAD: pytest.approx(1e-3)}
    assert (phase.layer_decay, phase.from_layer, plan.adapter) == (0.8, 0, None)


def test_in_a_random_body_all_layers_are_fresh():
    (phase,) = full.plan(FullOptions(), context(pretrained=False, learning_rate=2e-4)).phases
    assert phase.learning_rates == dict.fromkeys((Part.BODY, Part.EMBEDDINGS, Part.HEAD), 2e-4)
    assert phase.layer_decay == 1.0
    assert full.plan(FullOptions(layer_decay=0.5), context(pretrained=False)).phases[0].layer_decay == 0.5


def test_full_from_a_layer_upwards_leaves_the_embeddings():
    (phase,) = full.plan(FullOptions(from_layer=4, layer_decay=1.0), context()).phases
    assert phase.trainable == {Part.BODY, Part.HEAD}
    assert (phase.layer_decay, phase.from_layer) == (1.0, 4)


def test_head_first_is_a_phase_of_its_own():
    first, second = full.plan(FullOptions(head_first=True), context()).phases
    assert first.trainable == {Part.HEAD}
    assert first.learning_rates == {Part.HEAD: pytest.approx(1e-3)}
    assert second.trainable == {Part.EMBEDDINGS, Part.BODY, Part.HEAD}
    assert set(second.learning_rates.values()) == {1e-4}


def test_lora_moves_the_adapter_and_the_head():
    plan = lora.plan(LoraOptions(), context())
    (phase,) = plan.phases
    assert phase.trainable == {Part.ADAPTER, Part.HEAD}
    assert phase.learning_rates == {Part.ADAPTER: 2e-3, Part.HEAD: pytest.approx(1e-3)}
    assert (plan.adapter.method, plan.adapter.targets) == ("lora", ("query", "value"))
    assert plan.adapter.options["r"] == 16
    assert plan.adapter.options["lora_alpha"] == 32


def test_lora_options_are_what_peft_knows():
    from peft import LoraConfig

    options = build(LoraOptions, {"rank": "4", "alpha": "8", "targets": "q,k", "dora": "yes", "rslora": "1"})
    adapter = lora.plan(options, context()).adapter
    config = LoraConfig(target_modules=list(adapter.targets), **adapter.options)
    assert (config.r, config.lora_alpha, config.use_dora, config.use_rslora) == (4, 8, True, True)
    assert adapter.targets == ("q", "k")


def test_frozen_is_solved():
    options = FrozenOptions(head="knn")
    plan = frozen.plan(options, context())
    (phase,) = plan.phases
    assert phase.trainable == {Part.HEAD}
    assert phase.solver.target == "modaxfer.heads.classical:fit"
    assert phase.solver.options is options
    assert plan.adapter is None


def test_the_solver_is_there():
    from modaxfer.heads.classical import fit
    from modaxfer.registry.targets import load_target

    (phase,) = frozen.plan(FrozenOptions(), context()).phases
    assert load_target(phase.solver.target) is fit


@pytest.mark.parametrize("name", GRADIENT)
def test_a_bridge_with_weights_is_trained_in_every_phase(name):
    plan, options = GRADIENT[name]
    phases = plan(options(), context(trained_bridge=True)).phases
    assert all(Part.BRIDGE in phase.trainable for phase in phases)


def test_a_bridge_with_weights_is_trained_while_the_head_is_alone():
    phases = full.plan(FullOptions(head_first=True), context(trained_bridge=True)).phases
    assert [Part.BRIDGE in phase.trainable for phase in phases] == [True, True]


@pytest.mark.parametrize("name", GRADIENT)
def test_wishes_win(name):
    plan, options = GRADIENT[name]
    usual = plan(options(), context()).phases[0]
    asked = plan(options(), context(epochs=2.5, learning_rate=3e-5)).phases[0]
    main = Part.BODY if name == "full" else Part.ADAPTER
    assert asked.epochs == 2.5
    assert asked.learning_rates[main] == 3e-5
    for rates in (usual.learning_rates, asked.learning_rates):
        assert rates[Part.HEAD] / rates[main] == pytest.approx(10 if name == "full" else 0.5)


@pytest.mark.parametrize(
    ("length", "rows", "epochs"),
    [
        (FULL_LENGTH, 16, 60),
        (FULL_LENGTH, 48, 30),
        (FULL_LENGTH, 80, 20),
        (FULL_LENGTH, 161, 10),
        (FULL_LENGTH, 2000, 6.5),
        (FULL_LENGTH, 100_000, 3),
        (ADAPTER_LENGTH, 100, 15),
        (ADAPTER_LENGTH, 2000, 9.5),
        (ADAPTER_LENGTH, 100_000, 5),
    ],
)
def test_small_data_is_seen_more_often(length, rows, epochs):
    """Of the whole body at least 60 steps of 32 rows, in whole epochs."""
    assert length.epochs(context(rows=rows)) == epochs


def test_the_least_number_of_steps_is_counted_in_batches_and_gives_way_to_the_user():
    assert FULL_LENGTH.epochs(context(rows=48, batch_size=16)) == 20
    assert FULL_LENGTH.epochs(context(rows=48, batch_size=7)) == 10
    assert FULL_LENGTH.epochs(context(rows=16, epochs=2.0)) == 2
    assert HEAD_LENGTH.epochs(context(rows=16)) == 40


@pytest.mark.parametrize("name", GRADIENT)
@pytest.mark.parametrize("setting", ["epochs", "learning_rate"])
def test_settings_that_train_nothing_are_refused(name, setting):
    plan, options = GRADIENT[name]
    with pytest.raises(ConfigError, match=rf"{setting} must be above 0.*Got: 0.*leave {setting} out"):
        plan(options(), context(**{setting: 0.0}))


@pytest.mark.parametrize(
    ("plan", "options", "message"),
    [
        (full.plan, FullOptions(from_layer=6), r"from_layer leaves no layer to train.*Got: 6.*Allowed: 0 to 5"),
        (full.plan, FullOptions(from_layer=-1), r"strategy.from_layer: got -1, must be at least 0"),
        (full.plan, FullOptions(layer_decay=1.5), r"strategy.layer_decay is out of range.*Got: 1.5.*Allowed: 0 to 1"),
        (full.plan, FullOptions(layer_decay=0.0), r"layer_decay 0 would freeze all layers but the last.*from_layer"),
        (lora.plan, LoraOptions(rank=0), r"strategy.rank: got 0, must be at least 1"),
        (lora.plan, LoraOptions(alpha=0), r"strategy.alpha: got 0, must be at least 1"),
        (lora.plan, LoraOptions(dropout=1.0), r"strategy.dropout is out of range.*Got: 1.0.*Allowed: 0 to below 1"),
        (lora.plan, LoraOptions(from_layer=7), r"from_layer leaves no layer to train.*Got: 7"),
        (frozen.plan, FrozenOptions(reduction="tsne"), r"strategy.reduction: got 'tsne', allowed auto, none, pca"),
        (frozen.plan, FrozenOptions(pooling="max"), r"strategy.pooling: got 'max', allowed auto, cls, mean, mean_std"),
        (frozen.plan, FrozenOptions(folds=1), r"strategy.folds: got 1, must be at least 2"),
        (frozen.plan, FrozenOptions(components=0), r"strategy.components: got 0, must be at least 1"),
        (frozen.plan, FrozenOptions(layer="7"), r"strategy.layer is no layer of this encoder.*Got: 7.*to 6"),
        (frozen.plan, FrozenOptions(layer="first"), r"strategy.layer is no layer.*Got: first.*auto, mix, last"),
    ],
)
def test_options_out_of_range_are_refused(plan, options, message):
    with pytest.raises(ConfigError, match=message):
        plan(options, context())


def test_an_unknown_head_is_named_with_those_there_are():
    with pytest.raises(
        UnknownNameError, match=r"unknown classical head. Got: forest. Allowed: .*lda.*list classical_he"
    ):
        frozen.plan(FrozenOptions(head="forest"), context())


@pytest.mark.parametrize(
    ("problem", "options", "message"),
    [
        ("regression", FrozenOptions(head="lda"), r"head lda does not fit a regression task.*auto, ridge, knn"),
        ("regression", FrozenOptions(head="logistic"), r"head logistic does not fit a regression"),
        ("multilabel", FrozenOptions(reduction="lda"), r"an LDA reduction does not fit a multilabel task"),
        (
            "multilabel",
            FrozenOptions(head="lda"),
            r"head lda does not fit a multilabel task.*auto, ridge, logistic, knn",
        ),
    ],
)
def test_frozen_heads_that_do_not_fit_are_refused_before_anything_is_loaded(problem, options, message):
    with pytest.raises(RefusedError, match=message):
        frozen.plan(options, context(problem=problem_spec(problem)))


def test_frozen_trains_around_the_body_where_a_bridge_has_weights():
    """FPT (Lu et al. 2021): what feeds the body, what reads it and its layer norms, all at one rate."""
    (phase,) = frozen.plan(FrozenOptions(), context(trained_bridge=True)).phases
    assert phase.solver is None
    assert phase.trainable == {Part.BRIDGE, Part.HEAD, Part.NORM}
    assert list(phase.learning_rates.values()) == [pytest.approx(1e-3)] * 3
    assert phase.epochs == ADAPTER_LENGTH.epochs(context())


def test_frozen_norms_can_stay():
    (phase,) = frozen.plan(FrozenOptions(norms=False), context(trained_bridge=True)).phases
    assert phase.trainable == set(phase.learning_rates) == {Part.BRIDGE, Part.HEAD}


def test_frozen_heeds_wishes_where_it_trains():
    (phase,) = frozen.plan(FrozenOptions(), context(trained_bridge=True, epochs=30, learning_rate=5e-3)).phases
    assert (phase.epochs, set(phase.learning_rates.values())) == (30, {5e-3})


@pytest.mark.parametrize(
    ("changes", "trained", "message"),
    [
        ({"head": "knn"}, True, r"strategy.head would do nothing with a bridge that is trained.*Got: head=knn"),
        (
            {"layer": "2", "folds": 9},
            True,
            r"strategy.layer, strategy.folds would do nothing.*Got: layer=2, folds=9.*leave it out",
        ),
        ({"norms": False}, False, r"strategy.norms would do nothing with a bridge without weights"),
    ],
)
def test_frozen_options_of_the_other_kind_are_refused(changes, trained, message):
    with pytest.raises(ConfigError, match=message):
        frozen.plan(FrozenOptions(**changes), context(trained_bridge=trained))


def test_a_trained_bridge_learns_as_fast_as_the_head():
    phases = [
        *full.plan(FullOptions(head_first=True), context(trained_bridge=True)).phases,
        *full.plan(FullOptions(), context(trained_bridge=True)).phases,
        *lora.plan(LoraOptions(), context(trained_bridge=True)).phases,
    ]
    rates = [phase.learning_rates for phase in phases]
    assert [rate[Part.BRIDGE] for rate in rates] == [rate[Part.HEAD] for rate in rates]
    assert [rate[Part.BRIDGE] for rate in rates] == pytest.approx([1e-3, 1e-4, 1e-3, 1e-3])


@pytest.mark.parametrize("name", ["full", "lora", "frozen", "fusion", "multitask"])
def test_the_built_in_specs_name_what_is_there(name):
    from modaxfer.registry.builtin import modaxfer_strategies
    from modaxfer.registry.targets import load_target

    (spec,) = (spec for spec in modaxfer_strategies() if spec.name == name)
    options = build(load_target(spec.options), {})
    assert load_target(spec.target)(options, context()).phases


def test_frozen_trains_the_head_of_a_problem_that_no_closed_form_fits() -> None:
    plan = frozen.plan(FrozenOptions(), context(problem=replace(problem_spec("multiclass"), name="ordinal", link="")))
    (phase,) = plan.phases
    assert phase.solver is None
    assert phase.trainable == {Part.HEAD}
    assert phase.learning_rates[Part.HEAD] > 0


def test_frozen_refuses_settings_of_a_search_that_is_not_made() -> None:
    unfit = context(problem=replace(problem_spec("multiclass"), name="ordinal", link=""))
    with pytest.raises(ConfigError, match=r"strategy.head would do nothing with the problem ordinal, for which"):
        frozen.plan(FrozenOptions(head="ridge"), unfit)


@pytest.mark.parametrize("name", GRADIENT)
def test_a_head_that_was_alone_first_learns_like_what_it_sits_on(name):
    plan, options = GRADIENT[name]
    (plain,) = plan(options(), context()).phases
    first, second = plan(options(head_first=True), context()).phases
    assert first.learning_rates == {Part.HEAD: plain.learning_rates[Part.HEAD]}
    assert second.learning_rates == {**plain.learning_rates, Part.HEAD: plain.learning_rates[Part.HEAD] / 10}
    assert (second.epochs, first.epochs) == (plain.epochs, HEAD_LENGTH.epochs(context()))


@pytest.mark.parametrize("name", GRADIENT)
@pytest.mark.parametrize("bridge", [True, False])
def test_epochs_that_are_asked_for_are_those_of_both_phases_together(name, bridge):
    plan, options = GRADIENT[name]
    asked = context(epochs=5.0, trained_bridge=bridge)
    assert [phase.epochs for phase in plan(options(head_first=True), asked).phases] == [2.5, 2.5]
    if not bridge:
        phases = plan(options(head_first=True, head_by="closed-form"), asked).phases
        assert [(phase.solver is None, phase.epochs) for phase in phases] == [(False, 1.0), (True, 5.0)]


def test_a_head_in_closed_form_reads_the_last_layer():
    (first, _) = full.plan(FullOptions(head_first=True, head_by="closed-form"), context()).phases
    assert (first.solver.options.head, first.solver.options.layer) == ("logistic", "last")
    number = context(problem=problem_spec("regression"))
    assert (
        full.plan(FullOptions(head_first=True, head_by="closed-form"), number).phases[0].solver.options.head == "ridge"
    )


@pytest.mark.parametrize(
    ("options", "changes", "message"),
    [
        ({"head_by": "closed-form"}, {}, r"strategy.head_by would do nothing with head_first=false"),
        (
            {"head_by": "closed-form", "head_first": True},
            {"trained_bridge": True},
            r"no closed form of a head with a bridge that is trained.*leave head_by out",
        ),
        ({"gradual": 0.95}, {}, r"strategy.gradual: got 0.95"),
    ],
)
def test_stages_that_cannot_be_are_refused(options, changes, message):
    with pytest.raises(ConfigError, match=message):
        full.plan(FullOptions(**options), context(**changes))


@pytest.mark.parametrize("underneath", ["full", "lora"])
def test_the_head_is_first_beneath_other_strategies_too(underneath):
    from modaxfer.plan import LossTerm
    from modaxfer.strategies import AdaptationOptions, adapting, multitask

    term = LossTerm(name="gap", target="a:B", joint=True)
    options = AdaptationOptions(underneath=underneath, head_first=True)
    first, second = adapting(options, context(source_rows=100), term).phases
    assert (first.drawn, second.drawn) == (("source",), ("source", "target"))
    assert (first.trainable, [loss.name for loss in first.losses]) == ({Part.HEAD}, ["supervised"])
    shared = multitask.plan(multitask.MultitaskOptions(underneath=underneath, head_first=True), context(tasks=2))
    assert [phase.drawn for phase in shared.phases] == [("task-0", "task-1")] * 2


def test_layers_are_unfrozen_over_a_share_of_the_steps():
    (phase,) = lora.plan(LoraOptions(gradual=0.5), context()).phases
    assert phase.unfreeze == 0.5


@pytest.mark.parametrize("name", GRADIENT)
def test_features_are_held_in_the_phase_in_which_the_body_moves(name):
    plan, options = GRADIENT[name]
    head, tune = plan(options(delta_weight=0.5, head_first=True), context()).phases
    assert (head.losses, head.streams["train"].extras) == ((SUPERVISED,), ())
    (term,) = [term for term in tune.losses if term.name == "delta"]
    assert (term.weight, term.reads) == (0.5, {Reads.LAYERS})
    assert {Part.BODY, Part.EMBEDDINGS} <= tune.no_decay
    start, attention = tune.streams["train"].extras
    assert (start.shared, attention.shared, attention.options) == (False, True, {"link": "softmax"})
    (plain,) = plan(options(delta_weight=0.5, delta_attention=False), context()).phases
    assert [extra.name for extra in plain.streams["train"].extras] == ["start"]


def test_units_of_nothing_and_of_unknown_outputs_are_not_weighed():
    with pytest.raises(ConfigError, match=r"strategy.delta_attention would do nothing with delta_weight=0"):
        full.plan(FullOptions(delta_attention=False), context())
    strange = replace(problem_spec("multiclass"), name="ranks", link="")
    with pytest.raises(ConfigError, match=r"units cannot be weighed by what they are to the problem ranks"):
        full.plan(FullOptions(delta_weight=1.0), context(problem=strange))
    full.plan(FullOptions(delta_weight=1.0, delta_attention=False), context(problem=strange))


@pytest.mark.parametrize("name", GRADIENT)
def test_the_source_s_head_is_asked_for_and_learns_as_fast_as_what_moves_below(name):
    plan, options = GRADIENT[name]
    made = plan(options(co_tuning=2.3), context())
    (phase,) = made.phases
    assert (made.source_head, plan(options(), context()).source_head) == (True, False)
    (term,) = [term for term in phase.losses if term.name == "co-tuning"]
    below = phase.learning_rates[Part.BODY if name == "full" else Part.ADAPTER]
    assert (term.weight, term.reads, term.learning_rate) == (2.3, {Reads.POOLED}, below)
    assert [extra.name for extra in phase.streams["train"].extras] == ["relation"]
