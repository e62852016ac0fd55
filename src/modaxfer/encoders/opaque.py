"""Whole models as one layer: each takes its input out of the rows it travels in, and gives tokens with a mask."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import nn

from modaxfer.contracts import Hidden

__all__ = ["ImageBody", "SoundBody", "TextBody", "fold", "image_body"]


def fold(values: torch.Tensor, width: int) -> torch.Tensor:
    """Write values into rows of `width`, without loss.

    Args:
        values: ``[batch, length]`` is cut into rows; ``[batch, rows, narrower]`` is filled up with zeros.
        width: Of a row.

    Returns:
        ``[batch, rows, width]``, zeros at the end.
    """
    if values.ndim == 2:
        values = nn.functional.pad(values, (0, -values.shape[1] % width))
        return values.reshape(len(values), -1, width)
    return nn.functional.pad(values, (0, width - values.shape[-1]))


class _NoWords(nn.Module):
    """Stands where the word embeddings were; they belong to the encoder's entry."""


class TextBody(nn.Module):
    """A text model, entered behind its word embeddings."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.width = 0

    def take_words(self) -> nn.Module:
        """Take the word embeddings out of the model and return them."""
        words: nn.Module = self.model.get_input_embeddings()
        self.width = words.embedding_dim  # type: ignore[assignment]
        self.model.set_input_embeddings(_NoWords())
        return words

    def forward(self, hidden: Hidden) -> Hidden:
        """Run the model on embedded words."""
        embedded = hidden.tokens[..., : self.width]
        states = self.model(inputs_embeds=embedded, attention_mask=hidden.mask.long()).last_hidden_state
        return Hidden(states, hidden.mask)


class ImageBody(nn.Module):
    """An image model; its feature map becomes tokens.

    Args:
        model: A Transformers model that takes ``pixel_values``.
        size: Pixels per side of the pictures.
        resizes: Whether it must be told to resize its position embeddings.
    """

    def __init__(self, model: Any, size: int, *, resizes: bool) -> None:
        super().__init__()
        self.model, self.size, self.resizes = model, size, resizes

    def forward(self, hidden: Hidden) -> Hidden:
        """Run the model on pictures."""
        pixels = hidden.tokens.flatten(1)[:, : 3 * self.size**2].reshape(-1, 3, self.size, self.size)
        extra = {"interpolate_pos_encoding": True} if self.resizes else {}
        states = self.model(pixel_values=pixels, **extra).last_hidden_state
        tokens = states.flatten(2).transpose(1, 2) if states.ndim == 4 else states
        return Hidden(tokens, torch.ones(tokens.shape[:2], dtype=torch.bool, device=tokens.device))


def image_body(model: Any, size: int) -> ImageBody:
    """Wrap an image model, or the picture half of a two-tower one."""
    model = getattr(model, "vision_model", model)
    asks = "interpolate_pos_encoding" in inspect.signature(model.forward).parameters
    trained = getattr(model.config, "image_size", size)
    return ImageBody(model, size, resizes=asks and trained not in (size, [size, size], (size, size)))


class SoundBody(nn.Module):
    """A sound model, run on clips of equal length at a time and without padding."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.name = model.main_input_name

    def forward(self, hidden: Hidden) -> Hidden:
        """Run the model on waveforms or frames."""
        lengths = hidden.mask.sum(1)
        made: list[torch.Tensor] = [hidden.tokens] * len(lengths)
        for length in sorted(set(lengths.tolist())):
            rows = (lengths == length).nonzero()[:, 0]
            states = self._states(hidden.tokens[rows, :length])
            for row, state in zip(rows.tolist(), states, strict=True):
                made[row] = state
        tokens = nn.utils.rnn.pad_sequence(made, batch_first=True)
        counts = torch.tensor([len(state) for state in made], device=tokens.device)
        return Hidden(tokens, torch.arange(tokens.shape[1], device=tokens.device) < counts[:, None])

    def _states(self, rows: torch.Tensor) -> torch.Tensor:
        bands = getattr(self.model.config, "num_mel_bins", None) or getattr(
            self.model.config, "feature_projection_input_dim", None
        )
        values = rows.flatten(1) if bands is None else rows[..., :bands]
        states: torch.Tensor = self.model(**{self.name: values}).last_hidden_state
        return states
