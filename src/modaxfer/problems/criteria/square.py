"""A number per row: squared error of the standardised target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch

from modaxfer.errors import ConfigError

__all__ = ["SquaredError", "TargetScale"]


@dataclass(frozen=True, kw_only=True)
class TargetScale:
    """Mean and deviation of a target, fitted on the training rows, in the target's unit."""

    mean: float = 0.0
    deviation: float = 1.0

    @classmethod
    def fit(cls, targets: np.ndarray) -> TargetScale:
        """Return the scale of `targets` ``[rows]``; a constant target keeps deviation 1."""
        values = np.asarray(targets, np.float64)
        constant = values.max() == values.min()
        return cls(mean=float(values.mean()), deviation=1.0 if constant else float(values.std()))

    def standardised(self, targets: torch.Tensor) -> torch.Tensor:
        """Return `targets` in deviations from the mean, float32 of their shape.

        The difference is taken in float64, which holds a value beyond 10^7 to more than its first digits; on the
        processor, because not every device has float64.
        """
        return ((targets.cpu().double() - self.mean) / self.deviation).float()

    def restored(self, standardised: torch.Tensor) -> np.ndarray:
        """Return values in the target's unit, float64 of the shape of `standardised`."""
        values: np.ndarray = (standardised.cpu().double() * self.deviation + self.mean).numpy()
        return values


@dataclass(frozen=True, kw_only=True)
class SquaredError:
    """One value. A target is standardised in float64, learned in float32, and mapped back in float64."""

    scale: TargetScale = field(default_factory=TargetScale)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> SquaredError:
        """Return the criterion that said `state` of itself."""
        return cls(scale=TargetScale(**state["scale"]))

    @property
    def outputs(self) -> int:
        """One value."""
        return 1

    def batch(self, targets: np.ndarray) -> torch.Tensor:
        """Return values in the target's unit, float64 ``[rows]``."""
        return torch.from_numpy(targets)

    def loss(
        self,
        outputs: torch.Tensor,
        targets: torch.Tensor,
        class_weight: torch.Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> torch.Tensor:
        """Return the squared error of each row's standardised target, float32 ``[rows]``."""
        outputs = outputs.float()
        return (outputs.squeeze(1) - self.scale.standardised(targets).to(outputs.device)).square()

    def soft(self, targets: torch.Tensor) -> torch.Tensor:
        """Return the values: a mean of numbers is a number."""
        return targets

    def known(self, targets: np.ndarray) -> np.ndarray:
        """Return True for every row."""
        return np.ones(len(targets), bool)

    def class_weights(self, targets: np.ndarray) -> torch.Tensor:
        """Refuse: there are no classes.

        Raises:
            ConfigError: Always.
        """
        raise ConfigError(
            "class_weight needs classes, and the target is a number", got="balanced", fix="leave class_weight out"
        )

    def total_weight(self, targets: torch.Tensor, class_weight: torch.Tensor | None) -> float:
        """Return the number of rows."""
        return float(len(targets))

    def decode(self, outputs: Any) -> tuple[np.ndarray, np.ndarray | None]:
        """Return values in the target's unit, float64 ``[rows]``, and no scores."""
        return self.scale.restored(outputs.detach().float().squeeze(1)), None

    def columns(self, targets: np.ndarray) -> torch.Tensor:
        """Return standardised values, float32 ``[rows, 1]``."""
        return self.scale.standardised(torch.from_numpy(np.ascontiguousarray(targets))[:, None])

    def state(self) -> dict[str, Any]:
        """Return the scale."""
        return {"scale": asdict(self.scale)}
