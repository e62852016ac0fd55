"""All runs of a row behind each other: the preparation and the module of the embed bridge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from modaxfer.contracts import Batch, Example, Hidden

if TYPE_CHECKING:
    from modaxfer.bridges.embed.modality import Modality, TokenRun

__all__ = ["EmbedProcessor", "JointEmbedder", "compact", "part_of"]


class EmbedProcessor:
    """Prepares what the embed bridge reads: one value per run, each by the modality of its kind.

    Keys of an example are ``RUN.KEY``, with the run's place in the row.

    Args:
        runs: In the order in which their tokens stand.
        modalities: By kind, fitted.
        identity: Of the bridge.
    """

    def __init__(self, runs: Sequence[TokenRun], modalities: Mapping[str, Modality], identity: str) -> None:
        self._runs, self._modalities = tuple(runs), modalities
        self.identity = identity

    def __call__(self, raws: Sequence[tuple[Any, ...]]) -> list[Example]:
        """Return one example per tuple of values; nothing is padded."""
        examples: list[Example] = [{} for _ in raws]
        for place, run in enumerate(self._runs):
            prepared = self._modalities[run.kind].prepare(run.number, [values[place] for values in raws])
            for example, part in zip(examples, prepared, strict=True):
                example |= {f"{place}.{key}": array for key, array in part.items()}
        return examples

    def length(self, example: Example) -> int:
        """Return the number of tokens of all runs."""
        return sum(self._modalities[run.kind].length(part_of(example, place)) for place, run in enumerate(self._runs))

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Pad each run for itself; ``RUN.mask`` is bool ``[batch, tokens of the run]``."""
        batch: Batch = {}
        for place, run in enumerate(self._runs):
            part = self._modalities[run.kind].collate([part_of(example, place) for example in examples])
            batch |= {f"{place}.{key}": tensor for key, tensor in part.items()}
        return batch


class JointEmbedder(nn.Module):
    """Embeds every run, norms its tokens, tells the runs apart and puts them behind each other without gaps.

    Behind each kind's embedder stands a layer norm, as in ORCA (Shen et al. 2023), so that a frozen body is given
    tokens of one size whatever the field; its gain starts at `scale`, since bodies are used to small embeddings, beside
    which their positions must still be seen. Where there is more than one run, each has a learned embedding of its own
    (as BERT's segments).

    Args:
        runs: In the order in which their tokens stand.
        embedders: By kind: ``Batch -> [batch, tokens, width]``.
        width: Entries of a token.
        scale: Initial standard deviation of a token's entries.
    """

    def __init__(self, runs: Sequence[TokenRun], embedders: Mapping[str, nn.Module], width: int, scale: float) -> None:
        super().__init__()
        self._runs = tuple(runs)
        self.embedders = nn.ModuleDict(embedders)
        self.norms = nn.ModuleDict({kind: _norm(width, scale) for kind in embedders})
        self.fields: nn.Parameter | None = None
        if len(self._runs) > 1:
            self.fields = nn.Parameter(torch.randn(len(self._runs), width) * 0.2 * scale)

    def forward(self, batch: Batch) -> Hidden:
        """Map a batch of `EmbedProcessor` to ``[batch, tokens, width]``; padding stands last and is zero."""
        tokens, masks = [], []
        for place, run in enumerate(self._runs):
            part = part_of(batch, place)
            embedded = self.norms[run.kind](self.embedders[run.kind](part))
            tokens.append(embedded if self.fields is None else embedded + self.fields[place])
            masks.append(part["mask"])
        return compact(torch.cat(tokens, 1), torch.cat(masks, 1))


def compact(tokens: torch.Tensor, mask: torch.Tensor) -> Hidden:
    """Move real tokens to the front, in order, so that their positions do not depend on the padding between them.

    Args:
        tokens: ``[batch, tokens, width]``.
        mask: bool ``[batch, tokens]``; True marks a real token.

    Returns:
        States as long as the longest row needs, zero where they are padding.
    """
    longest = int(mask.sum(1).max())
    order = torch.argsort(mask.logical_not().to(torch.uint8), dim=1, stable=True)[:, :longest]
    mask = mask.gather(1, order)
    tokens = tokens.gather(1, order.unsqueeze(-1).expand(-1, -1, tokens.shape[-1]))
    return Hidden(tokens * mask.unsqueeze(-1), mask)


def _norm(width: int, scale: float) -> nn.LayerNorm:
    norm = nn.LayerNorm(width)
    nn.init.constant_(norm.weight, scale)
    return norm


def part_of(mapping: Mapping[str, Any], place: int) -> dict[str, Any]:
    """Return what belongs to the run at `place`, without its prefix."""
    prefix = f"{place}."
    return {key.removeprefix(prefix): value for key, value in mapping.items() if key.startswith(prefix)}
