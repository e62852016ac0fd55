"""A small transformer for table rows: one token per cell, as a trained bridge embeds them, and a class token."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from modaxfer.contracts import Hidden, Origin
from modaxfer.encoders.attention import attend
from modaxfer.encoders.designed import EmbeddedEncoder

__all__ = ["TableEncoder", "TableLayer"]


class TableEncoder(EmbeddedEncoder):
    """Body of the FT-Transformer (Gorishniy et al. 2021): pre-norm layers over cells and a class token in front.

    Cells have no positions: which column one comes from is what its embedding says.
    """

    def __init__(self, config: Any, origin: Origin) -> None:
        super().__init__(config, origin)
        bound = 1 / math.sqrt(config.hidden_size)
        self.cls_token = nn.Parameter(torch.empty(1, 1, config.hidden_size).uniform_(-bound, bound))
        # The very first norm has to go for good results, the authors found (section 3.3).
        self.layers = nn.ModuleList([TableLayer(config, first=index == 0) for index in range(self.depth)])
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def embed_tokens(self, hidden: Hidden) -> Hidden:
        """Put the class token in front: ``[batch, 1 + cells, hidden]``."""
        front = self.cls_token.expand(len(hidden.tokens), -1, -1).to(hidden.tokens.dtype)
        return Hidden(torch.cat([front, hidden.tokens], 1), nn.functional.pad(hidden.mask, (1, 0), value=True))


class TableLayer(nn.Module):
    """Attention and a ReGLU feed-forward block (Shazeer 2020), each behind a norm and beside a shortcut."""

    def __init__(self, config: Any, *, first: bool) -> None:
        super().__init__()
        width, inner = config.hidden_size, config.intermediate_size
        self.heads, self.attention_dropout = config.num_attention_heads, config.attention_dropout
        self.attention_norm = nn.Identity() if first else nn.LayerNorm(width, eps=config.layer_norm_eps)
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(width, width) for _ in range(3))
        self.out_proj = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width, eps=config.layer_norm_eps)
        self.fc1, self.fc2 = nn.Linear(width, 2 * inner), nn.Linear(inner, width)
        self.dropout = nn.Dropout(config.hidden_dropout)

    def forward(self, hidden_states: torch.Tensor, attention_mask: torch.Tensor | None) -> torch.Tensor:
        """Map states ``[batch, tokens, hidden]`` to states; True in the mask marks what may be looked at."""
        normed = self.attention_norm(hidden_states)
        query, key, value = (self._split(part(normed)) for part in (self.q_proj, self.k_proj, self.v_proj))
        attended, _ = attend(self, query, key, value, attention_mask, dropout=self.attention_dropout)
        hidden_states = hidden_states + self.dropout(self.out_proj(attended.flatten(2)))
        values, gates = self.fc1(self.norm(hidden_states)).chunk(2, dim=-1)
        fed: torch.Tensor = self.fc2(self.dropout(values * nn.functional.relu(gates)))
        return hidden_states + fed

    def _split(self, states: torch.Tensor) -> torch.Tensor:
        """Split ``[batch, tokens, hidden]`` into ``[batch, heads, tokens, size]``."""
        return states.reshape(*states.shape[:2], self.heads, -1).transpose(1, 2)
