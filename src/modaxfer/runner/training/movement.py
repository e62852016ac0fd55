"""The assertion behind every run: what should move moved, what is frozen did not."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from torch import nn

from modaxfer.errors import RunFailedError
from modaxfer.runner.model.checksum import checksum
from modaxfer.runner.model.transfer import PER_TOKEN_SHIFT

__all__ = ["FEW_STEPS", "Movement"]

FEW_STEPS = 2
"""An adapter's first factor has no gradient until its second, which starts at zero, has moved."""


class Movement:
    """Remembers all parameters by checksum, and checks them later.

    Args:
        model: The model before its first step.
    """

    def __init__(self, model: nn.Module) -> None:
        self._trainable = {name: checksum(p) for name, p in model.named_parameters() if p.requires_grad}
        self._frozen = {name: checksum(p) for name, p in model.named_parameters() if not p.requires_grad}

    def check(self, model: nn.Module, steps: int, closed: Collection[int] = ()) -> None:
        """Compare `model` with what it was.

        Args:
            model: The same model, `steps` optimiser steps later.
            steps: With fewer than three, only that something moved can be asked for.
            closed: Identities of trainable tensors whose turn has not come.

        Raises:
            RunFailedError: A frozen tensor moved, or a trainable one did not.
        """
        now = {name: checksum(parameter) for name, parameter in model.named_parameters()}
        moved = [name for name, value in self._frozen.items() if now[name] != value]
        waiting = {name for name, parameter in model.named_parameters() if id(parameter) in closed}
        stuck = [
            name
            for name, value in self._trainable.items()
            if now[name] == value and not _immovable(name) and name not in waiting
        ]
        _fail("frozen tensors moved", moved)
        if steps > FEW_STEPS:
            _fail("trainable tensors did not move", stuck)
        elif self._trainable and len(stuck) == len(self._trainable):
            _fail("nothing moved", stuck)


def _immovable(name: str) -> bool:
    return name.endswith(PER_TOKEN_SHIFT)


def _fail(what: str, names: Iterable[str]) -> None:
    found = list(names)
    if found:
        raise RunFailedError(
            f"{what}: the plan and the model do not agree",
            got=[*found[:5], *(["..."] if len(found) > 5 else [])],
            fix="report this with the command you ran; for a plugin, check its encoder's layers and its plan's parts",
        )
