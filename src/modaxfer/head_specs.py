"""Heads as plain data: one that a plan names, one that is fitted without steps; plugins import both from `spec`."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ClassicalHeadSpec", "HeadSpec"]


@dataclass(frozen=True, kw_only=True)
class HeadSpec:
    """What turns features into logits or values: a `modaxfer.contracts.Head`, an `nn.Module`.

    A strategy's plan names it, and it is built as ``target(width=, outputs=, dropout=, **options)`` with the options
    of the plan; `width` is the size of the vector, or of a token where the class says ``reads = "tokens"``. A run
    stores what ``config()`` returns, plain JSON values or other registered heads by keyword of its constructor, and its
    tensors beside it; ``target(**config)`` is the untrained twin that takes them when it is read.
    """

    name: str
    target: str
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class ClassicalHeadSpec:
    """A head that is fitted to frozen features without steps: a `modaxfer.heads.classical.family.ClassicalHead`.

    It is built as ``target()``; what it fits is a registered head, see `HeadSpec`.
    """

    name: str
    target: str
    links: tuple[str, ...]
    """Links of the outputs that it can fit, see `ProblemSpec.link`."""
    tried: bool = False
    """Whether the search tries it where the head is left open; those registered first are tried first."""
    summary: str = ""
