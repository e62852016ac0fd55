"""What each part of a row is worth to a fused model: scores on test where it is given that part only."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import numpy as np
import torch

from modaxfer.contracts import Features
from modaxfer.metrics import Scored, bootstrap, compute, paired_difference
from modaxfer.runner.attempts import attempt
from modaxfer.runner.evaluation.scores import Findings
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.session import TaskSession
from modaxfer.runner.training.features import head_inputs

__all__ = ["ablate", "part_names"]


def part_names(resolved: ResolvedTask) -> list[str]:
    """Name each tower by what it reads, with its encoder where two read the same: ``image``, ``text (bert)``."""
    kinds = ["+".join(sorted({field.signal.kind for field in described.fields})) for described in resolved.towers]
    shared = Counter(kinds)
    named = [
        f"{kind} ({described.encoder.spec.name})" if shared[kind] > 1 else kind
        for kind, described in zip(kinds, resolved.towers, strict=True)
    ]
    again = Counter(named)
    return [f"{name} {place + 1}" if again[name] > 1 else name for place, name in enumerate(named)]


def ablate(session: TaskSession, resolved: ResolvedTask, findings: Findings) -> dict[str, Any]:
    """Score the model on the test split with one part of each row at a time, everything else taken away.

    Rows that lack the part are left out. Nothing is trained again: this says what the fused model makes of a part, not
    what a model of that part alone could do.

    A part whose scoring fails is left out, with a warning.

    Returns:
        By part ``metrics``, ``intervals`` and ``difference``: the fused model's primary score minus the part's, 95 %.
    """
    session.model.eval()
    warnings = session.warnings
    if session.model.reads_tokens:
        session.tell("what each part of a row is worth is not measured: the head reads tokens, not vectors")
        return {}
    vectors = head_inputs(session, "test")
    found = {
        name: attempt(
            f"the score of {name} alone", partial(_alone, session, resolved, findings, vectors, place), warnings
        )
        for place, name in enumerate(part_names(resolved))
    }
    return {name: part for name, part in found.items() if part is not None}


def _alone(
    session: TaskSession, resolved: ResolvedTask, findings: Findings, vectors: torch.Tensor, place: int
) -> dict[str, Any]:
    count = len(session.model.towers)
    rows = np.flatnonzero(vectors[:, place].numpy() > 0)
    if not len(rows):
        return {"metrics": {}, "intervals": {}, "rows": 0}
    given = vectors[torch.from_numpy(rows)]
    given[:, :count] = 0
    given[:, place] = 1
    with torch.inference_mode(), session.computer.arithmetic():
        logits = session.model.head(Features(pooled=given.to(session.computer.device))).float().cpu()
    predictions, scores = session.criterion.decode(logits)
    references, fused = findings.asked.references[rows], findings.test
    clusters, groups = (None if of is None else of[rows] for of in (findings.asked.units, findings.asked.groups))
    common: dict[str, Any] = {"problem": session.problem, "cost": session.cost, "references": references}
    common["groups"] = groups
    shown: dict[str, Any] = {"predictions": predictions, "scores": scores}
    difference = paired_difference(
        references,
        Scored(predictions=fused.predictions[rows], scores=None if fused.scores is None else fused.scores[rows]),
        Scored(**shown),
        resolved.primary,
        problem=session.problem,
        cost=session.cost,
        seed=session.seed,
        clusters=clusters,
    )
    intervals = bootstrap(resolved.metrics, seed=session.seed, clusters=clusters, **common, **shown)
    return {
        "rows": len(rows),
        "metrics": compute(resolved.metrics, **common, **shown),
        "intervals": {name: list(interval) for name, interval in intervals.items()},
        "difference": {resolved.primary: [difference.low, difference.high]},
    }
