"""Whole models as one layer: each takes its input out of the rows it travels in, and gives tokens with a mask.

Batch norms among them never leave evaluation mode: statistics of a batch would make a row's features depend on its
neighbours and on padding, and moving ones would move what is frozen. Their scales and shifts train like any weight.
"""

from __future__ import annotations

import inspect
from typing import Any, Self

import torch
from torch import nn

from modaxfer.contracts import Hidden

__all__ = ["ImageBody", "OpaqueBody", "SoundBody", "TextBody", "fold", "image_body", "norms_of_batches"]

SHORT = 1600
"""Samples or frames of a short sound: a tenth of a second at 16 kHz is longer than any front end's window."""


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


class OpaqueBody(nn.Module):
    """A whole Transformers model."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def probe(self) -> torch.Tensor:
        """Return the tokens ``[1, tokens, hidden]`` of a small input without content."""
        raise TypeError(f"{type(self).__name__} must say what a small input is")

    def train(self, mode: bool = True) -> Self:
        """Switch the training mode of everything but batch norms."""
        super().train(mode)
        for norm in norms_of_batches(self):
            norm.eval()
        return self


def norms_of_batches(module: nn.Module) -> list[nn.Module]:
    """Return the batch norms in `module`."""
    return [part for part in module.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]


class TextBody(OpaqueBody):
    """A text model, entered behind its word embeddings."""

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self.width = 0

    def take_words(self) -> nn.Module:
        """Take the word embeddings out of the model and return them."""
        words: nn.Module = self.model.get_input_embeddings()
        self.width = words.embedding_dim  # type: ignore[assignment]
        self.model.set_input_embeddings(_NoWords())
        return words

    def forward(self, hidden: Hidden) -> Hidden:
        """Run the model on embedded words."""
        return Hidden(self._states(hidden.tokens[..., : self.width], hidden.mask), hidden.mask)

    def probe(self) -> torch.Tensor:
        """Return the tokens of four empty words."""
        return self._states(torch.zeros(1, 4, self.width), torch.ones(1, 4, dtype=torch.bool))

    def _states(self, embedded: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        states: torch.Tensor = self.model(inputs_embeds=embedded, attention_mask=mask.long()).last_hidden_state
        return states


class ImageBody(OpaqueBody):
    """An image model; its feature map becomes tokens.

    Args:
        model: A Transformers model that takes ``pixel_values``.
        size: Pixels per side of the pictures.
        resizes: Whether it must be told to resize its position embeddings.
    """

    def __init__(self, model: Any, size: int, *, resizes: bool) -> None:
        super().__init__(model)
        self.size, self.resizes = size, resizes

    def forward(self, hidden: Hidden) -> Hidden:
        """Run the model on pictures."""
        tokens = self.see(hidden.tokens.flatten(1)[:, : 3 * self.size**2].reshape(-1, 3, self.size, self.size))
        return Hidden(tokens, torch.ones(tokens.shape[:2], dtype=torch.bool, device=tokens.device))

    def probe(self) -> torch.Tensor:
        """Return the tokens of a grey picture."""
        return self.see(torch.zeros(1, 3, self.size, self.size))

    def see(self, pixels: torch.Tensor) -> torch.Tensor:
        """Turn scaled pixels ``[batch, 3, size, size]`` into tokens ``[batch, tokens, hidden]``."""
        extra = {"interpolate_pos_encoding": True} if self.resizes else {}
        states: torch.Tensor = self.model(pixel_values=pixels, **extra).last_hidden_state
        return states.flatten(2).transpose(1, 2) if states.ndim == 4 else states


def image_body(model: Any, size: int) -> ImageBody:
    """Wrap an image model, or the picture half of a two-tower one."""
    model = getattr(model, "vision_model", model)
    asks = "interpolate_pos_encoding" in inspect.signature(model.forward).parameters
    trained = getattr(model.config, "image_size", size)
    return ImageBody(model, size, resizes=asks and trained not in (size, [size, size], (size, size)))


class SoundBody(OpaqueBody):
    """A sound model, run on clips of equal length at a time and without padding."""

    def __init__(self, model: Any) -> None:
        super().__init__(model)
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

    def probe(self) -> torch.Tensor:
        """Return the tokens of silence, as long as the model must have it."""
        return self._states(torch.zeros(1, getattr(self.model.config, "max_length", None) or SHORT, self._bands or 1))

    @property
    def _bands(self) -> int | None:
        """Numbers per frame; None where the model takes a waveform."""
        config = self.model.config
        return getattr(config, "num_mel_bins", None) or getattr(config, "feature_projection_input_dim", None)

    def _states(self, rows: torch.Tensor) -> torch.Tensor:
        values = rows.flatten(1) if self._bands is None else rows[..., : self._bands]
        states: torch.Tensor = self.model(**{self.name: values}).last_hidden_state
        return states
