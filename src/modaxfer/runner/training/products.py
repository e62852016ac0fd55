"""Counts the operations of matrix products and convolutions in a computation, without carrying them out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

__all__ = ["ProductCounter"]

OPEN = ("aten", "prim", "prims")
"""Namespaces of operations whose products are known; in others, code of a package's own, there may be any."""

HIDDEN = frozenset(
    (
        *("linear", "linear_backward", "_addmm_activation", "addmm_", "baddbmm_", "addbmm", "_int_mm", "_trilinear"),
        *("_grouped_mm", "_scaled_grouped_mm", "_native_multi_head_attention", "_transformer_encoder_layer_fwd"),
        *("_cudnn_rnn", "_cudnn_rnn_backward", "miopen_rnn", "miopen_rnn_backward", "_convolution_double_backward"),
        *("_mps_convolution", "mps_convolution_backward", "_scaled_dot_product_attention_math_for_mps"),
        "_scaled_dot_product_flash_attention_for_cpu",
        "_scaled_dot_product_flash_attention_for_cpu_backward",
        "_scaled_dot_product_fused_attention_overrideable",
        "_scaled_dot_product_fused_attention_overrideable_backward",
    )
)
"""Operations of torch that hold products and have no formula."""


def _recurrent(passes: int) -> Callable[..., int]:
    """Return the formula of a recurrent layer that makes so many products with each weight."""

    def operations(states: torch.Tensor, of_input: torch.Tensor, of_state: torch.Tensor, *_: Any, **__: Any) -> int:
        positions = states.numel() // states.shape[-1]
        return passes * 2 * positions * (of_input.numel() + of_state.numel())

    return operations


RECURRENT: Mapping[Any, Callable[..., int]] = {
    torch.ops.aten.mkldnn_rnn_layer: _recurrent(1),
    torch.ops.aten.mkldnn_rnn_layer_backward: _recurrent(2),
}


FACTORS: Mapping[Any, tuple[int, int]] = {
    torch.ops.aten.mm: (0, 1),
    torch.ops.aten.bmm: (0, 1),
    torch.ops.aten.addmm: (1, 2),
    torch.ops.aten.baddbmm: (1, 2),
}
"""Which arguments are multiplied, ``[..., m, k]`` by ``[..., k, n]``."""


class ProductCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """A context in which products of matrices, attention and convolutions are counted and not carried out.

    A multiplication and an addition are two operations, as in `torch.utils.flop_counter`. What products would give is
    zeros on the way forward and uninitialised on the way back. All else is carried out, so that a model takes the way
    that its masks and lengths say, at the cost of what is elementwise.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0
        """Operations so far."""
        self.unknown: set[str] = set()
        """Operations that may hold products that are not counted."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count `func`, or carry it out."""
        kwargs, packet = kwargs or {}, func._overloadpacket
        if packet in FACTORS:
            left, right = (args[place] for place in FACTORS[packet])
            shape = (*left.shape[:-1], right.shape[-1])
            self.count += 2 * math.prod(shape) * left.shape[-1]
            return _blank(left, shape)
        if packet in flop_registry:
            made = _blanks(func, args, kwargs)
            self.count += flop_registry[packet](*args, **kwargs, out_val=made)
            return made
        if packet is torch.ops.aten.embedding_dense_backward:  # No product, but as large as the vocabulary.
            return _blank(args[0], (args[2], args[0].shape[-1]))
        if packet in RECURRENT:
            self.count += RECURRENT[packet](*args, **kwargs)
        elif func.namespace not in OPEN or packet.__name__ in HIDDEN:
            self.unknown.add(str(packet))
        return func(*args, **kwargs)


def _blank(like: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    # Only on the way forward may values decide what comes next.
    return like.new_zeros(shape) if torch.is_grad_enabled() else like.new_empty(shape)


def _blanks(func: Any, args: Any, kwargs: Any) -> Any:
    """Return tensors of the shapes and types of those that `func` would return."""
    given = next(each for each in pytree.tree_leaves((args, kwargs)) if isinstance(each, torch.Tensor))
    args, kwargs = pytree.tree_map_only(torch.Tensor, lambda each: each.to("meta"), (args, kwargs))
    shapes = func(*args, **kwargs)
    make = torch.zeros_like if torch.is_grad_enabled() else torch.empty_like
    return pytree.tree_map_only(torch.Tensor, lambda each: make(each, device=given.device), shapes)
