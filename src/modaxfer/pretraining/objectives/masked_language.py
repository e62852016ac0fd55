"""Masked language modelling (Devlin et al. 2019): hidden tokens are guessed from the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from modaxfer.config import documented
from modaxfer.contracts import ObjectiveContext, ObjectiveLoss, Row, pool
from modaxfer.errors import RefusedError

__all__ = ["MaskedLanguage", "MaskedLanguageOptions", "hide_tokens"]

MASKED, RANDOM = 0.8, 0.1
"""Of the tokens to be guessed, so many are replaced by the mask token, so many by a random one; the rest stays."""

IGNORED = -100


@dataclass(frozen=True, kw_only=True)
class MaskedLanguageOptions:
    """``--set objective.KEY=VALUE``."""

    share: float = documented(0.15, "Share of tokens that have to be guessed.", above=0.0, maximum=0.9)


def hide_tokens(
    ids: torch.Tensor, may: torch.Tensor, share: float, mask_id: int, vocabulary: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Hide some tokens as BERT was trained.

    Args:
        ids: int64 ``[batch, tokens]``.
        may: bool ``[batch, tokens]``: which tokens may be hidden, neither padding nor special ones.
        share: Of these, so many have to be guessed; at least one of the batch.
        mask_id: Of the mask token.
        vocabulary: How many tokens there are.
        generator: Of chance.

    Returns:
        What the encoder is shown, and what it has to guess, -100 elsewhere; both int64 ``[batch, tokens]``.
    """
    drawn = torch.rand(ids.shape, generator=generator).masked_fill(~may, 2.0)
    chosen = (drawn < share) | (drawn == drawn.min()) & may
    wanted = ids.masked_fill(~chosen, IGNORED)
    kind = torch.rand(ids.shape, generator=generator)
    others = torch.randint(vocabulary, ids.shape, generator=generator)
    shown = torch.where(chosen & (kind < MASKED), torch.full_like(ids, mask_id), ids)
    return torch.where(chosen & (kind >= MASKED) & (kind < MASKED + RANDOM), others, shown), wanted


class MaskedLanguage(nn.Module):
    """Cross-entropy of hidden tokens; their logits are products with the encoder's own word embeddings, as in BERT.

    Raises:
        RefusedError: The encoder has no word embeddings that can be found, or its tokenizer no mask token.
    """

    def __init__(self, context: ObjectiveContext, options: MaskedLanguageOptions) -> None:
        super().__init__()
        encoder: Any = context.student.encoder
        words = getattr(getattr(encoder, "embeddings", None), "word_embeddings", None)
        tokenizer = encoder.processor("text").tokenizer
        if words is None or tokenizer.mask_token_id is None:
            raise RefusedError(
                "masked language modelling needs word embeddings and a mask token",
                got=f"{type(encoder).__name__}, mask token {tokenizer.mask_token}",
                allowed="BERT and its kin", fix="choose an encoder such as bert, or another objective",
            )  # fmt: skip
        self._reading, self._share, self._mask_id = context.student, options.share, tokenizer.mask_token_id
        self._special = torch.tensor(sorted(tokenizer.all_special_ids))
        width, narrow = encoder.hidden_size, words.weight.shape[1]
        self.transform = nn.Sequential(nn.Linear(width, narrow), nn.GELU(), nn.LayerNorm(narrow))
        self.bias = nn.Parameter(torch.zeros(words.weight.shape[0]))

    def begin(self, rows: Sequence[Row]) -> None:
        """Nothing has to be known before."""

    def prepare(self, rows: Sequence[Row], generator: torch.Generator) -> Mapping[str, Any]:
        """Return a batch with hidden tokens, and what they were."""
        batch = self._reading.batch(rows)
        ids = batch["input_ids"]
        may = batch["mask"] & ~torch.isin(ids, self._special)
        shown, wanted = hide_tokens(ids, may, self._share, self._mask_id, len(self.bias), generator)
        return {"batch": batch | {"input_ids": shown}, "wanted": wanted}

    def forward(self, prepared: Mapping[str, Any]) -> ObjectiveLoss:
        """Return the mean cross-entropy of hidden tokens, and the share that is guessed."""
        encoder: Any = self._reading.encoder
        hidden = encoder.finish(encoder.run(encoder.embed(prepared["batch"]), 0, encoder.depth))
        wanted = prepared["wanted"]
        there = wanted != IGNORED
        told = self.transform(hidden.tokens[there])
        logits = nn.functional.linear(told, encoder.embeddings.word_embeddings.weight, self.bias.to(told.dtype)).float()
        loss = nn.functional.cross_entropy(logits, wanted[there])
        guessed = (logits.argmax(1) == wanted[there]).float().mean()
        return ObjectiveLoss(loss=loss, vectors=pool(hidden, "mean"), numbers={"guessed": guessed})
