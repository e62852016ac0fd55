"""Time modaxfer beside a plain Transformers Trainer on the same rows: ``make bench``.

Rows of three kinds, each a workload. Every contender is a process of its own with an empty cache, but for
``frozen-again``, which finds what ``frozen`` left. A round runs ours and theirs in turn; seconds are compared by the
ratio of medians over rounds, and by the median of the rounds' own ratios. Writes ``docs/results/speed.json``, in which
a workload stays until it is measured again.
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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from contenders import COMPARISONS, WORKLOADS, Contender, Setting, Workload, contenders
from machine import describe_machine, describe_versions

RESULTS = Path(__file__).parent.parent / "docs" / "results" / "speed.json"

Measurement = dict[str, Any]
"""``contender``, ``round``, ``total_s`` (whole process), ``train_s``, ``accuracy``, ``f1_macro``."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit status."""
    options = _parse(arguments)
    data_dir = os.environ.get("MODAXFER_DATA", "")
    if absent := [
        WORKLOADS[name].task
        for name in options.workload
        if not (data_dir and (Path(data_dir) / WORKLOADS[name].task).is_dir())
    ]:
        print(
            f"no folder {absent[0]} with its rows. Fix: set MODAXFER_DATA to the folder that holds it.", file=sys.stderr
        )
        return 2
    for name in options.workload:
        with _neighbour(busy=options.busy):
            found = _workload(WORKLOADS[name], Path(data_dir).resolve(), options)
        store(options.output, f"{name}, busy neighbour" if options.busy else name, found)
        print(json.dumps(found["ratios"], indent=1), flush=True)
    return 0


def store(path: Path, name: str, found: Mapping[str, Any]) -> None:
    """Write what was found of a workload to `path`, beside what is there of others."""
    there = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**there, name: found}, indent=1) + "\n", encoding="utf-8")


def _workload(work: Workload, data_dir: Path, options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        setting = _setting(work, data_dir, Path(scratch), options)
        chosen = [each for each in contenders(setting) if not options.only or each.name in options.only]
        machine = describe_machine()
        measured = _measure(chosen, options.repeats, Path(scratch))
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine,
        "versions": describe_versions(),
        "setting": {**asdict(work), "batch_size": setting.batch_size, "repeats": options.repeats},
        "contenders": summarise(measured),
        "ratios": compare(measured),
        "measurements": measured,
    }


@contextmanager
def _neighbour(*, busy: bool) -> Iterator[None]:
    """Keep one core busy with something else meanwhile, where asked."""
    if not busy:
        yield
        return
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


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
            found = {"contender": contender.name, "round": number, **_time(contender, number, scratch)}
            print(json.dumps(found), flush=True)
            measured.append(found)
    return measured


def _time(contender: Contender, number: int, scratch: Path) -> dict[str, float]:
    output = scratch / f"{contender.name}-{number}"
    cache = scratch / f"{contender.cache_of or contender.name}-{number}-cache"
    own = {"MODAXFER_CACHE": cache, "HF_DATASETS_CACHE": cache / "datasets", "HF_HUB_OFFLINE": "1"}
    # As installed packages are: compiled, theirs and ours.
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment: Mapping[str, str] = inherited | {key: str(value) for key, value in own.items()}
    start = time.perf_counter()
    done = subprocess.run(contender.command(output), env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{contender.name} failed:\n{done.stdout}\n{done.stderr}")
    return {"total_s": seconds, **contender.read(output, done.stdout)}


def _setting(work: Workload, data_dir: Path, scratch: Path, options: argparse.Namespace) -> Setting:
    from modaxfer.encoders.checkpoints import resolve
    from modaxfer.registry import registry

    spec = registry().get("task", work.task).spec
    rows = scratch / "rows"
    _export(spec, data_dir, rows, work.limit)
    return Setting(
        workload=work,
        data_dir=data_dir,
        rows=rows,
        fields=tuple(field.name for field in spec.fields),
        location=resolve(work.encoder, checkpoint=work.checkpoint).location,
        batch_size=options.batch_size,
        seed=0,
    )


def _export(spec: Any, data_dir: Path, folder: Path, limit: int) -> None:
    """Write the very splits that modaxfer trains and tests on, for the Trainer to read."""
    from modaxfer.tasks.load import load_task

    data = load_task(spec, data_dir=data_dir, seed=0, limit=limit)
    folder.mkdir()
    answers = {**data.targets, **{split: sealed.unseal().targets for split, sealed in data.sealed.items()}}
    for split, rows in data.splits.items():
        labels = [data.classes[number] for number in answers[split]]
        rows.add_column("label", labels).to_parquet(str(folder / f"{split}.parquet"))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--workload", nargs="+", choices=tuple(WORKLOADS), default=tuple(WORKLOADS))
    parser.add_argument("--busy", action="store_true", help="beside a process that keeps one core busy")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--only", nargs="+", help="names of contenders; default all")
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
