"""Carry encoders into other modalities, beside the same architectures from scratch: ``make cross-modal``.

Every cell of `CELLS` is one command, `SEEDS` seeds with a baseline from scratch each. A killed benchmark goes on where
it was; a finished cell is not run again. Writes ``docs/results/cross-modal.json``.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from machine import describe_machine, describe_versions

from modaxfer.config import RunConfig, build, read_yaml
from modaxfer.result import Result

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs" / "results" / "cross-modal.json"
RUNS = Path("runs") / "cross-modal"
SEEDS = 3
RATES = "0.5,2"
"""Factors on the learning rates that pretrained and random weights both try."""
SMALL = ("encoder.image_size=112",)
"""A quarter of the patches of a picture of 224 pixels: drawings of sounds and tables lose little by it."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One encoder on one task over one bridge, as long as two cores can bear in some minutes."""

    encoder: str
    task: str
    bridge: str
    strategy: str = "full"
    limit: int
    """Training rows at most; test has a quarter of it."""
    epochs: float
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Folder of the cell's runs."""
        return f"{self.encoder}-{self.task}-{self.bridge}"

    def command(self, output: Path) -> list[str]:
        """Return the command line that runs the cell or takes it up."""
        flags = {
            "encoder": self.encoder,
            "task": self.task,
            "bridge": self.bridge,
            "strategy": self.strategy,
            "limit": self.limit,
            "epochs": self.epochs,
            "seeds": SEEDS,
            "baseline": "scratch",
            "output": output,
        }
        words = [str(word) for key, value in flags.items() for word in (f"--{key}", value)]
        options = [word for option in (f"train.rates={RATES}", *self.options) for word in ("--set", option)]
        resume = ["--resume"] if (output / "config.yaml").is_file() else []
        return [sys.executable, "-m", "modaxfer", "train", *words, *options, *resume]


CELLS = (
    Cell(encoder="vit", task="legal-sentiment", bridge="render", strategy="lora", limit=1200, epochs=3),
    Cell(encoder="vit", task="sst2", bridge="render", limit=800, epochs=3),
    Cell(encoder="vit", task="spoken-digits", bridge="spectrogram", limit=400, epochs=2, options=SMALL),
    Cell(encoder="vit", task="esc10", bridge="spectrogram", limit=320, epochs=5, options=SMALL),
    Cell(encoder="bert", task="spoken-digits", bridge="embed", limit=480, epochs=4),
    Cell(encoder="bert", task="digits-mnist", bridge="embed", limit=480, epochs=4),
    Cell(encoder="bert", task="german-credit", bridge="serialise", limit=400, epochs=2),
    Cell(encoder="vit", task="german-credit", bridge="grid", limit=400, epochs=2, options=SMALL),
    Cell(encoder="whisper", task="sst2", bridge="embed", limit=800, epochs=3),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing and store what there is; return the exit status."""
    options = _parse(arguments)
    if not os.environ.get("MODAXFER_DATA"):
        print("no rows to train on. Fix: set MODAXFER_DATA to the folder that holds the data sets.", file=sys.stderr)
        return 2
    chosen = [cell for cell in CELLS if not options.only or cell.name in options.only]
    failed = [cell.name for cell in chosen if not _run(cell, options.runs / cell.name)]
    store(options.runs, options.output)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def store(runs: Path, output: Path) -> None:
    """Write what is known of all cells to `output`; a cell without a finished run is left out."""
    folders = {cell: runs / cell.name for cell in CELLS}
    found = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": describe_machine(),
        "versions": describe_versions(),
        "rates": [float(factor) for factor in RATES.split(",")],
        "cells": [describe(cell, Result.load(folder)) for cell, folder in folders.items() if is_finished(folder)],
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def describe(cell: Cell, result: Result) -> dict[str, Any]:
    """Return the numbers of a finished cell; scores are means over seeds, chance and simple bar those of the first."""
    metric = result.primary
    gained = dict((result.transfer_gain or {})["pretraining"][metric])
    scores = {"pretrained": gained.pop("with"), "scratch": gained.pop("without")}
    simple = result.baselines.get("simple") or {}
    return {
        "encoder": cell.encoder,
        "checkpoint": result.encoder["checkpoint"],
        "task": cell.task,
        "bridge": cell.bridge,
        "strategy": cell.strategy,
        "epochs": cell.epochs,
        "options": list(cell.options),
        "rows": dict(result.data["rows"]),
        "sample": str(result.data["source"]).lower().startswith("sample"),
        "metric": metric,
        "chance": result.baselines["chance"][metric],
        "simple": simple.get(metric),
        "simple_model": simple.get("name", ""),
        "deviation": result.repeats["std"].get(metric),
        **gained,
        **scores,
    }


def is_finished(folder: Path) -> bool:
    """Tell whether a cell has been run with all its seeds and baselines."""
    if not (folder / "result.json").is_file():
        return False
    result = Result.load(folder)
    return result.status == "completed" and result.transfer_gain is not None


def same_settings(cell: Cell, folder: Path) -> bool:
    """Tell whether the run in `folder` was started with the settings that the table has now."""
    stored = build(RunConfig, read_yaml(folder / "config.yaml"))
    now = (cell.limit, float(cell.epochs), cell.strategy, SEEDS)
    options = dict(option.split("=") for option in cell.options)
    return now == (stored.limit, stored.epochs, stored.strategy, stored.seeds) and all(
        str(stored.set.get(key)) == value for key, value in options.items()
    )


def _run(cell: Cell, folder: Path) -> bool:
    if is_finished(folder) and same_settings(cell, folder):
        print(f"{cell.name}: finished already", flush=True)
        return True
    if (folder / "config.yaml").is_file() and not same_settings(cell, folder):
        print(f"{cell.name}: its runs were made with other settings. Fix: remove {folder}", file=sys.stderr)
        return False
    command = cell.command(folder)
    print(f"\n{cell.name}: {shlex.join(['modaxfer', *command[3:]])}", flush=True)
    done = subprocess.run(command, env=os.environ | {"HF_HUB_OFFLINE": "1"}, check=False)
    for model in (*folder.glob("seeds/*/model"), *folder.glob("scratch/*/model")) if not done.returncode else ():
        # Some hundred megabytes per cell, of models that are here for their scores only.
        shutil.rmtree(model)
    return not done.returncode


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="CELL", choices=[cell.name for cell in CELLS])
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
