"""Made-up samples of the question tasks, for trying things out: own questions, put together at random from a seed.

No question is taken from the real data set, classes are balanced, and no question stands in both splits. A score on a
sample says nothing about the real task.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pyarrow as pa

from modaxfer_questions.templates import FILLERS, TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["fine_questions", "questions"]

_COARSE = {
    "ABBR": "abbreviation",
    "DESC": "description",
    "ENTY": "entity",
    "HUM": "human",
    "LOC": "location",
    "NUM": "number",
}


def questions(seed: int) -> dict[str, pa.Table]:
    """Return ``train`` (150 questions) and ``test`` (48) of six kinds: ``text``, ``label``, ``fine_label``."""
    kinds = {name: [fine for fine in TEMPLATES if _coarse(fine) == name] for name in _COARSE.values()}
    return _tables(f"questions {seed}", kinds, train=25, test=8)


def fine_questions(seed: int) -> dict[str, pa.Table]:
    """Return ``train`` (250 questions) and ``test`` (100) of 50 kinds: ``text``, ``label``, ``fine_label``."""
    return _tables(f"fine questions {seed}", {fine: [fine] for fine in TEMPLATES}, train=5, test=2)


def _tables(seed: str, kinds: Mapping[str, Sequence[str]], *, train: int, test: int) -> dict[str, pa.Table]:
    """Write so many questions of each kind; a kind is a choice of fine kinds."""
    draw = random.Random(seed)
    seen: set[str] = set()
    tables = {}
    for split, count in (("train", train), ("test", test)):
        rows = [_row(draw, fine, seen) for fine in kinds.values() for _ in range(count)]
        draw.shuffle(rows)
        tables[split] = pa.Table.from_pylist(rows)
    return tables


def _row(draw: random.Random, fine_choice: Sequence[str], seen: set[str]) -> dict[str, str]:
    while True:
        fine = draw.choice(fine_choice)
        fillers = {gap: draw.choice(words) for gap, words in FILLERS.items()}
        text = draw.choice(TEMPLATES[fine]).format(**fillers)
        if text not in seen:
            seen.add(text)
            return {"text": text, "label": _coarse(fine), "fine_label": fine}


def _coarse(fine: str) -> str:
    return _COARSE[fine.partition(":")[0]]
