"""What a classical head is to the search: a grid of values, held-out outputs for each, and the module that is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import torch

from modaxfer.heads.classical.cut import AffineMaps
from modaxfer.heads.classical.space import UnsolvableError
from modaxfer.heads.linear import LinearHead
from modaxfer.registry import call_target, registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import nn

    from modaxfer.heads.classical.calibration import Calibration
    from modaxfer.heads.classical.space import Space

__all__ = ["ClassicalHead", "Remembered", "folded", "head_named", "outputs_of_maps"]


class ClassicalHead(Protocol):
    """A kind of head with one value to choose; built without arguments. It has no state."""

    setting: str
    """What the value is called in reports: ``penalty``."""
    grid: Sequence[Any]
    """Values that are tried, numbers or tuples of them; ties go to the earlier one."""
    scaled: bool
    """Whether its outputs for classes or labels are no logits until held-out rows have scaled them, see
    `modaxfer.heads.classical.calibration`."""

    def held_out(self, space: Space, grid: Sequence[Any], link: str) -> Iterator[tuple[Any, torch.Tensor]]:
        """Yield each value of `grid` that has a solution, with outputs ``[rows, outputs]`` in the order of the cut.

        Each row's output is by the split that is judged on it.

        Args:
            space: Features of every split.
            grid: Some of the values.
            link: What the outputs mean, see `modaxfer.spec.ProblemSpec.link`.
        """
        ...

    def fit(self, space: Space, value: Any, link: str, calibration: Calibration | None) -> tuple[nn.Module, bool]:
        """Return a registered head for raw features, fitted on the last split's training rows; and if it converged.

        Raises:
            UnsolvableError: Its equations have no solution.
        """
        ...


def head_named(name: str) -> ClassicalHead:
    """Return the classical head that is registered under `name`."""
    head: ClassicalHead = call_target(registry().get("classical head", name).spec.target, kind="classical head")
    return head


def outputs_of_maps(
    space: Space, grid: Sequence[float], solve: Callable[[Space, float], AffineMaps]
) -> Iterator[tuple[float, torch.Tensor]]:
    """Yield what linear heads say of held-out rows.

    Values for which the equations have no solution are passed over: classes without scatter leave a lightly shrunk
    covariance singular.
    """
    for value in grid:
        try:
            maps = solve(space, value)
        except UnsolvableError:
            continue
        yield value, space.cut.held_out(maps)


def folded(space: Space, maps: AffineMaps, calibration: Calibration | None) -> LinearHead:
    """Fold scaler, reduction and calibration into the last split's map, as a head for raw features."""
    maps = maps if calibration is None else calibration.fold(maps)
    return LinearHead.from_weights(*space.cut.raw_map(maps))


class Remembered(NamedTuple):
    """Rows as a head keeps them that compares others with them."""

    rows: torch.Tensor
    """Raw, or reduced, ``[rows, width]``."""
    mean: torch.Tensor
    scale: torch.Tensor
    """``[width]``: rows are compared as ``(row - mean) / scale``."""
    reducer: LinearHead | None
    """What reduces raw features to such rows; None where these are raw."""

    @classmethod
    def of(cls, space: Space) -> Remembered:
        """Return all rows of the cut, as the last split sees them."""
        cut = space.cut
        if space.basis.ndim == 2:
            raw = cut.rows * cut.scale + cut.shift
            return cls(raw, space.centre[-1] * cut.scale + cut.shift, cut.scale / space.basis[-1], None)
        maps = AffineMaps(weight=space.basis, bias=-torch.einsum("sw,swc->sc", space.centre, space.basis))
        rows = space.coordinates(cut.rows, -1)
        width = rows.shape[1]
        return cls(rows, torch.zeros(width), torch.ones(width), LinearHead.from_weights(*cut.raw_map(maps)))

    @classmethod
    def seen_by(cls, space: Space, split: int) -> Remembered:
        """Return all rows of the cut as coordinates of `split`."""
        rows = space.coordinates(space.cut.rows, split)
        return cls(rows, torch.zeros(rows.shape[1]), torch.ones(rows.shape[1]), None)
