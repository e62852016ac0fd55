"""Floating-point operations that a phase of training needs: its model FLOPs.

By the definition of PaLM (Chowdhery et al. 2022, appendix B): one forward pass, and of the backward pass what leads to
the parameters that move; products alone; nothing that is computed again to save memory. Real tokens count, padding does
not, but what fills up the last of a row's windows. Frozen layers whose states are known are not run, so they do not
count; nor do losses and what only they train, the optimiser, and passes beside the steps: validation, labels predicted
anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from modaxfer.plan import Reads
from modaxfer.runner.attempts import attempt
from modaxfer.runner.model.joint import part_of_example, parts_of
from modaxfer.runner.training.products import ProductCounter
from modaxfer.runner.training.step import StepModule
from modaxfer.runner.training.streams import TrainStream

__all__ = ["mean_over_lengths", "phase_flops", "row_flops"]

TOLERANCE = 0.05
"""By so much of its operations the row that is looked at beside three others may miss what they say of its length."""


def phase_flops(
    module: StepModule,
    streams: Mapping[str, TrainStream],
    rows: Mapping[str, float],
    trained: Sequence[nn.Parameter],
    warnings: list[str],
) -> int | None:
    """Return the operations that it takes to train on `rows`; None where they cannot be known.

    They are counted on some rows of each stream, one at a time, without carrying products out. They cannot be known
    where frozen layers are cut over processes, where a loss reads inputs and so may run models of its own, where an
    operation may hold products that nobody counts, or where rows cost what their lengths do not say.

    Args:
        module: Of the phase, not wrapped; its models are left in evaluation mode.
        streams: That the phase draws from.
        rows: How many rows of each were trained on.
        trained: Parameters of the models that the phase moves.
        warnings: Where it is noted that counting failed, as code of a plugin may without real values.
    """
    total = 0.0
    for name, stream in streams.items():
        reads = {reading for term in stream.terms for reading in term.spec.reads}
        if stream.session.sharded or Reads.INPUTS in reads:
            return None
        count = partial(row_flops, module, stream, trained)
        alike = partial(_one_length, stream)
        make = partial(mean_over_lengths, stream.lengths, count, alike=alike)
        mean = attempt("counting floating-point operations", make, warnings)
        if mean is None:
            return None
        total += mean * rows[name]
    return round(total)


def row_flops(module: StepModule, stream: TrainStream, trained: Sequence[nn.Parameter], row: int) -> int | None:
    """Return the operations of a forward and a backward pass of one row of `stream`, in all its views."""
    session = stream.session
    session.model.eval()
    chunk = stream.lone(row)
    # Fused attention computes scores again on the way back; written out it makes each product once.
    with ProductCounter() as counter, sdpa_kernel(SDPBackend.MATH), session.computer.arithmetic():
        made = [each for each in module.made(chunk).tensors() if each.requires_grad]
        if made:
            torch.autograd.grad([each.sum() for each in made], list(trained), allow_unused=True)
    return None if counter.unknown else counter.count * len(stream.stream.views)


def mean_over_lengths(
    lengths: np.ndarray,
    count: Callable[[int], int | None],
    *,
    alike: Callable[[Sequence[int]], bool] = lambda rows: True,
) -> float | None:
    """Return the mean operations of rows of these `lengths`; None where they cannot be known.

    Attention makes them a polynomial of the second degree in the length: three rows, a shortest, a longest and one
    between them, say it of all, and another one, of mean length, has to agree. Where a shortest and a longest need as
    many, all do.

    Args:
        lengths: Tokens of each row.
        count: Returns the operations of a row by its number; None where they cannot be known.
        alike: Whether such rows differ in the length of one encoder's part alone.
    """
    different, places = np.unique(lengths, return_index=True)
    chosen = [int(places[0]), int(places[-1])]
    for wanted in ((different[0] + different[-1]) / 2, lengths.mean()):
        left = [place for place in places if place not in chosen]
        chosen += [int(min(left, key=lambda place: abs(lengths[place] - wanted)))] if left else []
    ends = [count(place) for place in dict.fromkeys(chosen[:2])]
    if None in ends or len(set(ends)) == 1:
        return ends[0]
    counts = [*ends, *(count(place) for place in chosen[2:])] if alike(chosen) else [None]
    if None in counts:
        return None
    share, known = lengths[chosen] / different[-1], np.array(counts, float)
    fitted = np.polynomial.Polynomial.fit(share[:3], known[:3], len(share[:3]) - 1)
    if np.abs(fitted(share) / known - 1).max() > TOLERANCE:
        return None
    return float(fitted(lengths / different[-1]).mean())


def _one_length(stream: TrainStream, rows: Sequence[int]) -> bool:
    """Tell whether `rows` differ in the length of one encoder's part at the most."""
    processors = parts_of(stream.session.processor)
    if len(processors) == 1:
        return True
    examples = [stream.entry.rows[row] for row in rows]
    lengths = [
        {processor.length(part_of_example(example, place)) for example in examples}
        for place, processor in enumerate(processors)
    ]
    return sum(len(own) > 1 for own in lengths) <= 1
