"""Made-up samples of the review tasks, for trying things out: own phrases, put together at random from a seed.

Every function returns ``train`` and ``test`` with the columns of the real data set. Classes are balanced, no text
stands in both splits, some words and phrases occur in test only, and some sentences negate a word of the other side, so
that words alone do not tell everything. A score on a sample says nothing about the real task.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pyarrow as pa

from modaxfer_reviews.words import EVENTS, FRAMES, HEROES, JUDGEMENTS, VOICES, Voice

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = [
    "amazon_books",
    "amazon_dvd",
    "amazon_electronics",
    "amazon_kitchen",
    "amazon_reviews",
    "customer_reviews",
    "rt_polarity",
    "sst2",
    "sst5",
    "subjectivity",
    "vader_products",
    "vader_tweets",
]

Tables = dict[str, pa.Table]
Row = dict[str, str | float]

_ROWS = {"train": 150, "test": 60}
_POLARITY: Mapping[str, Sequence[int]] = {"negative": (-2, -1), "positive": (1, 2)}
_THREE: Mapping[str, Sequence[int]] = {**_POLARITY, "neutral": (0,)}
_FIVE: Mapping[str, Sequence[int]] = {
    "very negative": (-2,), "negative": (-1,), "neutral": (0,), "positive": (1,), "very positive": (2,),
}  # fmt: skip
_NEGATED = 0.25
"""Share of mild judgements that are said as "not" with a word of the other side."""
_SENTENCES_A_REVIEW = 3


def sst2(seed: int) -> Tables:
    """Return film sentences, negative and positive."""
    return _polarity("sst2", "film", _tokenised, seed)


def rt_polarity(seed: int) -> Tables:
    """Return film sentences, negative and positive, drawn apart from those of `sst2`."""
    return _polarity("rt-polarity", "film", _tokenised, seed)


def sst5(seed: int) -> Tables:
    """Return film sentences in five grades."""
    voice = VOICES["film"]
    return _tables("sst5", seed, _FIVE, lambda draw, grade, words: {"text": _tokenised(draw, voice, grade, words)})


def subjectivity(seed: int) -> Tables:
    """Return sentences that tell a plot (objective) and such that judge a film, partly by its plot (subjective)."""
    voice = VOICES["film"]

    def write(draw: random.Random, grade: int, words: int) -> Row:
        judged = grade and draw.random() < 0.5
        end = _opinion(draw, voice, grade, words) if judged else _clause(draw, voice, grade, words)
        return {"text": f"{draw.choice(HEROES)} {draw.choice(EVENTS)} {draw.choice(('but', 'and', 'while'))} {end} ."}

    return _tables("subjectivity", seed, {"objective": (0,), "subjective": (-2, -1, 1, 2)}, write)


def customer_reviews(seed: int) -> Tables:
    """Return sentences on gadgets, negative and positive."""
    return _polarity("customer-reviews", "gadgets", _tokenised, seed)


def amazon_reviews(seed: int) -> Tables:
    """Return the reviews of all four domains together."""
    parts = [amazon_books(seed), amazon_dvd(seed), amazon_electronics(seed), amazon_kitchen(seed)]
    return {split: pa.concat_tables([part[split] for part in parts]) for split in _ROWS}


def amazon_books(seed: int) -> Tables:
    """Return reviews of books, negative and positive."""
    return _amazon("books", seed)


def amazon_dvd(seed: int) -> Tables:
    """Return reviews of DVDs, negative and positive."""
    return _amazon("dvd", seed)


def amazon_electronics(seed: int) -> Tables:
    """Return reviews of electronics, negative and positive."""
    return _amazon("electronics", seed)


def amazon_kitchen(seed: int) -> Tables:
    """Return reviews of kitchen things, negative and positive."""
    return _amazon("kitchen", seed)


def vader_products(seed: int) -> Tables:
    """Return sentences on gadgets with class and rating, a few to a review."""
    tables = _rated("vader-products", "gadgets", _tokenised, seed)
    first = 0
    for split, table in tables.items():
        places = [divmod(place, _SENTENCES_A_REVIEW) for place in range(table.num_rows)]
        reviews = [str(first + review) for review, _ in places]
        ids = [f"{review}_{place + 1}" for review, (_, place) in zip(reviews, places, strict=True)]
        tables[split] = table.append_column("id", [ids]).append_column("review", [reviews])
        first += table.num_rows
    return tables


def vader_tweets(seed: int) -> Tables:
    """Return short messages with class and rating."""
    tables = _rated("vader-tweets", "tweets", _tweet, seed)
    return {
        split: table.append_column("id", [[f"{split}{place}" for place in range(table.num_rows)]])
        for split, table in tables.items()
    }


def _polarity(name: str, kind: str, write: Callable[[random.Random, Voice, int, int], str], seed: int) -> Tables:
    voice = VOICES[kind]
    return _tables(name, seed, _POLARITY, lambda draw, grade, words: {"text": write(draw, voice, grade, words)})


def _amazon(domain: str, seed: int) -> Tables:
    tables = _polarity(f"amazon-{domain}", domain, _review, seed)
    return {split: table.append_column("domain", [[domain] * table.num_rows]) for split, table in tables.items()}


def _rated(name: str, kind: str, write: Callable[[random.Random, Voice, int, int], str], seed: int) -> Tables:
    voice = VOICES[kind]

    def rated(draw: random.Random, grade: int, words: int) -> Row:
        # The noise is small enough to leave every rating on its side of the cuts at -0.5 and 0.5.
        rating = 1.5 * grade + draw.uniform(-0.45, 0.45)
        return {"text": write(draw, voice, grade, words), "rating": round(rating, 2)}

    return _tables(name, seed, _THREE, rated)


def _tables(
    name: str,
    seed: int,
    grades: Mapping[str, Sequence[int]],
    write: Callable[[random.Random, int, int], Row],
) -> Tables:
    """Write rows class by class in turn; `write` takes a grade and how many of the words of a grade may be used."""
    # The name is part of the seed: tasks that share phrases are drawn apart.
    draw = random.Random(f"{name} {seed}")
    seen: set[str | float] = set()
    tables = {}
    for split, count in _ROWS.items():
        rows: list[Row] = []
        words = 5 if split == "train" else 6
        while len(rows) < count:
            label = list(grades)[len(rows) % len(grades)]
            row = write(draw, draw.choice(grades[label]), words)
            if row["text"] not in seen:
                seen.add(row["text"])
                rows.append({**row, "label": label})
        draw.shuffle(rows)
        tables[split] = pa.Table.from_pylist(rows)
    return tables


def _opinion(draw: random.Random, voice: Voice, grade: int, words: int) -> str:
    word = draw.choice(JUDGEMENTS[grade][:words])
    if abs(grade) == 1 and draw.random() < _NEGATED:
        word = f"not {draw.choice(JUDGEMENTS[-grade][:words])}"
    return draw.choice(FRAMES).format(thing=draw.choice(voice.things), word=word)


def _clause(draw: random.Random, voice: Voice, grade: int, words: int) -> str:
    if grade == 0:
        return draw.choice(voice.facts)
    return draw.choice((voice.praise if grade > 0 else voice.blame)[: words - 1])


def _often_neutral(draw: random.Random, grade: int) -> int:
    return draw.choice((0, grade))


def _tokenised(draw: random.Random, voice: Voice, grade: int, words: int) -> str:
    parts = [_opinion(draw, voice, grade, words), _clause(draw, voice, _often_neutral(draw, grade), words)]
    draw.shuffle(parts)
    return f"{parts[0]} , and {parts[1]} ."


def _review(draw: random.Random, voice: Voice, grade: int, words: int) -> str:
    sentences = [
        _opinion(draw, voice, grade, words),
        _clause(draw, voice, 0, words),
        _clause(draw, voice, _often_neutral(draw, grade), words),
    ]
    draw.shuffle(sentences)
    return " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences)


def _tweet(draw: random.Random, voice: Voice, grade: int, words: int) -> str:
    end = {2: ("!!", " :D"), 1: (" :)", "!"), 0: ("", "."), -1: ("...", " :("), -2: ("!!", " :(")}[grade]
    clause = _clause(draw, voice, _often_neutral(draw, grade), words)
    return f"{_opinion(draw, voice, grade, words)} {clause}{draw.choice(end)}"
