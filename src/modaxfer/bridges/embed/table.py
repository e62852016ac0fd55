"""Table rows as one token per column (FT-Transformer's feature tokenizer, Gorishniy et al. 2021)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from modaxfer.bridges.embed.columns import CategoryFeature, NumberFeature
from modaxfer.bridges.embed.combine import best, information, pairs
from modaxfer.bridges.embed.modality import Column
from modaxfer.contracts import Batch, Example
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from modaxfer.bridges.embed.options import EmbedOptions

__all__ = ["TableEmbedder", "TableModality"]

BINS, COMBINATIONS = 16, 16
"""Where ``bridge.expand`` and ``bridge.combine`` are asked for and no number is given."""

Feature = NumberFeature | CategoryFeature


class TableModality:
    """All table columns of a task as one run: a token per column, and per combination of two.

    A column is a number if its training values are, else a category.

    Args:
        names: Column names, at least one.
        options: How columns become features.
    """

    def __init__(self, names: Sequence[str], options: EmbedOptions) -> None:
        self._names, self._options = tuple(names), options
        self._bins = (options.bins or BINS) if options.expand == "bins" else None
        self._kinds: dict[str, str] = {}
        self._numbers: list[NumberFeature] = []
        self._categories: list[CategoryFeature] = []
        self._seen = 0

    @property
    def cut(self) -> tuple[int, int]:
        """A table row is never cut."""
        return 0, self._seen

    @property
    def least(self) -> int:
        """One token per feature, as many as there may be: a table row cannot be cut."""
        added = min(self._options.combinations or COMBINATIONS, math.comb(len(self._names), 2))
        columns = len(self._names) + (added if self._options.combine == "products" else 0)
        return min(columns, self._options.select or columns)

    def read(self, value: Any) -> Any:
        """Return the cells as they are."""
        return value

    def fit(self, columns: Sequence[Column], targets: np.ndarray) -> list[int]:
        """Learn types, scales and categories, choose combinations and columns; return the number of tokens."""
        cells = list(columns[0])
        present = [[row[place] for row in cells if row[place] is not None] for place in range(len(self._names))]
        self._kinds = {
            name: "category" if any(isinstance(value, str) for value in values) else "number"
            for name, values in zip(self._names, present, strict=True)
        }
        table = self._columns(cells)
        features, scores = self._scored([(name,) for name in self._names], table, targets)
        if self._options.combine == "products":
            added, worth = self._scored(self._pairs(scores), table, targets)
            chosen = best(worth, self._options.combinations or COMBINATIONS)
            features += [added[place] for place in chosen]
            scores = np.concatenate([scores, worth[chosen]])
        kept = [features[place] for place in best(scores, self._options.select or len(features))]
        self._numbers = [feature for feature in kept if isinstance(feature, NumberFeature)]
        self._categories = [feature for feature in kept if isinstance(feature, CategoryFeature)]
        return [len(kept)]

    def settle(self, tokens: Sequence[int]) -> None:
        """Take the number of tokens, which is never less than there are columns."""
        assert tokens[0] >= len(self._numbers) + len(self._categories)

    def state(self) -> dict[str, Any]:
        """Return the columns' types and all features."""
        return {
            "kinds": self._kinds,
            "numbers": [feature.state() for feature in self._numbers],
            "categories": [feature.state() for feature in self._categories],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over another's state."""
        self._kinds = dict(state["kinds"])
        self._numbers = [NumberFeature.restore(item, self._options.scaling, self._bins) for item in state["numbers"]]
        self._categories = [
            CategoryFeature(tuple(item["parents"]), list(item["values"])) for item in state["categories"]
        ]

    def prepare(self, run: int, values: Sequence[Sequence[Any]]) -> list[Example]:
        """Return ``numbers`` float32 ``[numbers, bins]``, ``missing`` bool ``[numbers]`` and ``codes`` int32.

        Raises:
            DataError: A number column holds something else.
        """
        self._seen += len(values)
        table = self._columns(values)
        arrays: dict[str, np.ndarray] = {}
        if self._numbers:
            encoded = np.stack([feature.encode(table) for feature in self._numbers], axis=1)
            arrays["numbers"] = np.nan_to_num(encoded).astype(np.float32)
            arrays["missing"] = np.isnan(encoded).any(-1)
        if self._categories:
            arrays["codes"] = np.stack([feature.encode(table) for feature in self._categories], 1).astype(np.int32)
        return [{key: array[row] for key, array in arrays.items()} for row in range(len(values))]

    def length(self, example: Example) -> int:
        """Return the number of tokens, the same for every row."""
        return len(example.get("missing", ())) + len(example.get("codes", ()))

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Stack the arrays of `prepare`, ``codes`` as int64, and a ``mask`` that is True throughout."""
        batch = {key: torch.from_numpy(np.stack([example[key] for example in examples])) for key in examples[0]}
        if "codes" in batch:
            batch["codes"] = batch["codes"].long()
        return batch | {"mask": torch.ones(len(examples), self.length(examples[0]), dtype=torch.bool)}

    def embedder(self, width: int) -> nn.Module:
        """Return a `TableEmbedder`."""
        return TableEmbedder(len(self._numbers), self._bins or 1, [item.size for item in self._categories], width)

    def _columns(self, cells: Sequence[Sequence[Any]]) -> dict[str, np.ndarray]:
        """Return float64 with NaN for number columns, objects with None for categories: each ``[rows]``."""
        columns = {}
        for place, name in enumerate(self._names):
            values = [row[place] for row in cells]
            columns[name] = _numbers(values, name) if self._kinds[name] == "number" else _strings(values)
        return columns

    def _scored(
        self, parents: Sequence[tuple[str, ...]], table: Mapping[str, np.ndarray], targets: np.ndarray
    ) -> tuple[list[Feature], np.ndarray]:
        """Return a fitted feature for each of `parents`, and its score where something is to be chosen."""
        features: list[Feature] = []
        values = []
        for names in parents:
            if self._kinds[names[0]] == "number":
                number = NumberFeature(names, self._options.scaling, self._bins)
                values.append(number.fit(table))
                features.append(number)
            else:
                category = CategoryFeature(names)
                values.append(category.fit(table, self._options.rare))
                features.append(category)
        if self._options.select is None and self._options.combine == "none":
            return features, np.zeros(len(features))
        return features, information(values, targets)

    def _pairs(self, scores: np.ndarray) -> list[tuple[str, str]]:
        found = []
        for kind in ("number", "category"):
            places = [place for place, name in enumerate(self._names) if self._kinds[name] == kind]
            found += pairs([self._names[place] for place in places], scores[places])
        return found


class TableEmbedder(nn.Module):
    """One token per feature: ``value * weight + bias`` for numbers, ``embedding + bias`` for categories.

    A missing number has a bias of its own and no value.

    Args:
        numbers: Number features.
        bins: Values of each.
        sizes: Number of codes of each category feature.
        width: Entries of a token.
    """

    offsets: torch.Tensor

    def __init__(self, numbers: int, bins: int, sizes: Sequence[int], width: int) -> None:
        super().__init__()
        self.numbers, self.categories = numbers, len(sizes)
        limit = width**-0.5
        if numbers:
            self.weight = nn.Parameter(torch.empty(numbers, bins, width).uniform_(-limit, limit))
            # One tensor for known and missing, so that it moves also where nothing is missing.
            self.bias = nn.Parameter(torch.empty(numbers, 2, width).uniform_(-limit, limit))
        if sizes:
            self.codes = nn.Embedding(sum(sizes), width)
            nn.init.uniform_(self.codes.weight, -limit, limit)
            self.category_bias = nn.Parameter(torch.empty(len(sizes), width).uniform_(-limit, limit))
        starts = np.cumsum([0, *sizes])[:-1]
        self.register_buffer("offsets", torch.as_tensor(starts, dtype=torch.long), persistent=False)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Map the arrays of `TableModality.collate` to ``[batch, features, width]``."""
        runs = []
        if self.numbers:
            column = torch.arange(self.numbers, device=self.weight.device)
            content = torch.einsum("bcv,cvw->bcw", batch["numbers"].to(self.weight.dtype), self.weight)
            runs.append(content + self.bias[column, batch["missing"].long()])
        if self.categories:
            runs.append(self.codes(batch["codes"] + self.offsets) + self.category_bias)
        return torch.cat(runs, dim=1)


def _numbers(values: Sequence[Any], name: str) -> np.ndarray:
    try:
        column = np.array([math.nan if value is None else float(value) for value in values])
    except (TypeError, ValueError):
        strange = next(value for value in values if value is not None and not isinstance(value, int | float))
        raise DataError("a column of numbers holds something else", column=name, got=repr(strange)) from None
    column[~np.isfinite(column)] = math.nan
    return column


def _strings(values: Sequence[Any]) -> np.ndarray:
    column = np.empty(len(values), dtype=object)
    column[:] = [None if value is None else str(value) for value in values]
    return column
