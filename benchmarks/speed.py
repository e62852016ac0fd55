"""Time modaxfer beside a plain Transformers Trainer on the same rows: ``make bench``.

Every contender is a process of its own with an empty cache. A round runs ours and theirs in turn; seconds are compared
by the ratio of medians over rounds, and by the median of the rounds' own ratios. Writes ``docs/results/speed.json``.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from contenders import COMPARISONS, Contender, Setting, contenders
from machine import describe_machine, describe_versions

RESULTS = Path(__file__).parent.parent / "docs" / "results" / "speed.json"
TASK, CHECKPOINT = "legal-sentiment", "minilm"

Measurement = dict[str, Any]
"""``contender``, ``round``, ``total_s`` (whole process), ``train_s``, ``accuracy``, ``f1_macro``."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit status."""
    options = _parse(arguments)
    data_dir = os.environ.get("MODAXFER_DATA", "")
    if not (data_dir and (Path(data_dir) / TASK).is_dir()):
        print(f"no folder {TASK} with its rows. Fix: set MODAXFER_DATA to the folder that holds it.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        setting = _setting(Path(data_dir).resolve(), Path(scratch), options)
        chosen = [each for each in contenders(setting) if not options.only or each.name in options.only]
        machine = describe_machine()
        measured = _measure(chosen, options.repeats, Path(scratch))
    found = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine,
        "versions": describe_versions(),
        "setting": {
            key: getattr(setting, key) for key in ("task", "checkpoint", "epochs", "frozen_epochs", "batch_size")
        }
        | {"repeats": options.repeats},
        "contenders": summarise(measured),
        "ratios": compare(measured),
        "measurements": measured,
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found["ratios"], indent=1))
    return 0


def summarise(measured: Sequence[Measurement]) -> dict[str, dict[str, float]]:
    """Return each contender's median seconds and scores."""
    names = dict.fromkeys(each["contender"] for each in measured)
    keys = ("total_s", "train_s", "accuracy", "f1_macro")
    return {name: {key: median(_values(measured, name, key)) for key in keys} for name in names}


def compare(measured: Sequence[Measurement]) -> list[dict[str, Any]]:
    """Return how many times longer theirs took than ours, for each pair that was measured."""
    ran = {each["contender"] for each in measured}
    return [
        {"ours": ours, "theirs": theirs, **_ratios(measured, ours, theirs)}
        for ours, theirs in COMPARISONS
        if {ours, theirs} <= ran
    ]


def _ratios(measured: Sequence[Measurement], ours: str, theirs: str) -> dict[str, float]:
    ratios = {}
    for key in ("total_s", "train_s"):
        long, short = _values(measured, theirs, key), _values(measured, ours, key)
        ratios[f"{key}_ratio_of_medians"] = median(long) / median(short)
        ratios[f"{key}_median_of_ratios"] = median(a / b for a, b in zip(long, short, strict=True))
    return ratios


def _values(measured: Sequence[Measurement], name: str, key: str) -> list[float]:
    return [each[key] for each in measured if each["contender"] == name]


def _measure(chosen: Sequence[Contender], repeats: int, scratch: Path) -> list[Measurement]:
    measured = []
    for number in range(repeats):
        for contender in chosen:
            output = scratch / f"{contender.name}-{number}"
            found = {"contender": contender.name, "round": number, **_time(contender, output)}
            print(json.dumps(found), flush=True)
            measured.append(found)
    return measured


def _time(contender: Contender, output: Path) -> dict[str, float]:
    cache = output.with_name(f"{output.name}-cache")
    own = {"MODAXFER_CACHE": cache, "HF_DATASETS_CACHE": cache / "datasets", "HF_HUB_OFFLINE": "1"}
    environment: Mapping[str, str] = os.environ | {key: str(value) for key, value in own.items()}
    start = time.perf_counter()
    done = subprocess.run(contender.command(output), env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{contender.name} failed:\n{done.stdout}\n{done.stderr}")
    return {"total_s": seconds, **contender.read(output, done.stdout)}


def _setting(data_dir: Path, scratch: Path, options: argparse.Namespace) -> Setting:
    from modaxfer.encoders.checkpoints import resolve
    from modaxfer.registry import registry

    spec = registry().get("task", TASK).spec
    rows = scratch / "rows"
    _export(spec, data_dir, rows)
    return Setting(
        task=TASK,
        data_dir=data_dir,
        rows=rows,
        fields=tuple(field.name for field in spec.fields),
        checkpoint=CHECKPOINT,
        location=resolve("bert", checkpoint=CHECKPOINT).location,
        epochs=options.epochs,
        frozen_epochs=options.frozen_epochs,
        batch_size=options.batch_size,
        seed=0,
    )


def _export(spec: Any, data_dir: Path, folder: Path) -> None:
    """Write the very splits that modaxfer trains and tests on, for the Trainer to read."""
    from modaxfer.tasks.load import load_task

    data = load_task(spec, data_dir=data_dir, seed=0)
    folder.mkdir()
    answers = {**data.targets, **{split: sealed.unseal().targets for split, sealed in data.sealed.items()}}
    for split, rows in data.splits.items():
        labels = [data.classes[number] for number in answers[split]]
        rows.add_column("label", labels).to_parquet(str(folder / f"{split}.parquet"))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--frozen-epochs", type=int, default=10, help="epochs of the Trainer with a frozen body")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--only", nargs="+", help="names of contenders; default all")
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
