"""Problems by name, and the metrics that apply to them."""

from __future__ import annotations

import pytest

from modaxfer.registry import Entry, Registry, applicable_metrics, hook_manager, problem_name, problem_spec
from modaxfer.registry import problems as room
from modaxfer.registry.records import BUILTIN
from modaxfer.spec import MetricSpec, ProblemSpec


def problem(name, plugin=BUILTIN, **more):
    return Entry(kind="problem", plugin=plugin, spec=ProblemSpec(name=name, target="a:b", metrics=("mae",), **more))


def metric(name, *problems, plugin=BUILTIN):
    return Entry(kind="metric", plugin=plugin, spec=MetricSpec(name=name, target="a:b", problems=problems))


@pytest.fixture
def known(monkeypatch):
    entries = (
        problem("binary"),
        problem("binary", "theirs"),
        problem("ordinal", "grades", more_metrics=("accuracy",)),
        metric("mae", "regression"),
        metric("accuracy", "binary"),
        metric("spread", "grades/ordinal", plugin="grades"),
        metric("r2", "regression"),
    )
    monkeypatch.setattr(room, "registry", lambda: Registry((), entries, hook_manager()))


def test_the_frameworks_own_names_stay_its_own(known) -> None:
    assert problem_name("binary") == "binary"
    assert problem_name("theirs/binary") == "theirs/binary"
    assert problem_spec("binary") is problem_spec("modaxfer/binary")


def test_a_plugins_problem_is_stored_by_its_id(known) -> None:
    assert problem_name("ordinal") == problem_name("grades/ordinal") == "grades/ordinal"


def test_metrics_apply_that_name_the_problem_or_that_it_names(known) -> None:
    assert [entry.name for entry in applicable_metrics("ordinal")] == ["mae", "accuracy", "spread"]
    assert [entry.name for entry in applicable_metrics("binary")] == ["mae", "accuracy"]


def test_a_problem_needs_metrics_and_a_known_link() -> None:
    with pytest.raises(ValueError, match=r"problem 'x': metrics is empty, and the first one decides"):
        ProblemSpec(name="x", target="a:b", metrics=())
    with pytest.raises(ValueError, match=r"problem 'x': link is 'log', expected one of \(''"):
        ProblemSpec(name="x", target="a:b", metrics=("mae",), link="log")
