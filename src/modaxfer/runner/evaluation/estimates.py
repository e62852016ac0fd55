"""What can be said of a model on a target without its labels: validators, expected accuracy, signs of a collapse."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from modaxfer.contracts import Seen
from modaxfer.errors import RefusedError
from modaxfer.metrics.without_labels import estimated_accuracy, sureness
from modaxfer.plan import Component, Labels, Phase, Role, Stream
from modaxfer.registry import problem_spec, registry
from modaxfer.runner.attempts import attempt
from modaxfer.runner.evaluation.scores import Findings
from modaxfer.runner.session import TaskSession
from modaxfer.runner.training.validation import Validation
from modaxfer.validators.build import build_validator, judged

__all__ = ["estimates", "harm", "signs_of_collapse"]

LARGEST = 0.95
"""Above this share of rows of one predicted class predictions may have collapsed."""
LEAST_ENTROPY = 0.5
"""Below this part of the source's entropy of predicted classes they may have, too."""

STREAMS = {"source": Stream(role=Role.SOURCE), "target": Stream(labels=Labels.HIDDEN)}


def estimates(session: TaskSession, findings: Findings, warnings: list[str]) -> dict[str, Any]:
    """Return ``validators``, ``accuracy`` and ``predicted`` of a trained model; see `modaxfer.result.Result.estimates`.

    Args:
        session: Of a task whose labels were hidden from training, with its source.
        findings: Scores of the model, of whose test rows the accuracy is estimated.
        warnings: What fails is noted here, and signs of a collapse.
    """
    source = session.source
    assert source is not None, "asked of runs with a source alone"
    validation = Validation(
        Phase(trainable=frozenset(), streams=STREAMS), {(Role.TARGET, 0): session, (Role.SOURCE, 0): source}
    )
    seen, _ = validation.look()
    found: dict[str, Any] = {"validators": _all_validators(validation, seen, warnings)}
    if problem_spec(session.problem).link != "softmax":
        return found
    accuracy = attempt(
        "the accuracy expected without labels", partial(_accuracy, seen["source"], findings, session.seed), warnings
    )
    own, other = (seen[name].outputs.double().softmax(1).numpy() for name in ("target", "source"))
    found |= {"accuracy": accuracy or {}, "predicted": _predicted(own, other, session.described.classes)}
    warnings += signs_of_collapse(found["predicted"])
    return found


def harm(own: Mapping[str, float], source_only: Mapping[str, float]) -> str:
    """Say that adaptation is likely to harm, where all validators rank the run without it first; else nothing.

    Args:
        own: Validators' scores of a run that adapts, by name.
        source_only: Of the same plan without adaptation.
    """
    names = [name for name in own if name in source_only]
    if not names or any(source_only[name] <= own[name] for name in names):
        return ""
    scores = ", ".join(f"{name} {source_only[name]:.3f} against {own[name]:.3f}" for name in names)
    return f"every validator ranks source-only before this run, so that adaptation is likely to harm: {scores}"


def signs_of_collapse(predicted: Mapping[str, Any]) -> list[str]:
    """Say by which signs the predictions for the target may have collapsed into few classes.

    Args:
        predicted: ``estimates.predicted`` of a result.
    """
    said = []
    if predicted["largest"] > LARGEST:
        said.append(
            f"{predicted['largest']:.0%} of the target's validation rows are predicted to be {predicted['class']}"
        )
    if predicted["entropy"] < LEAST_ENTROPY * predicted["entropy_source"]:
        said.append(
            f"the entropy of the mean prediction is {predicted['entropy']:.2f} on the target, "
            f"{predicted['entropy_source']:.2f} on the source"
        )
    return [f"predictions for the target may have collapsed: {' and '.join(said)}"] if said else []


def _all_validators(validation: Validation, seen: Mapping[str, Seen], warnings: list[str]) -> dict[str, float]:
    """Return the score of every validator that this problem admits, by name."""
    found = {}
    for entry in registry().all("validator"):
        name = registry().shown(entry)
        score = attempt(f"validator {name}", partial(_score, entry.spec.target, validation, seen), warnings)
        if score is not None and np.isfinite(score):
            found[name] = score
    return found


def _score(target: str, validation: Validation, seen: Mapping[str, Seen]) -> float | None:
    component = Component(target=target)
    try:
        validator = build_validator(component, validation.context)
    except RefusedError:
        return None  # It is made for other problems.
    return judged(component, validator, seen)


def _accuracy(source: Seen, findings: Findings, seed: int) -> dict[str, Any]:
    assert findings.test.scores is not None, "a softmax has probabilities"
    shares = source.outputs.double().softmax(1).numpy()
    found = estimated_accuracy(sureness(shares, np.asarray(source.targets), findings.test.scores), seed)
    return {**found, "measured": findings.metrics["test"].get("accuracy")}


def _predicted(target: np.ndarray, source: np.ndarray, classes: tuple[str, ...]) -> dict[str, Any]:
    counts = np.bincount(target.argmax(1), minlength=target.shape[1])
    return {
        "largest": float(counts.max() / len(target)),
        "class": classes[int(counts.argmax())],
        "entropy": _entropy(target.mean(0)),
        "entropy_source": _entropy(source.mean(0)),
    }


def _entropy(shares: np.ndarray) -> float:
    return -float((shares * np.log(np.clip(shares, 1e-12, None))).sum())
