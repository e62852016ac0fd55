"""Choose a head for each of several frozen encoders, and how they are joined, by inner validation."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from modaxfer.contracts import Fitted
from modaxfer.heads.classical.family import head_named
from modaxfer.heads.classical.sample import Sample, refuse_unfinite
from modaxfer.heads.fusion.choice import simplest
from modaxfer.heads.fusion.parts import find_part
from modaxfer.heads.fusion.solved import SolvedFusion
from modaxfer.heads.fusion.ways import BESIDE, STACKED, best_part, complete_rows, joined, joint_space, voted
from modaxfer.heads.search_options import WAYS, heads_for, refuse_reduction
from modaxfer.registry import problem_spec
from modaxfer.threads import suitable_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from modaxfer.contracts import LayerFeatures, SolverContext
    from modaxfer.heads.fusion.parts import PartFound
    from modaxfer.heads.fusion.ways import Way
    from modaxfer.heads.search_options import FusedSearch

__all__ = ["fit"]


def fit(context: SolverContext, options: FusedSearch) -> Fitted:
    """Fit a head to frozen features of several encoders.

    Each encoder gets the search of `modaxfer.heads.classical.fit` on the rows that have its fields. What the heads say
    of rows that they were not fitted on, and their features, are then joined in every way of ``options.among``; the
    simplest of these within one standard error of the best is fitted to all of train. The best encoder's own head is
    among them, so that joining has to pay to be chosen.

    Args:
        context: Of one stream, with targets.
        options: The user's settings.

    Raises:
        RefusedError: A head or reduction that is asked for does not fit the problem, or there is no such layer.
        DataError: There are too few rows for inner folds, features are not finite, or no head can be fitted to them.
    """
    started = time.perf_counter()
    features, targets = context.only_stream()
    refuse_reduction(options.reduction, problem_spec(context.problem))
    for each in features:
        refuse_unfinite(each)
    sample = Sample.of(context, options.folds)
    left_out: list[str] = []
    found = [find_part(each, sample, options, left_out) for each in features]
    parts = [part for part, _ in found]
    order = sorted(range(len(parts)), key=lambda number: parts[number].best.score, reverse=True)
    fusing = _Fusing(features, parts, order, sample, options)
    with suitable_threads(len(sample.references), sum(fusing.widths)):
        ways = fusing.ways()
        chosen, errors = simplest(ways, sample, _groups(features, sample))
        head = fusing.head(chosen)
    report = {
        "head": _told(chosen, parts, order),
        "how": chosen.name,
        "score": chosen.score,
        "rows": len(targets["train"]),
        "search_rows": len(sample.references),
        "folds": sample.folds,
        "parts": [part.to_dict() for part in parts],
        "seconds": round(time.perf_counter() - started, 3),
        "candidates": [
            *({**way.to_dict(), "standard_error": errors.get(way.name)} for way in ways),
            *({"encoder": number, **trial.to_dict()} for number, (_, tried) in enumerate(found, 1) for trial in tried),
        ],
        **({"left_out": list(dict.fromkeys(left_out))} if left_out else {}),
    }
    readouts = tuple(part.best.view.readout for part in parts)
    return Fitted(readouts=readouts, head=head, criterion=sample.criterion, report=report)


@dataclass(frozen=True)
class _Fusing:
    """What is known of several encoders, on its way to one head."""

    features: Sequence[LayerFeatures]
    parts: Sequence[PartFound]
    order: Sequence[int]
    sample: Sample
    options: FusedSearch

    @property
    def widths(self) -> list[int]:
        """Size of the vector that the head of each encoder reads."""
        return [
            each.train.shape[-1] * (2 if part.best.view.pooling == "mean_std" else 1)
            for each, part in zip(self.features, self.parts, strict=True)
        ]

    @property
    def blocks(self) -> tuple[list[int], int]:
        smallest = sum(self.sample.sizes(complete_rows(self.parts))[:-1]) // 2
        return self.widths, max(1, min(self.options.components, smallest))

    def ways(self) -> list[Way]:
        """Return all ways that are asked for, the simplest first; of one with several heads the best."""
        sample, parts, among = self.sample, self.parts, self.options.among
        heads = heads_for("auto", sample.problem)
        part, average = best_part(parts, self.order, sample), voted(parts, sample)
        found = {"part": [part], "vote": [average]}
        if "stack" in among:
            scores = torch.cat([each.scores(sample.problem.link) for each in parts], 1)
            few = {head: grid for head, grid in STACKED.items() if head in heads}
            found["stack"] = joined("stack", scores, parts, sample, few, average)
        if "concat" in among:
            grids = {head: head_named(head).grid for head in BESIDE if head in heads}
            found["concat"] = joined("concat", self.vectors(), parts, sample, grids, average, self.blocks)
        tried = [max(found[name], key=lambda way: way.score) for name in WAYS if name in among and found.get(name)]
        return tried or [part]

    def vectors(self) -> torch.Tensor:
        """Return what the heads read of the rows of the sample, side by side."""
        read = [
            torch.cat([part.best.view.read(layers) for layers in self.sample.layers(each)])
            for each, part in zip(self.features, self.parts, strict=True)
        ]
        return torch.cat(read, 1)

    def head(self, way: Way) -> SolvedFusion:
        """Fit the chosen way to all rows of train."""
        made = SolvedFusion(
            self.widths,
            self.sample.criterion.outputs,
            [part.head for part in self.parts],
            way=way.name,
            link=self.sample.problem.link,
            order=self.order,
            joint=None if way.trial is None else self._joint(way),
        )
        made.slopes.copy_(torch.tensor([part.slope for part in self.parts]))
        return made

    def _joint(self, way: Way) -> nn.Module:
        trial, blocks = way.trial, None
        assert trial is not None, "asked by the caller"
        if way.name == "stack":
            rows = np.flatnonzero(complete_rows(self.parts) & (self.sample.blocks < self.sample.folds))
            chosen = torch.from_numpy(rows)
            known = torch.cat([part.scores(self.sample.problem.link)[chosen] for part in self.parts], 1)
            labels = self.sample.labels[chosen]
        else:
            there = [each.there.get("train", np.ones(len(each.train), bool)) for each in self.features]
            rows, blocks = np.flatnonzero(np.logical_and.reduce(there)), self.blocks
            read = [part.best.view.read(each.train[rows]) for each, part in zip(self.features, self.parts, strict=True)]
            known, labels = torch.cat(read, 1), self.sample.train_labels[torch.from_numpy(rows)]
        space = joint_space(known, labels, (len(rows), 0), blocks)
        head, _ = head_named(trial.head).fit(space, trial.value, self.sample.problem.link, trial.calibration)
        return head


def _groups(features: Sequence[LayerFeatures], sample: Sample) -> np.ndarray | None:
    """Number the rows of the sample that belong together; each row of validation stands alone."""
    groups = features[0].groups
    if groups is None:
        return None
    alone = len(sample.references) - len(sample.order)
    return np.concatenate([groups[sample.order], groups.max() + 1 + np.arange(alone)])


def _told(way: Way, parts: Sequence[PartFound], order: Sequence[int]) -> str:
    """Name what was chosen: ``stack (ridge) of lda and logistic``, ``lda of encoder 2 alone``."""
    heads = [part.best.head for part in parts]
    if way.name == "part":
        return f"{heads[order[0]]} of encoder {order[0] + 1} alone"
    joint = "" if way.trial is None else f" ({way.trial.head})"
    return f"{way.name}{joint} of {' and '.join(heads)}"
