"""The encoder behind a stream, for losses that show it other inputs than the model does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from modaxfer.contracts.rows import Batch
from modaxfer.errors import RefusedError

if TYPE_CHECKING:
    from modaxfer.contracts.model import Encoder

__all__ = ["StreamEncoder", "no_encoder"]


@dataclass(frozen=True, kw_only=True)
class StreamEncoder:
    """The encoder of a stream's model, for a loss that shows it other inputs than the model does: hidden ones.

    A loss that trains through it reads `modaxfer.plan.Reads.INPUTS`, so that rows enter at the bottom, and must not
    make it a submodule of its own: its parameters are the model's.
    """

    encoder: Encoder
    """The one that is trained; while a plan is rehearsed its outline, without a weight (torch's ``meta`` device)."""
    sink: str
    """Kind of its input: ``text``, ``image``, ``patches``, ``audio``, ``embeddings``."""
    kind: str
    """Signal kind of the rows, before the bridge."""
    first: bool
    """Whether its first token stands for the row, as a class token does."""
    autocast: Callable[[], AbstractContextManager[Any]]
    """In which it is run: losses are called outside of any."""
    some: Callable[[int], Batch] | None = None
    """Returns the inputs of so many training rows at most, the same each time, on the CPU, for what has to be known
    before the first step; None while a plan is rehearsed."""


def no_encoder(name: str) -> NoReturn:
    """Refuse to give a loss an encoder.

    Raises:
        RefusedError: Always.
    """
    raise RefusedError(f"there is no single encoder behind stream {name}", fix="name one --encoder")
