"""What a private run has spent, what it does not cover, and whether its training rows can be told from others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import numpy as np
import torch

from modaxfer.contracts import FittedBridge
from modaxfer.plan import Privacy
from modaxfer.privacy.accountant import spent
from modaxfer.privacy.audit import audit
from modaxfer.runner.attempts import attempt
from modaxfer.runner.evaluation.scores import Findings
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.rows.split import Split
from modaxfer.runner.session import TaskSession
from modaxfer.runner.versions import version_of

__all__ = ["beyond_privacy", "kept_private", "row_losses"]

MOST_AUDITED = 1000
"""Rows of each kind that the attack compares."""

LARGE = 10.0
"""ε above which a promise is worth little: one row may change odds by e to the ε."""


def kept_private(
    session: TaskSession,
    resolved: ResolvedTask,
    findings: Findings,
    training: Mapping[str, Any],
    warnings: list[str],
) -> dict[str, Any]:
    """Return what a private run has spent, with the attack on it; of another run the attack, if it is asked for.

    Every step counts, those after the best epoch too: validation has seen what came of them.

    Args:
        session: With the trained model.
        resolved: What was run.
        findings: Its scores, for which test rows were unsealed.
        training: Reports of its phases.
        warnings: Where it is noted if the attack fails.
    """
    privacy, audited = resolved.plan.privacy, resolved.options.train.audit
    attack = (
        attempt("the membership audit", partial(_attack, session, findings), warnings) if privacy or audited else None
    )
    if privacy is None:
        return {} if attack is None else {"audit": attack}
    steps = sum(int(phase["steps"]) for phase in training["phases"])
    planned = _spent(privacy, privacy.steps)
    used = planned if steps == privacy.steps else _spent(privacy, steps)
    return {
        "epsilon": {**used, "planned": planned, "asked": privacy.epsilon},
        **{key: value for key, value in asdict(privacy).items() if key not in ("epsilon", "steps")},
        "steps": steps,
        "planned_steps": privacy.steps,
        "accountant": f"rdp, opacus {version_of('opacus')}",
        **({} if attack is None else {"audit": attack}),
    }


def beyond_privacy(resolved: ResolvedTask) -> list[str]:
    """Return one line for each thing of a private run that its ε does not cover, known before it is trained."""
    privacy = resolved.plan.privacy
    if privacy is None:
        return []
    notes = [
        f"the weights in model/ are private, ε = {privacy.epsilon:g} and δ = {privacy.delta:.2g} for each of"
        f" {privacy.rows:,} training rows; validation and test rows, the audit in result.json, names of classes and the"
        " number of rows are not: publish model/, not the folder"
    ]
    fitted = [
        described.bridge.id
        for described in resolved.towers
        if isinstance(described.build_bridge(resolved.data.root), FittedBridge)
    ]
    if fitted or any(field.signal.kind == "table" for field in resolved.fields):
        what = f"{' and '.join(fitted)} has" if fitted else "the reading of columns has"
        notes.append(
            f"{what} been fitted to the training rows, and model/ holds what it took from them (ranges, categories):"
            " that is not covered by ε"
        )
    if not resolved.data.classes:
        notes.append("mean and scale of the training targets are stored with the model and not covered by ε")
    if privacy.epsilon > LARGE:
        notes.append(f"ε = {privacy.epsilon:g} promises little: below 1 is strong, up to 10 is what is usual")
    if privacy.repeatable:
        notes.append("the noise follows from the seed (train.repeatable): who knows it can take the noise off")
    return notes


def row_losses(session: TaskSession, split: Split) -> np.ndarray:
    """Return the loss of each row of `split` by the trained model, float64 ``[rows]``."""
    outputs = torch.as_tensor(session.logits(split))
    losses = session.criterion.loss(outputs, session.criterion.batch(split.targets))
    found: np.ndarray = losses.double().numpy()
    return found


def _spent(privacy: Privacy, steps: int) -> dict[str, float]:
    rate, noise = privacy.sampling_rate, privacy.noise_multiplier
    found = spent(sampling_rate=rate, noise_multiplier=noise, steps=steps, delta=privacy.delta)
    return {name: round(value, 4) for name, value in asdict(found).items()}


def _attack(session: TaskSession, findings: Findings) -> dict[str, Any]:
    generator = np.random.default_rng(session.seed)
    test, known = session.splits["test"], np.flatnonzero(findings.asked.known)
    # The seal of the test rows is broken already.
    opened = replace(test, known=findings.asked.answers.targets)
    members = session.splits["train"].only(_some(np.arange(len(session.splits["train"].lengths)), generator))
    others = opened.only(_some(known, generator))
    found = audit(row_losses(session, members), row_losses(session, others), seed=session.seed)
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(found).items()}


def _some(rows: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return rows if len(rows) <= MOST_AUDITED else np.sort(generator.choice(rows, MOST_AUDITED, replace=False))
