"""The scores in the plugins' READMEs, from what ``make domain-scores`` stored."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tables.markdown import code, table
from tables.measured import conditions

__all__ = ["PLUGINS", "domain_scores", "domain_tables"]

MEASURED = Path(__file__).resolve().parent.parent / "results" / "domains.json"
PLUGINS = (
    *("finance", "language-vision", "legal", "medical", "questions", "retail", "reviews", "sound", "traffic", "vision"),
)


def domain_tables() -> dict[str, Callable[[], str]]:
    """Return the table of each plugin, by name."""
    return {f"scores-{plugin}": partial(domain_scores, plugin) for plugin in PLUGINS}


def domain_scores(plugin: str, measured: Path = MEASURED) -> str:
    """Return the scores of a plugin's task, beside a simple model, and how they were made."""
    found = json.loads(measured.read_text(encoding="utf-8")) if measured.is_file() else {"cells": ()}
    cells = [cell for cell in found["cells"] if cell["plugin"] == plugin]
    if not cells:
        return "Not measured yet: run `make domain-scores`."
    first, setting = cells[0], found["setting"]
    rows = [[code(cell["strategy"]), _score(cell), f"{cell['seconds']:.0f} s"] for cell in cells]
    rows += [
        [f"simple ({first['simple_model']})", f"{first['simple']:.3f}", ""],
        ["majority", f"{first['majority']:.3f}", ""],
    ]
    what = (
        f"`{first['task']}` with `{first['checkpoint']}` ({_short(first['bridge'])}), {first['train_rows']:,} training "
        f"rows, {setting['epochs']:g} epochs where weights move, seed {setting['seed']}: {first['metric']} on "
        f"{first['test_rows']:,} test rows, with the 95 % interval over rows."
    )
    again = (
        "`make domain-scores` measures again; times are of one core beside other work; a small encoder and few epochs "
        "are a first impression."
    )
    return "\n\n".join([what, table(["", "test", "time"], rows), f"{conditions(found)} {again}"])


def _score(cell: Mapping[str, Any]) -> str:
    low, high = cell["interval"]
    bounds = "no interval" if low is None or high is None else f"{low:.3f} to {high:.3f}"
    return f"{cell['score']:.3f} ({bounds})"


def _short(bridge: str) -> str:
    return bridge.rpartition("/")[2]
