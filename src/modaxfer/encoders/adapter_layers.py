"""Adapters that peft has none of: shifted biases, bottlenecks, prompts; each a module around one of the encoder's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import torch
from torch import nn

from modaxfer.errors import ConfigError

__all__ = ["OWN", "AdapterLayer", "Bottleneck", "DeepPrompt", "ShiftedBias", "own_layer"]


class AdapterLayer(nn.Module):
    """A frozen module with something trainable around it; what else is asked of it, the module answers.

    Args:
        base_layer: The module.
    """

    options: Mapping[str, int] = {}
    """Names and defaults of what the constructor takes beside the module."""

    def __init__(self, base_layer: Any) -> None:
        super().__init__()
        self.base_layer = base_layer.requires_grad_(False)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("base_layer"), name)

    def get_base_layer(self) -> Any:
        """Return the module itself."""
        return self.base_layer

    def merge(self) -> None:
        """Put what was learned into the module.

        Raises:
            RuntimeError: No weights of the module do the same, and why.
        """
        raise RuntimeError(f"{type(self).__name__} says nothing of how it is merged")


class ShiftedBias(AdapterLayer):
    """A bias that moves while its weight does not: BitFit (Ben Zaken et al. 2022).

    What is added to it starts at zero and stands beside it, so that weight decay draws it back to the pretrained bias.
    """

    def __init__(self, base_layer: Any) -> None:
        super().__init__(base_layer)
        self.shift = nn.Parameter(torch.zeros_like(base_layer.bias))

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Map ``[..., inputs]`` to ``[..., outputs]``."""
        return cast("torch.Tensor", self.base_layer(states) + self.shift)

    def merge(self) -> None:
        """Add the shift to the bias."""
        self.base_layer.bias.add_(self.shift)


class Bottleneck(AdapterLayer):
    """``h + W_up gelu(W_down h)`` behind a projection, before the shortcut is added (Houlsby et al. 2019, figure 2).

    W_up starts at zero, so that a fresh one changes nothing.

    Args:
        base_layer: The projection, ``[..., inputs]`` to ``[..., hidden]``.
        size: Units of the bottleneck.
    """

    options: Mapping[str, int] = {"size": 64}

    def __init__(self, base_layer: Any, size: int) -> None:
        super().__init__(base_layer)
        width, like = base_layer.out_features, {"device": base_layer.weight.device, "dtype": base_layer.weight.dtype}
        self.down, self.up = nn.Linear(width, size, **like), nn.Linear(size, width, **like)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Map ``[..., inputs]`` to ``[..., hidden]``."""
        hidden = self.base_layer(states)
        return cast("torch.Tensor", hidden + self.up(nn.functional.gelu(self.down(hidden))))

    def merge(self) -> None:
        """Refuse: between the two matrices there is a nonlinearity.

        Raises:
            RuntimeError: Always.
        """
        raise RuntimeError("a bottleneck is no linear map, so no weights of the layer do the same")


class DeepPrompt(AdapterLayer):
    """Learned tokens in front of a layer's input, left out of what it gives: VPT-Deep (Jia et al. 2022, equation 5).

    A row's own tokens look at them as at any other; positions were added before the first layer, so they have none.

    Args:
        base_layer: A transformer layer, called as ``layer(tokens, attention_mask=)``.
        tokens: How many.
        width: Of a token.
    """

    options: Mapping[str, int] = {"tokens": 8}

    def __init__(self, base_layer: Any, tokens: int, width: int) -> None:
        super().__init__(base_layer)
        like = next(base_layer.parameters())
        bound = (3 / width) ** 0.5
        prompt = torch.empty(tokens, width, device=like.device, dtype=like.dtype)
        self.prompt = nn.Parameter(prompt.uniform_(-bound, bound))

    def forward(self, tokens: torch.Tensor, attention_mask: torch.Tensor | None) -> torch.Tensor:
        """Map states ``[batch, tokens, hidden]`` to states; in the mask True marks what may be looked at."""
        count = len(self.prompt)
        front = self.prompt.to(tokens.dtype).expand(len(tokens), -1, -1)
        if attention_mask is not None:
            attention_mask = nn.functional.pad(attention_mask, (count, 0, count, 0), value=True)
        states: torch.Tensor = self.base_layer(torch.cat([front, tokens], 1), attention_mask=attention_mask)
        return states[:, count:]

    def merge(self) -> None:
        """Refuse: tokens are no weights of the layer.

        Raises:
            RuntimeError: Always.
        """
        raise RuntimeError("prompts are tokens that a layer reads, and no weights of it")


OWN: Mapping[str, type[AdapterLayer]] = {"bitfit": ShiftedBias, "bottleneck": Bottleneck, "prompt": DeepPrompt}
"""Adapters of ours, by the name of the method."""


def own_layer(method: str, options: Mapping[str, Any], width: int) -> Callable[[nn.Module], AdapterLayer]:
    """Return what makes an adapter of ours around a module.

    Args:
        method: One of `OWN`.
        options: As in `modaxfer.plan.AdapterSpec`.
        width: Of the encoder's states.

    Raises:
        ConfigError: The method has no such option, or a value is not a whole number above 0.
    """
    made = OWN[method]
    values = {**made.options, **options}
    _refuse(method, sorted(set(values) - set(made.options)), made.options)
    _refuse(method, [f"{key}={value}" for key, value in values.items() if not _is_count(value)], made.options)
    fixed = {"width": width} if made is DeepPrompt else {}
    return lambda module: made(module, **values, **fixed)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _refuse(method: str, wrong: Sequence[str], options: Mapping[str, int]) -> None:
    if wrong:
        raise ConfigError(
            f"the adapter {method} has no such option",
            got=wrong,
            allowed=[f"{key}, a whole number above 0" for key in options] or "none",
            fix="correct the options",
        )
