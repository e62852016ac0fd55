"""A made-up sample of comments with labels, of which some are rare. Every phrase was written for this project.

Nothing in it would offend: what stands for an oath is one of a children's book. What it shares with real comments is
its shape: most rows have no label, labels come together, and one of them stands in one row of twenty.
"""

from __future__ import annotations

import random

import pyarrow as pa

from modaxfer_reviews.comments import LABELS

__all__ = ["toxic_comments"]

_ROWS = {"train": 600, "test": 240}

_PLAIN = (
    "thanks for the source on the {thing}", "i moved the {thing} to its own section", "the {thing} has two dates now",
    "could somebody check the {thing}", "please sign your note on the {thing}", "i reverted the edit of the {thing}",
    "the talk about the {thing} was archived", "see the guideline before you rename the {thing}",
)  # fmt: skip
_THINGS = ("table", "map of the valley", "lead", "list of rivers", "infobox", "caption", "family tree", "footnote")
_SAID = {
    "obscene": ("thundering typhoons", "blistering barnacles", "oh rats and radishes", "great galloping gravy"),
    "threat": ("you will be sorry for this", "watch your back", "i know where your page lives", "just you wait"),
    "insult": ("you clown", "what a muddle-head you are", "only a turnip would write that", "you great goose"),
    "identity_hate": ("moon people are all like that", "no valley folk should edit here", "go back to the moon"),
}
_SHARES = {"obscene": 0.14, "threat": 0.06, "insult": 0.16, "identity_hate": 0.06}
"""Of all rows; a row with two or more is severe, one with any is toxic."""


def toxic_comments(seed: int) -> dict[str, pa.Table]:
    """Return ``train`` and ``test`` with columns ``id``, ``comment_text`` and one of 0 and 1 for each label."""
    draw = random.Random(f"toxic-comments {seed}")
    seen: set[str] = set()
    tables = {}
    for split, count in _ROWS.items():
        rows: list[dict[str, object]] = []
        while len(rows) < count:
            text, found = _comment(draw)
            if text not in seen:
                seen.add(text)
                said = {*found, *(["toxic"] if found else []), *(["severe_toxic"] if len(found) > 1 else [])}
                labels = {name: int(name in said) for name in LABELS}
                rows.append({"id": f"{split}{len(rows)}", "comment_text": text, **labels})
        tables[split] = pa.Table.from_pylist(rows)
    return tables


def _comment(draw: random.Random) -> tuple[str, list[str]]:
    found = [name for name, share in _SHARES.items() if draw.random() < share]
    plain = [draw.choice(_PLAIN).format(thing=draw.choice(_THINGS)) for _ in range(draw.choice((1, 2, 2)))]
    parts = [*plain, *(draw.choice(_SAID[name]) for name in found)]
    draw.shuffle(parts)
    return f"{', '.join(parts)}{draw.choice(('.', '!', '', ' ...'))}", found
