"""Gradients of several losses that pull against one another, weighed by the methods of torchjd."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from modaxfer.errors import MissingPackageError

__all__ = ["IMTLG", "PCGrad", "require_torchjd"]


def require_torchjd(purpose: str) -> Any:
    """Return the module that has the methods.

    Raises:
        MissingPackageError: torchjd is not installed.
    """
    try:
        import torchjd.aggregation
    except ImportError:
        raise MissingPackageError("torchjd", purpose, "pip install 'modaxfer[multitask]'") from None
    return torchjd.aggregation


class _Weighed(nn.Module):
    """A `modaxfer.contracts.GradientCombiner` around one of torchjd's weightings.

    Args:
        names: Of the losses.
    """

    weighting = ""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.names = tuple(names)
        made: Callable[[torch.Tensor], torch.Tensor] = getattr(require_torchjd(type(self).__name__), self.weighting)()
        self._weigh = made

    def forward(self, losses: Mapping[str, torch.Tensor], shares: Mapping[str, float]) -> Mapping[str, torch.Tensor]:
        """Return the losses as they are: it is their gradients that are weighed."""
        return losses

    def weigh_gradients(self, gramian: torch.Tensor) -> torch.Tensor:
        """Return what each gradient is multiplied by; that of a single loss stays as it is."""
        return self._weigh(gramian) if len(gramian) > 1 else torch.ones(len(gramian))


class PCGrad(_Weighed):
    """Take from each gradient what points against another one (Yu et al. 2020, algorithm 1)."""

    weighting = "PCGradWeighting"


class IMTLG(_Weighed):
    """Go where all gradients, at length one, project alike (Liu et al. 2021, IMTL-G), with weights that add up to 1."""

    weighting = "IMTLGWeighting"

    def weigh_gradients(self, gramian: torch.Tensor) -> torch.Tensor:
        """Return weights that add up to the number of losses, as those of a sum do."""
        return len(gramian) * super().weigh_gradients(gramian) if len(gramian) > 1 else torch.ones(len(gramian))
