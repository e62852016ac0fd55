"""Settings, plans and seeds that could not do what they seem to."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from modaxfer.config import RunConfig, build
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.plan import Part, Phase, Plan, Solver
from modaxfer.registry import registry
from modaxfer.runner.compare.grid import read_grid
from modaxfer.runner.request import resolve
from modaxfer.runner.request.idle import check_idle_settings
from modaxfer.runner.request.request import read_request

SOLVED = Phase(name="solve", trainable=frozenset({Part.HEAD}), solver=Solver(target="x:y"))
TRAINED = Phase(trainable=frozenset({Part.HEAD}), learning_rates={Part.HEAD: 1e-3})
BODY = Phase(trainable=frozenset({Part.BODY}), learning_rates={Part.BODY: 1e-3})
FROZEN = RunConfig(encoder=("bert",), strategy="frozen", task=("digits",))


def cell(config, *phases):
    return SimpleNamespace(config=config, plan=Plan(phases=phases), strategy=SimpleNamespace(name="frozen"))


@pytest.mark.parametrize(
    ("setting", "flag"),
    [
        ({"epochs": 3.0}, "--epochs"),
        ({"learning_rate": 1e-3}, "--learning-rate"),
        ({"batch_size": 8}, "--batch-size"),
        ({"augment": ("flip",)}, "--augment"),
    ],
)
def test_steps_are_not_asked_of_what_takes_none(setting, flag):
    asked = replace(FROZEN, **setting)
    with pytest.raises(ConfigError, match=rf"strategy frozen fits its head in closed form.* Got: {flag}\."):
        check_idle_settings(cell(asked, SOLVED), shared=False)
    assert [flag in note for note in check_idle_settings(cell(asked, SOLVED), shared=True)] == [True]
    assert check_idle_settings(cell(asked, SOLVED, TRAINED), shared=False) == []
    assert check_idle_settings(cell(FROZEN, SOLVED), shared=False) == []


def test_a_baseline_from_scratch_takes_steps_beside_it():
    asked = replace(FROZEN, epochs=3.0, batch_size=8, baseline=("scratch",))
    assert check_idle_settings(cell(asked, SOLVED), shared=False) == []
    with pytest.raises(ConfigError, match=r"Got: --learning-rate\."):
        check_idle_settings(cell(replace(asked, learning_rate=1.0), SOLVED), shared=False)


@pytest.mark.parametrize(
    ("phases", "got"),
    [((), "no phases"), ((BODY,), "phases that move body"), ((Phase(trainable=frozenset()),), "move nothing")],
)
def test_a_plan_that_leaves_the_head_random_is_refused(phases, got):
    strategy = registry().get("strategy", "full")
    with pytest.raises(RefusedError, match=f"the plan of strategy modaxfer/full never trains the head.*{got}"):
        resolve._refuse_headless(Plan(phases=phases), strategy)
    resolve._refuse_headless(Plan(phases=(BODY, TRAINED)), strategy)
    resolve._refuse_headless(Plan(phases=(SOLVED,)), strategy)


def test_seeds_stay_in_the_range_that_numpy_takes():
    with pytest.raises(ConfigError, match="seed: got 4294967296, must be at most 4294967295"):
        build(RunConfig, {"seed": 2**32})
    with pytest.raises(ConfigError, match=r"--seeds 3 from --seed 4294967294 on ends beyond the largest seed"):
        read_request(replace(FROZEN, seed=2**32 - 2, seeds=3))
    with pytest.raises(ConfigError, match=r"ends beyond the largest seed.*0 to 4294967295"):
        read_grid({"encoder": "bert", "strategy": "full", "task": "digits", "seed": 2**32 - 1, "seeds": 2})
