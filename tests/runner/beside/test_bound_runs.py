"""A run that adapts between its bounds, over runs that are made up."""

from __future__ import annotations

import dataclasses

import pytest

from made_up_runs import Runner
from modaxfer.config import RunConfig
from modaxfer.plan import SUPERVISED, Labels, Part, Phase, Plan, Role, Stream, Together
from modaxfer.result import Result
from modaxfer.runner.beside.schedule import run_with_companions
from modaxfer.runner.kinds import asked_companions


class AdaptingRunner(Runner):
    """Makes up a run of a plan that asks for its bounds."""

    validators = None
    """What validators say of the run and of its lower bound, by `RunConfig.bound`."""

    def __call__(self, config, **settings):
        result, folder = super().__call__(config, **settings)
        if self.validators and config.bound != "oracle":
            result = dataclasses.replace(result, estimates={"validators": self.validators[config.bound]})
            result.save(folder)
        if not config.bound and not result.companions:
            result = dataclasses.replace(result, companions=("source-only", "oracle"))
            result.save(folder)
        return result, folder


def run(folder, runner, *, resume=False):
    config = RunConfig(encoder=("bert",), strategy="coral", task=("x",), source_task=("y",), output=str(folder))
    return run_with_companions(config, resume=resume, run_one=runner)


def test_both_bounds_are_runs_and_baselines(tmp_path):
    result, folder = run(tmp_path, runner := AdaptingRunner())
    assert [each.bound for each in runner.configs] == ["", "source-only", "oracle"]
    assert [each.source_task for each in runner.configs] == [("y",)] * 3
    for name, place in (("source_only", "bounds/source-only"), ("target_oracle", "bounds/oracle")):
        other, told = Result.load(folder / place), result.baselines[name]
        assert (told["f1_macro"], told["run"]) == (other.metrics["test"]["f1_macro"], place)
        low, high = told["difference"]["f1_macro"]
        assert low <= result.metrics["test"]["f1_macro"] - told["f1_macro"] <= high
    assert result.baselines["chance"] == {"f1_macro": 0.33}


@pytest.mark.parametrize("killed_at", [1, 2])
def test_a_killed_command_goes_on_where_it_was(killed_at, tmp_path):
    expected, _ = run(tmp_path / "unbroken", AdaptingRunner())
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed", AdaptingRunner(killed_at=killed_at))
    resumed, _ = run(tmp_path / "killed", runner := AdaptingRunner(), resume=True)
    assert len(runner.configs) == 3 - killed_at
    assert resumed.to_dict() == expected.to_dict()


def test_a_bound_that_failed_is_missing_until_it_is_tried_again(tmp_path):
    result, _ = run(tmp_path, AdaptingRunner(failed_at=1))
    assert ("source_only" in result.baselines, "target_oracle" in result.baselines) == (False, True)
    assert [warning for warning in result.warnings if "source-only, failed and is left out" in warning]
    result, _ = run(tmp_path, runner := AdaptingRunner(), resume=True)
    assert ([each.bound for each in runner.configs], result.warnings) == (["source-only"], ())


@pytest.mark.parametrize(("own", "said"), [(0.6, True), (0.8, False)])
def test_what_all_validators_say_of_the_lower_bound_is_told(own, said, tmp_path):
    runner = AdaptingRunner()
    runner.validators = {"": {"im": 0.1, "dev": own}, "source-only": {"im": 0.2, "dev": 0.7}}
    result, folder = run(tmp_path, runner)
    assert result.estimates == {"validators": runner.validators[""], "source_only": runner.validators["source-only"]}
    assert any("adaptation is likely to harm" in warning for warning in result.warnings) == said
    assert Result.load(folder).to_dict() == result.to_dict()


def plan(*streams, **changes):
    rates = {Part.HEAD: 0.1}
    named = {f"s{number}": stream for number, stream in enumerate(streams)}
    phase = Phase(trainable=frozenset(rates), learning_rates=rates, streams=named, losses=(SUPERVISED,))
    return Plan(phases=(dataclasses.replace(phase, mixing=Together()),), **changes)


SOURCE, HIDDEN = Stream(role=Role.SOURCE), Stream(labels=Labels.HIDDEN)


@pytest.mark.parametrize(
    ("made", "config", "asked"),
    [
        (plan(Stream()), RunConfig(), ()),
        (plan(SOURCE, HIDDEN), RunConfig(), ("source-only", "oracle")),
        (plan(SOURCE, HIDDEN), RunConfig(bound="oracle"), ()),
        (plan(SOURCE, Stream()), RunConfig(), ()),
        (plan(Stream(), Stream(task=1), alone=True), RunConfig(task=("a", "b")), ("alone",)),
        (plan(Stream(), Stream(task=1)), RunConfig(task=("a", "b")), ()),
    ],
)
def test_what_a_plan_asks_for(made, config, asked):
    assert asked_companions(made, config) == asked
