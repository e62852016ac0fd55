"""Level 3 of heads: one answer of each row, made of what they say they read, and the same when kept and read again."""

from __future__ import annotations

import inspect
import json
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from modaxfer.contracts import Features, Hidden
from modaxfer.heads.build import build_head, head_config, reads_tokens
from modaxfer.testing.check import Check, Level, check, fail, skip
from modaxfer.testing.subject import Subject

__all__ = ["CHECKS"]

ROWS, TOKENS, WIDTH, OUTPUTS = 4, 5, 6, 3
WIDTHS = (6, 8)
"""Of two encoders, for a head that joins them."""

NEAR = 1e-5


@check(Level.CONTRACT, "head")
def answers_each_row(subject: Subject) -> None:
    """It gives float32 ``[rows, outputs]``, finite, in evaluation mode the same again, and by no other row.

    What is said of a row when predicting must be what was scored.
    """
    head, features = _made(subject), _features(subject)
    said = _said(head, features)
    if said.shape != (ROWS, OUTPUTS) or said.dtype != torch.float32 or not said.isfinite().all():
        fail(
            f"head {subject.id} does not answer each row",
            got=f"{said.dtype} {tuple(said.shape)}",
            allowed=f"torch.float32 {(ROWS, OUTPUTS)}, all finite",
        )
    if not torch.equal(said, _said(head, features)):
        fail(f"head {subject.id} answers twice in two ways", fix="switch dropout off in evaluation mode")
    alone = torch.cat([_said(head, _row(features, row)) for row in range(ROWS)])
    if not torch.allclose(alone, said, rtol=0, atol=NEAR):
        fail(
            f"head {subject.id} answers a row by the rows beside it", fix="look at one row; keep statistics in buffers"
        )


@check(Level.CONTRACT, "head")
def is_its_config_and_its_tensors(subject: Subject) -> None:
    """Built from what ``config()`` returns, as JSON, and filled with its tensors, a twin answers the same.

    A run keeps nothing else of it.
    """
    head, features = _made(subject), _features(subject)
    _shaken(head)
    save_file(head.state_dict(), subject.folder / "head.safetensors")
    config = head.config()  # type: ignore[operator]
    twin = type(head)(**json.loads(json.dumps(config))) if _is_plain(config) else build_head(head_config(head))
    twin.load_state_dict(load_file(subject.folder / "head.safetensors"))
    if not torch.equal(_said(twin, features), _said(head, features)):
        fail(
            f"head {subject.id}, built from its config and its tensors, is another",
            got=config,
            fix="return every keyword of the constructor in config, and keep what is learned in parameters or buffers",
        )


@check(Level.CONTRACT, "head")
def reads_what_it_says(subject: Subject) -> None:
    """One that reads vectors needs no tokens; one that reads tokens does not look at padding.

    Of a frozen encoder there are stored vectors alone, and padding is whatever stands beside a row.
    """
    head, features = _made(subject), _features(subject)
    said = _said(head, features)
    if reads_tokens(head):
        noisy = [
            Hidden(torch.where(each.mask[..., None], each.tokens, 9 * torch.ones_like(each.tokens)), each.mask)
            for each in features.by_tower
        ]
        other = Features(pooled=features.pooled, by_tower=tuple(noisy))
        if not torch.allclose(_said(head, other), said, rtol=0, atol=NEAR):
            fail(f"head {subject.id} reads padding", fix="leave out tokens whose mask is False")
    elif not torch.equal(_said(head, Features(pooled=features.pooled)), said):
        fail(f"head {subject.id} reads tokens and does not say so", fix='say reads = "tokens" in the class')


@check(Level.CONTRACT, "head")
def learns_by_gradient(subject: Subject) -> None:
    """Every parameter of it gets a gradient.

    A run asserts that what is to move moves.
    """
    head = _made(subject)
    head.train()
    _shaken(head)
    out: Any = head(_features(subject))
    out.square().sum().backward()
    if lost := [name for name, one in head.named_parameters() if one.grad is None or not one.grad.any()]:
        fail(f"head {subject.id} has parameters that get no gradient", got=lost, fix="leave out what it does not use")


def _made(subject: Subject) -> nn.Module:
    """Return a small head in evaluation mode, built as a plan builds it."""
    target = subject.target()
    keywords = _keywords(target)
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        head: nn.Module = target(**keywords)
    return head.eval()


def _keywords(target: Any) -> dict[str, Any]:
    known = inspect.signature(target).parameters
    own: dict[str, Any] = {"outputs": OUTPUTS, "dropout": 0.1}
    own |= {"widths": WIDTHS, "options": {}} if "widths" in known else {"width": WIDTH}
    rest = any(one.kind is one.VAR_KEYWORD for one in known.values())
    given = {name: value for name, value in own.items() if rest or name in known}
    plain = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    needed = [one.name for one in known.values() if one.default is one.empty and one.kind in plain]
    if lacking := [name for name in needed if name not in given]:
        skip(f"no plan builds it from sizes alone, it takes {', '.join(lacking)}: what fits it is checked instead")
    return given


def _features(subject: Subject) -> Features:
    generator = torch.Generator().manual_seed(0)
    widths = WIDTHS if "widths" in inspect.signature(subject.target()).parameters else (WIDTH,)
    there = torch.ones(ROWS, len(widths) if len(widths) > 1 else 0)
    pooled = torch.cat([there, torch.randn(ROWS, sum(widths), generator=generator)], 1)
    if not reads_tokens(subject.target()):
        return Features(pooled=pooled)
    mask = torch.arange(TOKENS) < torch.tensor([[5], [3], [1], [4]])
    towers = [Hidden(torch.randn(ROWS, TOKENS, width, generator=generator), mask) for width in widths]
    return Features(pooled=pooled, by_tower=tuple(towers))


def _row(features: Features, row: int) -> Features:
    one = slice(row, row + 1)
    towers = tuple(Hidden(each.tokens[one], each.mask[one]) for each in features.by_tower)
    return Features(pooled=features.pooled[one], by_tower=towers)


@torch.no_grad()
def _said(head: nn.Module, features: Features) -> torch.Tensor:
    said: torch.Tensor = head.eval()(features)
    return said


def _shaken(head: nn.Module) -> None:
    """Move every tensor from where it starts, so that a fresh twin cannot pass for it."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for one in head.parameters():
            one.add_(0.1 * torch.randn(one.shape, generator=generator))


def _is_plain(config: Any) -> bool:
    try:
        json.dumps(config)
    except TypeError:
        return False
    return True


CHECKS: tuple[Check, ...] = (
    answers_each_row,
    is_its_config_and_its_tensors,
    reads_what_it_says,
    learns_by_gradient,
)
