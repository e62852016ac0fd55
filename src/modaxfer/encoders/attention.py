"""Scaled-dot-product attention with the kernel that is fastest for what is asked."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.nn import functional
from transformers import AttentionInterface

__all__ = ["NAME", "attend"]

NAME = "modaxfer"
"""What Transformers knows this implementation by."""

LONGEST_EXPLICIT = 512
"""Tokens up to which the matrix of scores is written out; it grows with the square."""


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attend bidirectionally.

    torch's fused kernel is the best choice on accelerators and wherever no gradient is asked for. Its backward pass on
    CPU is several times slower than plain matrix products over sequences of up to a few hundred tokens, so those are
    written out there.

    Args:
        module: Attention module; its training mode decides whether dropout applies.
        query: ``[batch, heads, tokens, size]``; `key` and `value` likewise.
        key: See `query`.
        value: See `query`.
        attention_mask: bool ``[batch, 1, tokens, tokens]``, True where a token may be looked at; None for all.
        dropout: Probability, on attention weights.
        scaling: Factor on the scores; default ``size ** -0.5``.
        **kwargs: What else Transformers passes; it does not matter here.

    Returns:
        ``[batch, tokens, heads, size]`` and None in place of the weights.
    """
    dropout = dropout if module.training else 0.0
    if _explicit(query, key):
        states = _written_out(query, key, value, attention_mask, dropout, scaling)
    else:
        states = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=attention_mask, dropout_p=dropout, scale=scaling
        )
    return states.transpose(1, 2).contiguous(), None


def _explicit(query: torch.Tensor, key: torch.Tensor) -> bool:
    wants_gradient = torch.is_grad_enabled() and (query.requires_grad or key.requires_grad)
    return query.device.type == "cpu" and wants_gradient and key.shape[2] <= LONGEST_EXPLICIT


def _written_out(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    dropout: float,
    scaling: float | None,
) -> torch.Tensor:
    scores = query @ key.transpose(-1, -2) * (1 / math.sqrt(query.shape[-1]) if scaling is None else scaling)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = functional.softmax(scores, dim=-1, dtype=torch.float32).to(value.dtype)
    attended: torch.Tensor = functional.dropout(weights, dropout) @ value
    return attended


AttentionInterface.register(NAME, attend)
