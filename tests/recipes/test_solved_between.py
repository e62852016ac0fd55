"""A head that is solved between two phases of steps is solved once, whenever the run is killed."""

from __future__ import annotations

import numpy as np
import pytest

import modaxfer
from modaxfer.plan import Part, Phase, Plan, Solver
from modaxfer.runner.training import loop, solve
from modaxfer.strategies import full
from modaxfer.strategies.frozen import FrozenOptions

pytestmark = pytest.mark.recipe

QUICK = {"epochs": 2, "batch_size": 8, "precision": "fp32", "device": "cpu", "quiet": True}
EVERYTHING = dict.fromkeys((Part.BODY, Part.EMBEDDINGS, Part.HEAD), 0.003)


def trained_solved_trained(options, context):
    first = Phase(name="first", trainable=frozenset(EVERYTHING), learning_rates=EVERYTHING)
    options = FrozenOptions(head="ridge", reduction="none", layer="last", pooling="mean")
    solver = Solver(target="modaxfer.heads.classical:fit", options=options)
    solved = Phase(name="solve", trainable=frozenset({Part.HEAD}), solver=solver)
    last = Phase(name="last", trainable=frozenset({Part.HEAD}), learning_rates={Part.HEAD: 1e-3}, epochs=2)
    return Plan(phases=(first, solved, last))


@pytest.mark.parametrize(
    "killed_at", [2, pytest.param(3, marks=pytest.mark.slow)], ids=["before the last phase has a checkpoint", "after"]
)
def test_a_run_killed_behind_the_solver_ends_as_an_unbroken_one(killed_at, tiny, own_rows, tmp_path, monkeypatch):
    monkeypatch.setattr(full, "plan", trained_solved_trained)
    fits, fit = [], solve.call_target
    monkeypatch.setattr(
        solve, "call_target", lambda target, *given, **named: fits.append(target) or fit(target, *given, **named)
    )

    def train(name, **how):
        asked = {} if how else {"encoder": str(tiny("bert")), "strategy": "full", **own_rows("text"), **QUICK}
        return modaxfer.train(output=str(tmp_path / name), **asked, **how)

    whole = train("whole")
    judge, calls = loop._GradientPhase._judge, []

    def dying(phase, found):
        calls.append(phase)
        if len(calls) == killed_at:
            raise KeyboardInterrupt
        judge(phase, found)

    with monkeypatch.context() as patch:
        patch.setattr(loop._GradientPhase, "_judge", dying)
        with pytest.raises(KeyboardInterrupt):
            train("broken")
    resumed = train("broken", resume=True, quiet=True)
    assert len(fits) == 2
    assert resumed.result.metrics == whole.result.metrics
    scores = [run.predictions["score:positive"] for run in (whole, resumed)]
    np.testing.assert_array_equal(*scores)
