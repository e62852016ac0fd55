"""Word embeddings in a phase: of a large table steps are given the rows alone that the phase's texts name.

No other row ever has a gradient, so that AdamW's moments of it stay zero: a step would fill, measure and go over a
table of which a few hundred texts name a tenth or a hundredth. Only weight decay would move those rows, of which no
loss says anything; here they stay as they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import torch
from torch import nn

from modaxfer.errors import RunFailedError
from modaxfer.runner.model.transfer import ModelParameter

__all__ = ["Vocabulary", "asked_ids", "looked_up", "of_named_rows", "write"]


class Vocabulary:
    """The rows of one table that the texts of a phase name, as a parameter of their own.

    The model has the table as ever: it is written after each step, and read by all that needs no gradient.

    Args:
        name: Of the table's weight in the model, for messages.
        table: Its weight is ``[vocabulary, hidden]``.
        rows: int64 ``[named]``: numbers of the rows that the phase's texts name, each once.
    """

    def __init__(self, name: str, table: nn.Embedding, rows: torch.Tensor) -> None:
        self.rows = rows
        self.parameter = nn.Parameter(table.weight.detach()[rows])
        """What steps move, ``[named, hidden]``."""
        self.table, self._name = table, name
        self._places = torch.full((table.num_embeddings,), -1)
        self._places[rows] = torch.arange(len(rows))
        padding = -1 if table.padding_idx is None else int(self._places[table.padding_idx])
        self._padding = padding if padding >= 0 else None

    @contextmanager
    def looked_up(self) -> Iterator[None]:
        """Let what is looked up in the table be looked up in `parameter` meanwhile, where a gradient is wanted."""
        handle = self.table.register_forward_hook(self._instead, with_kwargs=True)
        try:
            yield
        finally:
            handle.remove()

    def write(self) -> None:
        """Write what a step has made of the rows into the table.

        Raises:
            RunFailedError: The table itself has a gradient, of which the step knew nothing.
        """
        if self.table.weight.grad is not None:
            self._fail("has a gradient that no step was given: something reads it beside looking tokens up")
        with torch.no_grad():
            self.table.weight.index_copy_(0, self.rows, self.parameter)

    def read(self) -> None:
        """Take the rows over from the table, which a checkpoint has been put into."""
        with torch.no_grad():
            self.parameter.copy_(self.table.weight[self.rows])

    def _instead(
        self,
        table: nn.Module,
        inputs: tuple[torch.Tensor, ...],
        keywords: Mapping[str, torch.Tensor],
        output: torch.Tensor,
    ) -> torch.Tensor:
        if not torch.is_grad_enabled():
            return output
        places = self._places[asked_ids(inputs, keywords)]
        if bool((places < 0).any()):
            self._fail("was asked for a row that no text of the phase names")
        return nn.functional.embedding(places, self.parameter, self._padding)

    def _fail(self, what: str) -> None:
        raise RunFailedError(
            f"the table of word embeddings {what}",
            got=self._name,
            fix="report this with the command you ran; for a plugin, leave the table out of its encoder's `front`",
        )


def of_named_rows(moving: Mapping[str, ModelParameter], words: Mapping[str, Vocabulary]) -> dict[str, ModelParameter]:
    """Return what steps move: of the tables among `moving` that `words` have by name, the rows that are named."""
    return {
        name: replace(parameter, tensor=words[name].parameter) if name in words else parameter
        for name, parameter in moving.items()
    }


@contextmanager
def looked_up(words: Mapping[str, Vocabulary]) -> Iterator[None]:
    """Let look-ups of steps be made in the rows that they move; see `Vocabulary.looked_up`."""
    with ExitStack() as stack:
        for vocabulary in words.values():
            stack.enter_context(vocabulary.looked_up())
        yield


def write(words: Mapping[str, Vocabulary]) -> None:
    """Write what a step has made of the rows into their tables; see `Vocabulary.write`."""
    for vocabulary in words.values():
        vocabulary.write()


def asked_ids(inputs: tuple[torch.Tensor, ...], keywords: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Return what a table was asked for, its only argument."""
    (ids,) = (*inputs, *keywords.values())
    return ids
