"""A small bidirectional LSTM over whatever a trained bridge embeds; trained from scratch."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from modaxfer.contracts import Hidden, Origin
from modaxfer.encoders.designed import EmbeddedEncoder

__all__ = ["LSTMEncoder", "LSTMLayer"]


class LSTMEncoder(EmbeddedEncoder):
    """Bidirectional LSTM (Hochreiter & Schmidhuber 1997; Graves & Schmidhuber 2005), cut between its layers."""

    def __init__(self, config: Any, origin: Origin) -> None:
        super().__init__(config, origin)
        self.layers = nn.ModuleList([LSTMLayer(config) for _ in range(self.depth)])
        self.norm = None

    def embed_tokens(self, hidden: Hidden) -> Hidden:
        """Let content in as it is: an LSTM knows the order of its input."""
        return hidden

    def run(self, hidden: Hidden, start: int, stop: int) -> Hidden:
        """Run layers `start` ... `stop - 1`; real tokens come first in each row, padding comes out as zeros."""
        tokens = hidden.tokens
        for layer in self.layers[start:stop]:
            tokens = layer(tokens, hidden.mask)
        return Hidden(tokens, hidden.mask)


class LSTMLayer(nn.Module):
    """One layer: each half of the width reads the real tokens from one end."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.dropout = nn.Dropout(config.dropout)
        self.lstm = nn.LSTM(config.hidden_size, config.hidden_size // 2, batch_first=True, bidirectional=True)

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Map ``[batch, tokens, hidden]`` to the same; `mask` is bool ``[batch, tokens]``."""
        lengths = mask.sum(1).cpu()
        packed = pack_padded_sequence(self.dropout(tokens), lengths, batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=tokens.shape[1])
        return states
