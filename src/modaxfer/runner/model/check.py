"""An encoder of a plugin on its first row: held to the width, the mask and the numbers that it promises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from modaxfer.contracts import UNITS, WINDOWS, Batch, Hidden
from modaxfer.registry import BUILTIN, blame_of, calling, fault
from modaxfer.runner.model.tower import Tower
from modaxfer.runner.model.transfer import TransferModel, part_of_batch

__all__ = ["check_towers"]

ALLOWED = "modaxfer.contracts.Hidden(tokens [batch, tokens, {}], mask bool [batch, tokens]), finite where the mask is"


def check_towers(model: TransferModel, batch: Batch) -> None:
    """Run a row through every encoder that a plugin brings, and behind every bridge of one, before anything is made.

    The framework's own are held to it by its tests: of frozen ones nothing need be computed again.

    Args:
        model: With its weights.
        batch: Of a row, on the model's device.

    Raises:
        PluginFaultError: An encoder or a trained bridge fails, or returns what it must not.
    """
    for place, tower in enumerate(model.towers):
        named = [part for part in (tower.encoder, tower.bridge) if part is not None]
        if any(blame_of(part).plugin != BUILTIN for part in named):
            own = batch if len(model.towers) == 1 else part_of_batch(batch, place)
            # Not in inference mode: what layers are gathered into there could not be trained with later.
            with _judging(tower), torch.no_grad(), torch.random.fork_rng(devices=()):
                _check(tower, {key: value for key, value in own.items() if key not in (WINDOWS, UNITS)})


@contextmanager
def _judging(tower: nn.Module) -> Iterator[None]:
    """Put a tower into evaluation mode, and each of its modules back into the mode that it was in."""
    modes = [(module, module.training) for module in tower.modules()]
    tower.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _check(tower: Tower, batch: Batch) -> None:
    encoder: Any = tower.encoder
    if tower.bridge is None:
        with calling(encoder, "encoder"):
            hidden = encoder.embed(batch)
    else:
        with calling(tower.bridge, "bridge"):
            content = tower.bridge(batch)
        _hold(tower, content, tower.bridge, type(tower.bridge).forward)
        with calling(encoder, "encoder"):
            hidden = encoder.embed_tokens(content)
    _hold(tower, hidden, encoder, type(encoder).embed)
    with calling(encoder, "encoder"):
        hidden = encoder.run(hidden, 0, encoder.depth)
    _hold(tower, hidden, encoder, type(encoder).run)
    with calling(encoder, "encoder"):
        hidden = encoder.finish(hidden)
    _hold(tower, hidden, encoder, type(encoder).finish)


def _hold(tower: Tower, made: Any, part: nn.Module, method: Any) -> None:
    """Refuse what is not states of the encoder's width, with a mask of their shape, and numbers where that is true."""
    width = int(tower.encoder.hidden_size)
    got = _wrong(made, width)
    if got:
        kind = "encoder" if part is tower.encoder else "bridge"
        allowed = ALLOWED.format(f"hidden_size={width}")
        raise fault(part, f"returned what it must not from {method.__name__}", got=got, allowed=allowed, kind=kind,
                    at=method)  # fmt: skip


def _wrong(made: Any, width: int) -> str:
    if not isinstance(made, Hidden):
        return type(made).__name__
    tokens: Any = made.tokens
    mask: Any = made.mask
    if not isinstance(tokens, torch.Tensor) or not isinstance(mask, torch.Tensor):
        return f"tokens of {type(tokens).__name__}, a mask of {type(mask).__name__}"
    if tokens.ndim != 3 or tokens.shape[2] != width:
        return f"tokens of shape {list(tokens.shape)}"
    if mask.shape != tokens.shape[:2] or mask.dtype != torch.bool:
        return f"a mask of {mask.dtype} {list(mask.shape)} for tokens {list(tokens.shape)}"
    if not mask.any(1).all():
        return "a row without a real token"
    bad = int((~torch.isfinite(tokens[mask])).sum())
    return (
        f"{bad} of {tokens[mask].numel()} numbers of real tokens that are not finite (NaN or infinite)" if bad else ""
    )
