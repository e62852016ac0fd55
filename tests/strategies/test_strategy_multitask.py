"""What `multitask` makes of its options."""

import pytest

from modaxfer.errors import ConfigError, MissingPackageError
from modaxfer.plan import Alternate, PlanContext, Together
from modaxfer.registry import problem_spec
from modaxfer.spec import Rates
from modaxfer.strategies import checks
from modaxfer.strategies.multitask import MultitaskOptions, plan

CONTEXT = PlanContext(
    rates=Rates(full=1e-4, adapter=2e-3, head_multiplier=10, layer_decay=0.8),
    depth=6,
    adapter_targets=("query",),
    problem=problem_spec("multiclass"),
    rows=2000,
    batch_size=32,
    tasks=2,
)


@pytest.mark.parametrize(
    ("weighting", "mixing"), [("sum", Alternate), ("uncertainty", Alternate), ("pcgrad", Together)]
)
def test_gradients_are_compared_over_all_tasks_in_each_step(weighting, mixing, monkeypatch):
    monkeypatch.setattr(checks, "find_spec", lambda name: name)
    (phase,) = plan(MultitaskOptions(weighting=weighting), CONTEXT).phases
    assert isinstance(phase.mixing, mixing)
    assert phase.drawn == ("task-0", "task-1")


def test_tasks_that_take_no_turns_have_no_temperature(monkeypatch):
    monkeypatch.setattr(checks, "find_spec", lambda name: name)
    with pytest.raises(ConfigError, match=r"strategy.temperature would do nothing with weighting=imtl-g"):
        plan(MultitaskOptions(weighting="imtl-g", temperature=3.0), CONTEXT)


def test_what_is_not_installed_is_refused_with_the_line_that_installs_it(monkeypatch):
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"weighting=pcgrad needs the package torchjd.*modaxfer\[multitask\]"):
        plan(MultitaskOptions(weighting="pcgrad"), CONTEXT)
