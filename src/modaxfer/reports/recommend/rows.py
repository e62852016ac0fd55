"""The tables of a recommendation: what could be done, and how candidates were ranked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from modaxfer.reports.recommend.words import called
from modaxfer.reports.scores import duration, number, signed

__all__ = ["candidate_rows", "option_rows"]


def option_rows(found: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return columns and rows of the options, best first."""
    plan, surest = called(found["plan"]), next(called(each) for each in found["options"] if each["is_surest"])
    columns = ["", "option", f"{found['primary']} expected", "interval", f"from {surest}", "on rows", "takes about"]
    rows = [
        [
            "→" if called(option) == plan else "",
            called(option),
            number(option["expected"]),
            _pair(option["interval"]),
            "" if option["is_surest"] else f"{signed(option['difference'])} {_pair(option['difference_interval'])}",
            f"{option['compared_on']:,}",
            duration(option["seconds"]),
        ]
        for option in found["options"]
    ]
    return columns, rows


def candidate_rows(found: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return columns and rows of the candidates, best by their scores first."""
    known = found["candidates"]
    scores = list(dict.fromkeys(name for each in known.values() for name in each["scores"]))
    columns = [
        "candidate",
        "bridge",
        "native",
        *[name.rpartition("/")[2] for name in scores],
        "rank",
        "prior",
        "picked",
    ]
    rows = []
    for each in found["order"]:
        own = known[each["name"]]
        values = [own["scores"].get(name, {}).get("value") for name in scores]
        rank = "" if each["scores"] in (None, math.inf) else f"{each['scores']:.1f}"
        rows.append(
            [
                each["name"],
                own["bridge"].rpartition("/")[2],
                "yes" if own["native"] else "no",
                *["" if value is None else number(value) for value in values],
                rank,
                f"{each['prior']:.1f}",
                "yes" if each["name"] in found["picks"] else "",
            ]
        )
    return columns, rows


def _pair(interval: Any) -> str:
    return "" if None in interval else f"[{number(interval[0])}, {number(interval[1])}]"
