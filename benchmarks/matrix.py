"""Run every built-in encoder with every strategy on one real task per kind of signal: ``make matrix``.

Each block is an ordinary ``modaxfer compare`` below ``runs/matrix``, so that a matrix that was broken off goes on where
it was. Rows and epochs are few: it shows what runs and what is refused, not what each cell can reach. Writes
``docs/results/matrix.json``, without paths of this machine.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from machine import describe_machine, describe_versions
from random_models import MODELS, save

import modaxfer
from modaxfer.runner.compare.grid import label
from modaxfer.runner.compare.ledger import CellRecord

RESULTS = Path(__file__).parent.parent / "docs" / "results" / "matrix.json"

ENCODERS = ("bert", "vit", "wav2vec2", "whisper", "table", "lstm", "cnn", *MODELS)
STRATEGIES = ("full", "lora", "adapter", "frozen", "contrastive")
TASKS = {
    "sst2": "text",
    "legal-sentiment": "text pair",
    "digits-mnist": "image",
    "spoken-digits": "audio",
    "german-credit": "table",
    "nlvr": "image and text",
    "fashion-season": "image and text",
    "houses-price-class": "images and table",
}
"""One real task or two per kind of signal."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """One grid."""

    name: str
    encoders: Sequence[str]
    strategies: Sequence[str]
    tasks: Sequence[str]


BLOCKS = (
    Block(name="one encoder", encoders=ENCODERS, strategies=STRATEGIES, tasks=tuple(TASKS)),
    Block(name="fusion", encoders=("vit+bert",), strategies=("fusion",), tasks=("nlvr", "fashion-season")),
    Block(name="sharing, text", encoders=("bert",), strategies=("multitask",), tasks=("sst2+legal-sentiment",)),
    Block(name="sharing, signals", encoders=("vit",), strategies=("multitask",), tasks=("digits-mnist+spoken-digits",)),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the matrix; return the exit status: 1 where a cell failed, since every one is to be scored or refused."""
    options = _parse(arguments)
    data_dir = os.environ.get("MODAXFER_DATA", "")
    if not Path(data_dir or "nowhere").is_dir():
        print("the matrix needs real data. Fix: set MODAXFER_DATA to the folder that holds the sets.", file=sys.stderr)
        return 2
    wanted = chosen(BLOCKS, options)
    models = {name: save(name, options.output / "models" / name) for name in MODELS}
    machine = describe_machine()
    try:
        made = [(block, _run(block, models, options)) for block in wanted]
    except modaxfer.ModaxferError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    hidden = {str(path): "" for path in (options.output.resolve(), options.output)}
    hidden |= {str(path): "MODAXFER_DATA" for path in (Path(data_dir).resolve(), Path(data_dir))}
    found = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine,
        "versions": describe_versions(),
        "setting": {"limit": options.limit, "epochs": options.epochs, "seeds": options.seeds},
        "signals": TASKS,
        "blocks": [{"name": block.name, "cells": [trimmed(cell, hidden) for cell in cells]} for block, cells in made],
    }
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    failed = [cell for _, cells in made for cell in cells if cell.status == "failed"]
    for cell in failed:
        print(f"failed: {label(cell.encoder)} {cell.strategy} {cell.task}: {cell.reason}", file=sys.stderr)
    return 1 if failed else 0


def chosen(blocks: Iterable[Block], options: argparse.Namespace) -> list[Block]:
    """Return `blocks` with only what the flags name; a block of which nothing is left is left out."""

    def kept(names: Sequence[str], wanted: Sequence[str] | None) -> tuple[str, ...]:
        return tuple(name for name in names if not wanted or set(name.split("+")) <= set(wanted))

    narrowed = (
        replace(
            block,
            encoders=kept(block.encoders, options.encoders),
            strategies=kept(block.strategies, options.strategies),
            tasks=kept(block.tasks, options.tasks),
        )
        for block in blocks
    )
    return [block for block in narrowed if block.encoders and block.strategies and block.tasks]


def trimmed(cell: CellRecord, hidden: Mapping[str, str]) -> dict[str, Any]:
    """Return `cell` as plain values with its primary score alone, and no path of this machine in it.

    Args:
        cell: What came of the cell.
        hidden: What each path is replaced by.
    """
    metric = cell.primary
    kept = replace(
        cell,
        encoder=label(cell.encoder),
        reason=_without(cell.reason, hidden),
        metrics={"test": {metric: cell.score}, "primary": metric} if metric else {},
        intervals={metric: cell.intervals[metric]} if metric in cell.intervals else {},
        baselines={name: _of_metric(values, metric) for name, values in cell.baselines.items()},
        tasks={
            name: {key: value for key, value in found.items() if key != "run"} for name, found in cell.tasks.items()
        },
        data={key: cell.data[key] for key in ("problem", "rows") if key in cell.data},
        checkpoint=label(cell.checkpoint) if cell.checkpoint else "",
        run=None,
    )
    return {key: value for key, value in asdict(kept).items() if value not in (None, {}, "")}


def _of_metric(values: Mapping[str, Any], metric: str | None) -> dict[str, Any]:
    found = {key: values[key] for key in ("name", metric) if key in values}
    difference = (values.get("difference") or {}).get(metric)
    return found | ({"difference": {metric: difference}} if difference else {})


def _without(text: str | None, hidden: Mapping[str, str]) -> str | None:
    for path, instead in hidden.items():
        text = text.replace(f"{path}/models/", instead).replace(path, instead or ".") if text else text
    return text


def _run(block: Block, models: Mapping[str, Path], options: argparse.Namespace) -> tuple[CellRecord, ...]:
    folder = options.output / block.name.replace(", ", "-").replace(" ", "-")
    print(f"{block.name}: {folder}", file=sys.stderr)
    made = modaxfer.compare(
        encoder=[str(models.get(name, name)) for name in block.encoders],
        strategy=block.strategies,
        task=block.tasks,
        seeds=options.seeds,
        limit=options.limit,
        epochs=options.epochs,
        device=options.device,
        output=folder,
        retry_failed=True,
    )
    return made.cells


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, default=200, help="training rows of a task (default 200)")
    parser.add_argument("--epochs", type=float, default=2, help="passes over them (default 2)")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--encoders", nargs="+", help="only these; default all")
    parser.add_argument("--strategies", nargs="+", help="only these; default all")
    parser.add_argument("--tasks", nargs="+", help="only these; default all")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--output", type=Path, default=Path("runs") / "matrix", help="where the runs go")
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
