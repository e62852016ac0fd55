"""What mistakes cost, read from a file that names the classes."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING, Any

from modaxfer.errors import ConfigError
from modaxfer.yaml_file import read_text, read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["read_costs"]

WHAT = "cost matrix"


def read_costs(path: Path, classes: Sequence[str]) -> tuple[tuple[float, ...], ...]:
    """Return the cost matrix ``[classes, classes]`` in `path`: true classes down, predicted ones across.

    A CSV file has the predicted classes in its first line, behind one cell, and then a line for each true class. A YAML
    file has a mapping of predicted classes to costs for each true class. What is right may be left out there: it is 0.

    Raises:
        ConfigError: The file is neither, its classes are not these, or a cost is missing, negative or no number.
    """
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".yaml", ".yml"):
        raise ConfigError(
            "a cost matrix is a YAML or a CSV file", got=path, allowed=".yaml, .yml, .csv", fix="rename the file"
        )
    table = _csv(path) if suffix == ".csv" else _yaml(path)
    named = dict.fromkeys([*table, *(name for row in table.values() for name in row)])
    if set(named) != set(classes):
        raise ConfigError(
            "the classes of the cost matrix are not those of the task",
            got=f"{path}: {', '.join(named)}",
            allowed=", ".join(classes),
            fix="name each class of the task once, down and across",
        )
    return tuple(tuple(_cost(path, table, true, said) for said in classes) for true in classes)


def _csv(path: Path) -> dict[str, dict[str, Any]]:
    lines = [[cell.strip() for cell in line] for line in csv.reader(read_text(path, WHAT).splitlines())]
    header, *rows = [line for line in lines if any(line)] or [[]]
    wrong = [line for line in rows if len(line) != len(header)]
    if len(header) < 2 or wrong or len({line[0] for line in rows}) < len(rows) or len(set(header)) < len(header):
        raise ConfigError(
            "a cost matrix in CSV has a line of class names, then a line for each class",
            got=f"{path}: {','.join(wrong[0] if wrong else header)}",
            allowed="`true,CLASS,CLASS`, then `CLASS,0,5` for each class once",
            fix="give every line as many cells as the first",
        )
    return {line[0]: dict(zip(header[1:], line[1:], strict=True)) for line in rows}


def _yaml(path: Path) -> dict[str, dict[str, Any]]:
    values = read_yaml(path, what=WHAT, text=True)
    wrong = [name for name, row in values.items() if not isinstance(row, dict)]
    if wrong:
        raise ConfigError(
            "a cost matrix in YAML has a mapping for each true class",
            got=f"{path}: {wrong[0]}",
            allowed="`TRUE CLASS: {PREDICTED CLASS: 5, ...}`",
            fix="write the costs of each class in braces",
        )
    return {name: {other: row[other] for other in row} for name, row in values.items()}


def _cost(path: Path, table: Mapping[str, Mapping[str, Any]], true: str, said: str) -> float:
    given = table.get(true, {}).get(said, 0.0 if true == said else None)
    try:
        cost = float(given)
    except (TypeError, ValueError):
        cost = math.nan
    if not (math.isfinite(cost) and cost >= 0):
        raise ConfigError(
            f"the cost of predicting {said!r} for a row of {true!r} is no number of 0 or more",
            got=f"{path}: {'missing' if given is None else given}",
            fix="give every pair of two classes a cost",
        )
    return cost
