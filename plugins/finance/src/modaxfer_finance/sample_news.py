"""A made-up sample of `financial-phrasebank`, for trying things out: own sentences, put together from a seed.

No company and no sentence is real. Words such as "loss" stand in good and bad news: what counts is whether it grew. A
score on the sample says nothing about the real task.
"""

from __future__ import annotations

import random

import pyarrow as pa

__all__ = ["financial_phrasebank"]

_ROWS = {"train": 150, "test": 60}
_AGREEMENT = (50, 66, 75, 100)

_COMPANIES = ("Arvelo", "Brandwerk", "Cantor Mills", "Delphin", "Ekstrand", "Fenno Steel", "Gildex", "Halvar", "Isotek")
_GOOD = ("operating profit", "net sales", "the order book", "cash flow", "the dividend", "market share")
_BAD = ("the operating loss", "net debt", "the number of complaints", "the cost of materials", "staff turnover")
_UP = ("rose", "grew", "climbed", "increased", "jumped", "was higher")
_DOWN = ("fell", "shrank", "dropped", "decreased", "slumped", "was lower")
_PERIODS = ("the first quarter", "the second quarter", "the first half", "the year", "the autumn")
_CITIES = ("Tallinn", "Espoo", "Gdansk", "Malmo", "Riga", "Bergen")

_EVENTS = {
    "positive": (
        "{company} won a contract worth EUR {amount} mn in {city} .",
        "{company} raised its outlook for {period} after strong demand .",
        "{company} will hire {people} people in {city} to keep up with orders .",
    ),
    "negative": (
        "{company} lost a contract worth EUR {amount} mn in {city} .",
        "{company} cut its outlook for {period} after weak demand .",
        "{company} will lay off {people} people in {city} as orders dry up .",
    ),
    "neutral": (
        "{company} will publish its report for {period} in {city} .",
        "the office of {company} in {city} has {people} people .",
        "{company} moved its head office to {city} during {period} .",
        "the share capital of {company} is EUR {amount} mn .",
        "{company} makes pumps and valves and has plants in {city} .",
    ),
}


def financial_phrasebank(seed: int) -> dict[str, pa.Table]:
    """Return ``train`` (150 sentences) and ``test`` (60), classes balanced: ``text``, ``label``, ``agreement``."""
    draw = random.Random(f"financial phrasebank {seed}")
    seen: set[str] = set()
    tables = {}
    for split, count in _ROWS.items():
        rows: list[dict[str, str | int]] = []
        while len(rows) < count:
            label = tuple(_EVENTS)[len(rows) % len(_EVENTS)]
            text = _sentence(draw, label)
            if text not in seen:
                seen.add(text)
                rows.append({"text": text, "label": label, "agreement": draw.choice(_AGREEMENT)})
        draw.shuffle(rows)
        tables[split] = pa.Table.from_pylist(rows)
    return tables


def _sentence(draw: random.Random, label: str) -> str:
    facts = {
        "company": draw.choice(_COMPANIES),
        "period": draw.choice(_PERIODS),
        "city": draw.choice(_CITIES),
        "amount": f"{draw.randint(2, 90)}.{draw.randint(0, 9)}",
        "people": draw.randrange(10, 900, 10),
    }
    if label == "neutral" or draw.random() < 0.4:
        return draw.choice(_EVENTS[label]).format(**facts)
    figure, good = draw.choice([(name, True) for name in _GOOD] + [(name, False) for name in _BAD])
    move = draw.choice(_UP if good is (label == "positive") else _DOWN)
    return f"{figure} of {{company}} {move} by {draw.randint(2, 40)} % in {{period}} .".format(**facts)
