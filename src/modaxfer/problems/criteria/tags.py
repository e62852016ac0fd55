"""One of several tags per word, or per other part of a row: cross-entropy, averaged over the parts of a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from modaxfer.contracts import UNSEEN, ragged
from modaxfer.errors import ConfigError
from modaxfer.problems.criteria.weights import balanced

__all__ = ["TagSoftmax"]

OUTSIDE = "O"


@dataclass(frozen=True, kw_only=True)
class TagSoftmax:
    """A logit per tag and part of a row. Targets in a batch are int64 ``[rows, parts]``.

    A part whose outputs are NaN was not read (see `modaxfer.contracts.UNREAD`): there is no loss on it, and it gets
    the tag `outside`.
    """

    names: tuple[str, ...]
    outside: str
    """``O``, or where no training row has that the most frequent tag."""

    @classmethod
    def fit(cls, targets: np.ndarray) -> TagSoftmax:
        """Return the criterion of training rows with these tags."""
        counts = Counter(chain.from_iterable(targets))
        outside = OUTSIDE if OUTSIDE in counts else counts.most_common(1)[0][0]
        return cls(names=tuple(sorted(counts)), outside=outside)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> TagSoftmax:
        """Return the criterion that said `state` of itself."""
        return cls(names=tuple(state["names"]), outside=str(state["outside"]))

    @property
    def outputs(self) -> int:
        """A logit per tag."""
        return len(self.names)

    def batch(self, targets: np.ndarray) -> torch.Tensor:
        """Return numbers of tags, int64 ``[rows, longest]``, `UNSEEN` for tags that train lacks and behind a row."""
        number = {name: place for place, name in enumerate(self.names)}
        padded = np.full((len(targets), max(map(len, targets), default=0)), UNSEEN, np.int64)
        for row, tags in enumerate(targets):
            padded[row, : len(tags)] = [number.get(tag, UNSEEN) for tag in tags]
        return torch.from_numpy(padded)

    def loss(
        self,
        outputs: torch.Tensor,
        targets: torch.Tensor,
        class_weight: torch.Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> torch.Tensor:
        """Return the mean cross-entropy over the parts of each row, float32 ``[rows]``; 0 of a row without any."""
        outputs, targets = outputs.float(), targets.to(outputs.device)
        counted = (targets != UNSEEN) & outputs.isfinite().all(-1)
        weight = None if class_weight is None else class_weight.to(outputs.device)
        losses = functional.cross_entropy(
            outputs[counted], targets[counted], weight=weight, label_smoothing=label_smoothing, reduction="none"
        )
        by_part = torch.zeros_like(outputs[..., 0]).masked_scatter(counted, losses)
        return by_part.sum(1) / counted.sum(1).clamp(min=1)

    def soft(self, targets: torch.Tensor) -> torch.Tensor:
        """Refuse: rows have parts of their own.

        Raises:
            ConfigError: Always.
        """
        raise ConfigError(
            "rows that are tagged part by part cannot be mixed: the parts of one are not those of another",
            fix="leave mixup and cutmix out",
        )

    def known(self, targets: np.ndarray) -> np.ndarray:
        """Return which rows have a tag that train has."""
        known = set(self.names)
        return np.array([not known.isdisjoint(tags) for tags in targets], dtype=bool)

    def class_weights(self, targets: np.ndarray) -> torch.Tensor:
        """Return parts / (tags that occur * parts with the tag), float32 ``[tags]``; what never occurs weighs 1."""
        counts = Counter(chain.from_iterable(targets))
        return balanced(np.array([counts[name] for name in self.names]))

    def total_weight(self, targets: torch.Tensor, class_weight: torch.Tensor | None) -> float:
        """Return the number of rows: the loss of each is a mean, and weights of tags are 1 on average."""
        return float(len(targets))

    def decode(self, outputs: Sequence[torch.Tensor]) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the likeliest tags, and their probabilities, float32; NaN where a part was not read."""
        if not len(outputs):
            return ragged([]), ragged([])
        names = np.array([*self.names, self.outside], dtype=object)
        logits = torch.cat([row.detach().float().cpu() for row in outputs])
        best, place = logits.softmax(-1).max(-1)
        unread = logits.isnan().any(-1)
        said = names[torch.where(unread, len(self.names), place).numpy()]
        scores = best.masked_fill(unread, torch.nan).numpy()
        ends = np.cumsum([len(row) for row in outputs])[:-1]
        return ragged(np.split(said, ends)), ragged(np.split(scores, ends))

    def columns(self, targets: np.ndarray) -> torch.Tensor:
        """Refuse: no head in closed form reads parts of rows.

        Raises:
            ConfigError: Always.
        """
        raise ConfigError("tags are not fitted in closed form", fix="train the head by gradient")

    def state(self) -> dict[str, Any]:
        """Return the tags, in the order of the outputs, and the one of what was not read."""
        return {"names": list(self.names), "outside": self.outside}
