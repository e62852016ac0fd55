"""wav2vec 2.0 (Baevski et al. 2020): which quantised frame stands in a hidden place, among others of the same sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from modaxfer.config import documented
from modaxfer.contracts import Hidden, ObjectiveContext, ObjectiveLoss, Row, pool
from modaxfer.errors import RefusedError
from modaxfer.pretraining.objectives.masked_units import hide_spans

__all__ = ["Contrastive", "ContrastiveOptions", "Quantiser", "contrastive_loss", "draw_negatives"]

FEWEST_CODES = 2.0
"""Code vectors of a group that have to be in use, as if equally common; or `USED` of all, where that is more."""

USED = 0.02


@dataclass(frozen=True, kw_only=True)
class ContrastiveOptions:
    """``--set objective.KEY=VALUE``; the paper's values."""

    starts: float = documented(0.065, "Share of frames at which a hidden stretch begins.", above=0.0, maximum=1.0)
    length: int = documented(10, "Frames of a hidden stretch.", minimum=1)
    negatives: int = documented(100, "Other hidden frames of the same sound among which one is found.", minimum=1)
    codes: int = documented(320, "Code vectors of each group.", minimum=2)
    groups: int = documented(2, "Groups of code vectors, one of each makes a quantised frame.", minimum=1)
    width: int = documented(256, "Numbers of a quantised frame, a multiple of the groups.", minimum=1)
    temperature: float = documented(0.1, "What cosines are divided by.", above=0.0)
    diversity: float = documented(0.1, "Weight of the loss that keeps code vectors in use.", minimum=0.0)
    gumbel: float = documented(2.0, "Temperature of the Gumbel softmax at the first step.", above=0.0)
    gumbel_factor: float = documented(
        0.999995, "By which it is multiplied at each step, down to a quarter of what it was.", above=0.0, maximum=1.0
    )


def draw_negatives(hidden: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
    """Draw other hidden frames of the same sound, uniformly and with replacement.

    Args:
        hidden: bool ``[batch, frames]``.
        count: For each hidden frame.
        generator: Of chance.

    Returns:
        int64 ``[batch, frames, count]``, places in the same row; the frame itself where it is not hidden, or no other
        is.
    """
    places = torch.arange(hidden.shape[1])[:, None].repeat(len(hidden), 1, count)
    for row, own in enumerate(hidden):
        there = own.nonzero()[:, 0]
        if len(there) > 1:
            drawn = torch.randint(len(there) - 1, (len(there), count), generator=generator)
            # Behind the frame itself one further on, so that it is never drawn.
            places[row, there] = there[drawn + (drawn >= torch.arange(len(there))[:, None])]
    return places


class Quantiser(nn.Module):
    """A code vector of each group for a frame: the likeliest, while training the likeliest with Gumbel noise.

    Gradients go by way of the softmax (straight through). Names of parameters are those of Transformers.

    Args:
        channels: Numbers of a frame.
        options: Codes, groups, width.

    Raises:
        RefusedError: The width is no multiple of the groups.
    """

    def __init__(self, channels: int, options: ContrastiveOptions) -> None:
        super().__init__()
        self._groups, self._codes = options.groups, options.codes
        if options.width % options.groups:
            raise RefusedError(
                "each group gives the same share of a quantised frame", got=f"width {options.width}",
                allowed=f"multiples of {options.groups}", fix="set objective.width",
            )  # fmt: skip
        self.codevectors = nn.Parameter(torch.rand(1, options.groups * options.codes, options.width // options.groups))
        self.weight_proj = nn.Linear(channels, options.groups * options.codes)
        nn.init.normal_(self.weight_proj.weight)
        nn.init.zeros_(self.weight_proj.bias)

    def forward(
        self, frames: torch.Tensor, hidden: torch.Tensor, temperature: torch.Tensor, seed: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Quantise frames ``[batch, frames, channels]``.

        Returns:
            Quantised frames ``[batch, frames, width]``; the code of each group, int64 ``[batch, frames, groups]``; and
            how many codes are in use in hidden frames, as if equally common (perplexity), by group ``[groups]``.
        """
        logits = self.weight_proj(frames).float().reshape(*frames.shape[:2], self._groups, self._codes)
        soft = logits.softmax(-1)
        chosen, used = logits, soft
        if self.training:
            drawn = torch.empty_like(logits).exponential_(generator=_chance(logits.device, seed))
            chosen = (logits - drawn.clamp(min=1e-20).log()) / temperature
        codes = chosen.argmax(-1)
        picked = nn.functional.one_hot(codes, self._codes).to(logits.dtype)
        if self.training:
            relaxed = chosen.softmax(-1)
            picked = picked - relaxed.detach() + relaxed
        else:
            used = picked
        vectors = self.codevectors.float().reshape(self._groups, self._codes, -1)
        made = torch.einsum("btgc,gcd->btgd", picked, vectors).flatten(2)
        shares = used[hidden].mean(0)
        return made, codes, torch.exp(-torch.xlogy(shares, shares).sum(-1))


def contrastive_loss(
    said: torch.Tensor,
    quantised: torch.Tensor,
    codes: torch.Tensor,
    hidden: torch.Tensor,
    negatives: torch.Tensor,
    temperature: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the cross-entropy of finding a hidden frame among its negatives (equation 3), and how often it is found.

    Args:
        said: What the encoder says of each place, ``[batch, frames, width]``.
        quantised: What stands there, ``[batch, frames, width]``.
        codes: Of what stands there, ``[batch, frames, groups]``: one that has the frame's own codes is no negative.
        hidden: bool ``[batch, frames]``, one at least.
        negatives: Places in the same row, ``[batch, frames, count]``.
        temperature: What cosines are divided by.
    """
    one, other = nn.functional.normalize(said, dim=-1), nn.functional.normalize(quantised, dim=-1)
    cosines = one @ other.transpose(1, 2) / temperature
    same = (codes[:, :, None] == codes[:, None]).all(-1)
    wrong = cosines.masked_fill(same, float("-inf")).gather(2, negatives)[hidden]
    logits = torch.cat([cosines.diagonal(dim1=1, dim2=2)[hidden][:, None], wrong], 1)
    first = torch.zeros(len(logits), dtype=torch.long, device=logits.device)
    return nn.functional.cross_entropy(logits, first), (logits.argmax(1) == 0).float().mean()


class Contrastive(nn.Module):
    """Contrastive and diversity loss per hidden frame, as `transformers.Wav2Vec2ForPreTraining` sums them.

    Raises:
        RefusedError: The encoder is no wav2vec 2.0.
    """

    done: torch.Tensor

    def __init__(self, context: ObjectiveContext, options: ContrastiveOptions) -> None:
        super().__init__()
        encoder: Any = context.student.encoder
        if getattr(getattr(encoder, "config", None), "model_type", "") != "wav2vec2":
            raise RefusedError(
                "the contrastive loss of wav2vec 2.0 needs its encoder", got=type(encoder).__name__,
                allowed="wav2vec2", fix="choose another encoder, or another objective such as masked-units",
            )  # fmt: skip
        self._reading, self._options = context.student, options
        self.hidden_frame = nn.Parameter(torch.rand(encoder.hidden_size))
        self.quantizer = Quantiser(encoder.config.conv_dim[-1], options)
        self.project_hid = nn.Linear(encoder.hidden_size, options.width)
        self.project_q = nn.Linear(options.width, options.width)
        self.register_buffer("done", torch.zeros(()))
        self.least = {"codes": max(FEWEST_CODES, USED * options.codes)}

    def begin(self, rows: Sequence[Row]) -> None:
        """Nothing has to be known before."""

    def prepare(self, rows: Sequence[Row], generator: torch.Generator) -> Mapping[str, Any]:
        """Return a batch, which of its frames are hidden, among which they are to be found, and a seed of noise."""
        encoder: Any = self._reading.encoder
        batch = self._reading.batch(rows)
        counts = torch.tensor([encoder.frames(length) for length in batch["lengths"].tolist()])
        real = torch.arange(int(counts.max())) < counts[:, None]
        hidden = hide_spans(real, self._options.starts, self._options.length, generator)
        negatives = draw_negatives(hidden, self._options.negatives, generator)
        seed = int(torch.randint(2**62, (), generator=generator))
        return {"batch": batch, "hidden": hidden, "negatives": negatives, "seed": seed}

    def forward(self, prepared: Mapping[str, Any]) -> ObjectiveLoss:
        """Return the mean loss of hidden frames, its parts, how often one is found, and how many codes are in use."""
        encoder: Any = self._reading.encoder
        hidden, options = prepared["hidden"], self._options
        content, frames = encoder.content_and_frames(prepared["batch"])
        tokens = torch.where(hidden[..., None], self.hidden_frame.to(content.tokens.dtype), content.tokens)
        states = encoder.embed_tokens(Hidden(tokens, content.mask))
        states = encoder.finish(encoder.run(states, 0, encoder.depth))
        said = self.project_hid(states.tokens).float()
        made, codes, used = self.quantizer(frames, hidden, self._warmth(), prepared["seed"])
        quantised = self.project_q(made).float()
        with torch.autocast(said.device.type, enabled=False):
            found, right = contrastive_loss(said, quantised, codes, hidden, prepared["negatives"], options.temperature)
        diversity = 1 - used.mean() / options.codes
        numbers = {"contrastive": found, "diversity": diversity, "found": right, "codes": used.mean()}
        loss = found + options.diversity * diversity
        return ObjectiveLoss(loss=loss, vectors=pool(states, "mean"), numbers=numbers)

    def _warmth(self) -> torch.Tensor:
        """Return the temperature of the Gumbel softmax, which falls with the steps that are done."""
        if self.training:
            self.done += 1
        factor = self._options.gumbel_factor ** (self.done - 1).clamp(min=0)
        return self._options.gumbel * factor.clamp(min=0.25)


def _chance(device: torch.device, seed: int) -> torch.Generator:
    return torch.Generator(device=device).manual_seed(seed)
