"""The speed benchmark, from what ``make bench`` stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tables.markdown import table

MEASURED = Path(__file__).resolve().parent.parent / "results" / "speed.json"


def speed() -> str:
    """Return machine, medians and ratios of the last measurement of each workload."""
    if not MEASURED.is_file():
        return "Not measured yet: run `make bench`."
    found = json.loads(MEASURED.read_text(encoding="utf-8"))
    return "\n\n".join(part for name, each in found.items() for part in _workload(name, each))


def _workload(name: str, found: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {name[0].upper()}{name[1:]}"
    yield _conditions(found)
    yield _medians(found["contenders"])
    yield _ratios(found["ratios"])


def _conditions(found: Mapping[str, Any]) -> str:
    machine, setting = found["machine"], found["setting"]
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    made = f"Measured {found['date']} on {machine['cores']} cores of {machine['processor']}"
    size = f"({', '.join(machine['flags'])}), {machine['memory_gb']} GB, load {machine['load']} at the start"
    what = f"Task {setting['task']}, {setting['limit']} training rows, checkpoint {setting['checkpoint']}"
    size_of_batches = f"batches of {setting['batch_size']} rows"
    long = f"{setting['epochs']} epochs ({setting['frozen_epochs']} for the Trainer with a frozen body)"
    return f"{made} {size}. {versions}. {what}, {size_of_batches}, {long}, {setting['repeats']} rounds."


def _medians(contenders: Mapping[str, Mapping[str, float]]) -> str:
    rows = [
        [name, f"{each['total_s']:.1f}", f"{each['train_s']:.1f}", f"{each['accuracy']:.3f}", f"{each['f1_macro']:.3f}"]
        for name, each in contenders.items()
    ]
    return table(["", "whole process, s", "training, s", "test accuracy", "test macro-F1"], rows)


def _ratios(ratios: list[Mapping[str, Any]]) -> str:
    kinds = ("ratio_of_medians", "median_of_ratios")
    rows = [
        [
            f"{each['theirs']} / {each['ours']}",
            *(" / ".join(f"{each[f'{key}_{kind}']:.2f}" for kind in kinds) for key in ("total_s", "train_s")),
        ]
        for each in ratios
    ]
    return table(["seconds theirs / ours", "whole process", "training"], rows)
