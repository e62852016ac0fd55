"""The plan of pairs: a body without its head, then a head."""

import pytest

from modaxfer.errors import ConfigError, RefusedError
from modaxfer.plan import Part, PlanContext
from modaxfer.registry import problem_spec
from modaxfer.spec import Rates
from modaxfer.strategies.contrastive import ContrastiveOptions, plan


def context(problem="multiclass", **changes):
    values = {
        "rates": Rates(full=1e-4, adapter=2e-3, head_multiplier=10, layer_decay=0.8),
        "depth": 6,
        "adapter_targets": ("query",),
        "problem": problem_spec(problem),
        "rows": 24,
        "batch_size": 8,
    }
    return PlanContext(**values | changes)


def test_pairs_move_the_body_alone_and_a_head_is_solved_for():
    contrast, solve = plan(ContrastiveOptions(), context()).phases
    assert contrast.trainable == {Part.BODY, Part.EMBEDDINGS}
    assert (solve.trainable, solve.solver.options.layer) == ({Part.HEAD}, "auto")
    assert not {term.target for term in contrast.losses} - {"modaxfer.losses.contrastive:Contrastive"}


@pytest.mark.parametrize(
    ("rows", "asked", "epochs"), [(8, None, 20), (160, None, 5), (8000, None, 1), (8, 3.0, 3)],
    ids=["few", "more", "many", "as asked"],
)  # fmt: skip
def test_how_long_is_known_before(rows, asked, epochs):
    assert plan(ContrastiveOptions(), context(rows=rows, epochs=asked)).phases[0].epochs == epochs


def test_an_adapter_can_move_instead_and_a_bridge_moves_with_it():
    made = plan(ContrastiveOptions(underneath="lora"), context(trained_bridge=True))
    assert made.phases[0].trainable == {Part.ADAPTER, Part.BRIDGE}
    assert made.adapter is not None
    alone = plan(ContrastiveOptions(underneath="frozen"), context(trained_bridge=True))
    assert alone.phases[0].trainable == {Part.BRIDGE}


@pytest.mark.parametrize("problem", ["regression", "multilabel", "tagging"])
def test_rows_that_have_not_one_class_each_are_refused(problem):
    with pytest.raises(RefusedError, match=r"contrastive is about pairs of rows.*one class per row"):
        plan(ContrastiveOptions(), context(problem))


def test_what_moves_nothing_or_does_nothing_is_refused():
    with pytest.raises(RefusedError, match="over a frozen body pairs of rows would move nothing"):
        plan(ContrastiveOptions(underneath="frozen"), context())
    with pytest.raises(RefusedError, match="a step of one row holds no pair"):
        plan(ContrastiveOptions(), context(batch_size=1))
    with pytest.raises(ConfigError, match="head_first would do nothing with a head that is fitted last"):
        plan(ContrastiveOptions(head_first=True), context())
