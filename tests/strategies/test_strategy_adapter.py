"""Strategy adapter: what each method is given, and what lies underneath other strategies."""

from __future__ import annotations

import pytest

from modaxfer.errors import ConfigError
from modaxfer.plan import Part, PlanContext
from modaxfer.registry import problem_spec
from modaxfer.spec import Rates
from modaxfer.strategies import UnderneathOptions, lora, underlying
from modaxfer.strategies.adapter import METHODS, AdapterOptions, plan

CONTEXT = PlanContext(
    rates=Rates(full=1e-4, adapter=2e-3, head_multiplier=10),
    depth=6,
    adapter_targets=("query", "value"),
    problem=problem_spec("multiclass"),
    rows=2000,
    batch_size=32,
)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_moves_the_adapter_and_the_head_and_takes_its_own_modules(name):
    method, made = METHODS[name], plan(AdapterOptions(method=name), CONTEXT)
    (phase,) = made.phases
    assert phase.trainable == {Part.ADAPTER, Part.HEAD}
    assert phase.learning_rates[Part.ADAPTER] == pytest.approx(2e-3 * method.rate)
    assert phase.learning_rates[Part.HEAD] == pytest.approx(1e-3)
    assert (made.adapter.method, made.adapter.options) == (method.name, method.options)
    assert made.adapter.targets == (("query", "value") if method.matrices else ())


def test_the_size_is_the_one_that_the_method_has():
    assert plan(AdapterOptions(method="vera", size=8), CONTEXT).adapter.options == {"r": 8}
    assert plan(AdapterOptions(method="prompt", size=8), CONTEXT).adapter.options == {"tokens": 8}
    with pytest.raises(ConfigError, match=r"strategy.size would do nothing with method=ia3"):
        plan(AdapterOptions(method="ia3", size=8), CONTEXT)
    with pytest.raises(ConfigError, match=r"strategy.method: got 'dorra', allowed bitfit"):
        plan(AdapterOptions(method="dorra"), CONTEXT)


def test_what_starts_at_random_has_nothing_to_go_back_to():
    with pytest.raises(ConfigError, match=r"strategy.wise_ft would do nothing with method=prompt"):
        plan(AdapterOptions(method="prompt", wise_ft=True), CONTEXT)
    (end,) = plan(AdapterOptions(method="bottleneck", wise_ft=True), CONTEXT).after
    assert (end.options["parts"], end.options["fixed"]) == (["adapter"], [".down."])


def test_underneath_it_is_the_same_plan():
    assert underlying(UnderneathOptions(underneath="adapter", method="ia3"), CONTEXT) == plan(
        AdapterOptions(method="ia3"), CONTEXT
    )
    assert underlying(UnderneathOptions(underneath="lora", rank=4), CONTEXT) == lora.plan(
        lora.LoraOptions(rank=4), CONTEXT
    )
    with pytest.raises(ConfigError, match=r"strategy.method would do nothing with underneath=lora"):
        underlying(UnderneathOptions(underneath="lora", method="ia3"), CONTEXT)
