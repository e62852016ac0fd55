"""Vectors of a row's parts: the words of a text, the cells of a picture, the stretches of a sound."""

from __future__ import annotations

import math

import torch
from torch import nn

from modaxfer.contracts import NO_UNIT, UNREAD, Hidden

__all__ = ["cell_vectors", "mark_units", "stretch_vectors", "token_vectors", "windows_joined", "without_padding"]


def token_vectors(hidden: Hidden, places: torch.Tensor) -> torch.Tensor:
    """Return the state of each unit's token.

    Args:
        hidden: States ``[batch, tokens, hidden]``.
        places: int64 ``[batch, units]``: of the unit's token; `UNREAD` and `NO_UNIT` give zeros.

    Returns:
        float32 ``[batch, units, hidden]``.
    """
    wide = places.clamp(min=0).unsqueeze(-1).expand(-1, -1, hidden.tokens.shape[-1])
    return hidden.tokens.float().gather(1, wide).masked_fill((places < 0).unsqueeze(-1), 0.0)


def stretch_vectors(hidden: Hidden, count: int) -> torch.Tensor:
    """Average the real tokens of each row in `count` stretches of equal length, in their order.

    Stretch i of n tokens is ``i * n // count ... ceil((i + 1) * n / count)``, as in adaptive average pooling: where
    there are fewer tokens than stretches, some stand in several.

    Args:
        hidden: States ``[batch, tokens, hidden]`` whose real tokens come first, and their mask.
        count: Stretches per row.

    Returns:
        float32 ``[batch, count, hidden]``.
    """
    tokens, real = hidden.tokens.float(), hidden.mask.sum(1, keepdim=True)
    total = nn.functional.pad((tokens * hidden.mask.unsqueeze(-1)).cumsum(1), (0, 0, 1, 0))
    place = torch.arange(count, device=tokens.device)
    start, stop = place * real // count, -(-(place + 1) * real // count)
    before, after = (total.gather(1, end.unsqueeze(-1).expand(-1, -1, tokens.shape[-1])) for end in (start, stop))
    return (after - before) / (stop - start).unsqueeze(-1)


def cell_vectors(hidden: Hidden, count: int) -> torch.Tensor:
    """Average the patches of each picture in the cells of a square grid, in reading order.

    Args:
        hidden: States ``[batch, tokens, hidden]``: tokens that are no patch (a class token, registers) first, then the
            patches of a square picture, row by row.
        count: Cells per picture, a square number.

    Returns:
        float32 ``[batch, count, hidden]``.
    """
    side, cells = math.isqrt(hidden.tokens.shape[1]), math.isqrt(count)
    assert cells * cells == count, "refused before weights are loaded"
    patches = hidden.tokens[:, -side * side :].float()
    patches = patches.reshape(len(patches), side, side, -1).permute(0, 3, 1, 2)
    return nn.functional.adaptive_avg_pool2d(patches, cells).flatten(2).transpose(1, 2)


def mark_units(logits: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Return `logits` ``[batch, units, outputs]`` with NaN where a unit was not read, and -inf where there is none.

    So whoever has logits alone can tell the two from each other and from a prediction; no gradient flows there.
    """
    unread, none = ((places == value).unsqueeze(-1) for value in (UNREAD, NO_UNIT))
    return logits.masked_fill(unread, math.nan).masked_fill(none, -math.inf)


def windows_joined(states: torch.Tensor, mask: torch.Tensor, counts: torch.Tensor) -> Hidden:
    """Return the states of each row's windows one behind the other, padding of windows among them.

    Args:
        states: ``[windows, tokens, hidden]``.
        mask: bool ``[windows, tokens]``.
        counts: int64 ``[rows]``: windows of each row.
    """
    rows = [part.flatten(0, 1) for part in torch.split(states, counts.tolist())]
    masks = [part.flatten() for part in torch.split(mask, counts.tolist())]
    joined = nn.utils.rnn.pad_sequence(rows, batch_first=True)
    return Hidden(joined, nn.utils.rnn.pad_sequence(masks, batch_first=True))


def without_padding(logits: torch.Tensor) -> list[torch.Tensor]:
    """Return the logits ``[units, outputs]`` of each row of a batch that `mark_units` has marked."""
    return [row[~row.isneginf().all(-1)] for row in logits]
