"""Scores by name: which there are for a problem, why others do not fit, and what they say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from modaxfer.contracts import Encoded, Judged
from modaxfer.errors import RefusedError
from modaxfer.registry import call_target, fault, problem_spec, registry
from modaxfer.transferability.targets import criterion_of

if TYPE_CHECKING:
    from modaxfer.spec import TransferabilitySpec

__all__ = ["check_fit", "default_scores", "judged"]

_LINKS = {"softmax": "one of several classes", "sigmoid": "any number of labels", "identity": "a number"}


def default_scores(problem: str) -> tuple[str, ...]:
    """Return the names of the scores that are asked where none is named; none where the problem has no link.

    Args:
        problem: Registered name of what the target asks for.
    """
    link, entries = problem_spec(problem).link, registry().all("transferability score")
    return tuple(registry().shown(entry) for entry in entries if entry.spec.default and link in entry.spec.links)


def check_fit(name: str, problem: str, *, source_head: bool = False) -> None:
    """Refuse a score that cannot judge an encoder on such a task; nothing has to be encoded for it.

    Args:
        name: Of the score.
        problem: Registered name of what the target asks for.
        source_head: Whether the checkpoint has a head of its own that says something of the rows.

    Raises:
        RefusedError: It cannot.
        UnknownNameError: No score has this name.
    """
    spec, link = _spec(name), problem_spec(problem).link
    if link not in spec.links:
        raise RefusedError(
            f"transferability score {name} cannot judge a {problem} task",
            got=_LINKS.get(link, "no vector and target per row that a head in closed form could join"),
            allowed=[_LINKS[each] for each in spec.links],
            fix="ask for another score, see `modaxfer list transferability`" if link else "measure short runs instead",
        )
    if spec.needs_source_head and not source_head:
        raise RefusedError(
            f"transferability score {name} reads what the checkpoint's own head says of the rows",
            got="a checkpoint without a classification head",
            fix="leave it out, or name a checkpoint that was trained to classify and kept its head",
        )


def judged(name: str, encoded: Encoded) -> Judged:
    """Return what the score `name` makes of `encoded`.

    Raises:
        RefusedError: It cannot judge such rows; a vector is not finite; a target is of a class that is not named.
        PluginFaultError: It fails, or says no finite number.
        UnknownNameError: No score has this name.
    """
    check_fit(name, encoded.problem, source_head=encoded.source_outputs is not None)
    _check_rows(encoded)
    entry = registry().get("transferability score", name)
    found: Any = call_target(entry.spec.target, encoded, kind="transferability score")
    if not isinstance(found, Judged):
        raise fault(entry, "returned no judgement", got=type(found).__name__, allowed="modaxfer.contracts.Judged")
    if not math.isfinite(found.value):
        raise fault(
            entry,
            "gives nothing by which encoders can be compared",
            got=found.value,
            allowed="a finite number, greater is better; does each class have rows, and is no feature infinite?",
        )
    return found


def _check_rows(encoded: Encoded) -> None:
    bad = int((~np.isfinite(encoded.layers).all(axis=(0, 2))).sum())
    unseen = int((~criterion_of(encoded).known(encoded.targets)).sum())
    if bad or unseen:
        raise RefusedError(
            "some rows cannot be judged",
            got=f"{bad} of {len(encoded.targets)} rows with a vector that is not finite, {unseen} of no known class",
            allowed="finite vectors, and targets of the classes that are named",
            fix="leave these rows out; infinite ones come of half precision: encode in float32",
        )


def _spec(name: str) -> TransferabilitySpec:
    return cast("TransferabilitySpec", registry().get("transferability score", name).spec)
