"""What validators of classifiers ask of a phase's streams: that they are there, and that each row is of one class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from modaxfer.contracts import Seen, ValidatorContext
from modaxfer.errors import RefusedError
from modaxfer.plan import Role

__all__ = ["features_of", "shares_of", "streams_of", "targets_of"]


def streams_of(context: ValidatorContext, role: Role, validator: str) -> tuple[str, ...]:
    """Return the names of the streams of `role`, each row of which is of one of several classes.

    Args:
        context: What the validator is built from.
        role: Of the streams that it looks at.
        validator: Its name, for people.

    Raises:
        RefusedError: There is none, or its outputs are no logits of a softmax.
    """
    names = context.of_role(role)
    if not names:
        raise RefusedError(
            f"validator {validator} looks at rows of the {role.value}, and no stream is of it",
            got=[*context.streams],
            fix=f"choose another validator, or a strategy with a stream of the {role.value}",
        )
    other = [name for name in names if context.streams[name].link != "softmax"]
    if other:
        raise RefusedError(
            f"validator {validator} reads which class the model thinks a row is of",
            got=f"stream {other[0]}, whose targets are not one class per row",
            fix="choose validator score, or a task with one class per row",
        )
    return names


def shares_of(seen: Mapping[str, Seen], names: Sequence[str]) -> torch.Tensor:
    """Return the probabilities of the classes, float64 ``[rows, classes]``, of all rows of the streams `names`."""
    return torch.cat([seen[name].outputs for name in _apart(seen, names)]).double().softmax(1)


def features_of(seen: Mapping[str, Seen], names: Sequence[str]) -> np.ndarray:
    """Return what the head is given, float64 ``[rows, width]``, of all rows of the streams `names`."""
    features: np.ndarray = torch.cat([seen[name].pooled() for name in _apart(seen, names)]).double().numpy()
    return features


def targets_of(seen: Mapping[str, Seen], names: Sequence[str], validator: str) -> np.ndarray:
    """Return class numbers, int64 ``[rows]``, of all rows of the streams `names`.

    Raises:
        RefusedError: The validator is not shown them.
    """
    hidden = [name for name in names if seen[name].targets is None]
    if hidden:
        raise RefusedError(
            f"validator {validator} needs the labels of stream {hidden[0]}, which it is not shown",
            fix="leave `judged` out of the plan, or choose another validator",
        )
    return np.concatenate([np.asarray(seen[name].targets) for name in _apart(seen, names)])


def _apart(seen: Mapping[str, Seen], names: Sequence[str]) -> list[str]:
    """Return `names` without those that show the validation rows of another one again: several streams of one task."""
    return list({id(seen[name].outputs): name for name in reversed(names)}.values())[::-1]
