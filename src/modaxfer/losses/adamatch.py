"""AdaMatch: pseudo-labels for rows without labels, held against a strongly changed view of the same rows."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from modaxfer.contracts import LossContext, LossOutput, Step, StreamBatch
from modaxfer.errors import RefusedError
from modaxfer.losses.pseudo_labels import aligned, followed, moving_mean, relative_threshold, settled

__all__ = ["AdaMatch"]


class AdaMatch(nn.Module):
    """The unsupervised part of AdaMatch (Berthelot et al. 2022); a joint loss of streams in two views, weak and strong.

    Streams that show targets are the labelled ones, all others are learned from without labels, whether they come from
    another domain (adaptation) or from the same (semi-supervised). Logged beside it: the share of rows ``above`` the
    threshold, and the ``threshold``.

    The paper's random logit interpolation, between a pass of labelled rows alone and one of all rows together, is not
    here because it would change nothing: the two differ by the batch norms' statistics, and here no row of a batch has
    a part in another's outputs (layer norms are of one row, batch norms keep the checkpoint's statistics).

    Args:
        context: Of labelled and unlabelled streams.
        threshold: Share of the mean confidence on labelled rows from which a row counts.
        align: Whether predictions are moved to the class shares predicted on labelled rows.
        momentum: Of the moving means of these shares, after many steps; see `settled`. 0 takes those of the step, as
            the paper does.

    Raises:
        RefusedError: All streams are labelled, or none is.
    """

    def __init__(
        self, context: LossContext, threshold: float = 0.95, align: bool = True, momentum: float = 0.999
    ) -> None:
        super().__init__()
        labelled = {facts.targets is not None for facts in context.streams.values()}
        if labelled != {True, False}:
            raise RefusedError(
                "loss adamatch compares labelled rows with others",
                got=f"streams that are all {'labelled' if True in labelled else 'unlabelled'}",
                allowed="at least one of each",
                fix="correct the plan",
            )
        self.threshold, self.align, self.momentum = threshold, align, momentum
        self.wanted: torch.Tensor
        self.found: torch.Tensor
        self.steps: torch.Tensor
        self.register_buffer("wanted", torch.zeros(context.outputs))
        self.register_buffer("found", torch.zeros(context.outputs))
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def forward(self, step: Step) -> LossOutput:
        """Return the mean loss of the step's unlabelled rows, ``[]``."""
        known, _ = _views([stream for stream in step.streams.values() if stream.targets is not None])
        weak, strong = _views([stream for stream in step.streams.values() if stream.targets is None])
        labelled, shares = known.detach().softmax(1), weak.detach().softmax(1)
        if self.align:
            self._count(labelled.mean(0), shares.mean(0))
            shares = aligned(shares, self.wanted, self.found)
        threshold = relative_threshold(labelled, self.threshold)
        losses, above = followed(shares, strong, threshold)
        return LossOutput(losses=losses.mean(), numbers={"above": above.mean(), "threshold": threshold})

    def _count(self, labelled: torch.Tensor, unlabelled: torch.Tensor) -> None:
        steps = int(self.steps)
        momentum = settled(self.momentum, steps)
        self.wanted.copy_(moving_mean(self.wanted, labelled, momentum, first=steps == 0))
        self.found.copy_(moving_mean(self.found, unlabelled, momentum, first=steps == 0))
        self.steps += 1


def _views(streams: Sequence[StreamBatch]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the outputs of the weak and of the strong view of all rows of `streams`, ``[rows, classes]`` each."""
    pairs = [stream.outputs.chunk(2) for stream in streams]
    return torch.cat([weak for weak, _ in pairs]), torch.cat([strong for _, strong in pairs])
