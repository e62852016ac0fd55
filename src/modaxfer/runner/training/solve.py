"""A phase whose head is fitted in closed form on frozen features."""

from __future__ import annotations

import time
from typing import Any

from modaxfer.errors import RefusedError
from modaxfer.heads.classical import Fitted, LayerFeatures
from modaxfer.plan import Phase
from modaxfer.registry import load_target
from modaxfer.runner.session import TaskSession
from modaxfer.runner.training.features import layer_features

__all__ = ["solve_phase"]


def solve_phase(session: TaskSession, phase: Phase, classes: tuple[str, ...]) -> dict[str, Any]:
    """Encode train and validation once, fit the head, and put it and its readout into the model.

    Returns:
        The solver's report: what it chose, and the seconds for features and search.

    Raises:
        RefusedError: The phase has no solver.
    """
    if phase.solver is None:
        raise RefusedError(f"phase {phase.name} has no solver", fix="correct the plan of the strategy")
    started = time.monotonic()
    session.model.open_for(phase)
    session.layers = {name: layer_features(session, name) for name in ("train", "validation")}
    features = LayerFeatures(**session.layers, groups=session.groups)
    encoded = time.monotonic()
    fitted: Fitted = load_target(phase.solver.target)(
        features,
        {name: session.splits[name].targets for name in ("train", "validation")},
        session.problem,
        classes,
        session.seed,
        phase.solver.options,
        score=session.judge,
        class_weight=session.train.class_weight,
    )
    session.warnings.extend(fitted.report.get("left_out", ()))
    session.model.readout = fitted.readout
    session.model.head = fitted.head.to(session.computer.device)
    session.objective = fitted.objective
    layers = fitted.readout.layers
    read = f"layer{'s' if len(layers) > 1 else ''} {', '.join(map(str, layers))}"
    session.progress.say(f"  chose {fitted.report.get('head')} on {read}, {fitted.readout.pooling}")
    return dict(fitted.report) | {"features_s": encoded - started, "search_s": time.monotonic() - encoded}
