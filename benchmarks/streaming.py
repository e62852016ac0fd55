"""Measure what rows that are not held cost: ``make streaming``.

Of a text file larger than memory, what `modaxfer pretrain` costs before a model sees it: writes synthetic lines (10 GB
by default) into a temporary folder, finds blocks, draws batches. Of a folder of parquet shards (2 million rows by
default), what ``--stream`` costs to draw rows and to find them again, and what it writes. Prints time and peak memory
of each; a process that holds its rows would need more than they weigh. Of short rows in shards (100,000 and 300,000 by
default) what ``modaxfer features --stream`` costs with a tiny random encoder: its peak should not grow with the rows.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from machine import describe_machine

from modaxfer.pretraining.drawing import Drawing, Epochs
from modaxfer.pretraining.sources import TextFile

LETTERS, SHORT = 300, 30
"""Of each row of the shards; of those that are encoded."""

STREAM = """
import json, resource, sys, time
from modaxfer.config import RunConfig
from modaxfer.runner.request.request import find_tasks
from modaxfer.tasks.load import load_task

peak = lambda: round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
imported, start = peak(), time.monotonic()
config = RunConfig(data=sys.argv[1], text=("text",), stream=True, limit=1000)
((_, task),) = find_tasks(config)
data = load_task(task, limit=1000)
rows = {split: len(each) for split, each in data.splits.items()}
seconds = round(time.monotonic() - start, 1)
print(json.dumps({"seconds": seconds, "imported_mb": imported, "peak_memory_mb": peak(), "rows": rows}))
"""

ENCODED = """
import json, resource, sys, time
import modaxfer

start = time.monotonic()
shards, encoder, output = sys.argv[1:]
modaxfer.features(shards, encoder=encoder, text="text", stream=True, output=output, quiet=True)
peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
print(json.dumps({"seconds": round(time.monotonic() - start, 1), "peak_memory_mb": peak}))
"""

LINES = 100_000
"""Different lines; they are repeated, which nothing here notices."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=10.0)
    parser.add_argument("--steps", type=int, default=3200)
    parser.add_argument("--rows", type=int, default=2_000_000, help="of the shards; 0 leaves them out")
    parser.add_argument("--encoded", type=int, nargs="*", default=[100_000, 300_000], help="rows that are encoded")
    options = parser.parse_args(arguments)
    if options.rows:
        print(json.dumps({"machine": describe_machine(), **_drawn(options.rows)}, indent=1))
    if options.encoded:
        print(json.dumps({"machine": describe_machine(), **_encoded(options.encoded)}, indent=1))
    if not options.gigabytes:
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines.txt"
        _write(path, int(options.gigabytes * 2**30))
        print(json.dumps({"machine": describe_machine(), **_measured(path, options.steps)}, indent=1))
    return 0


def _write(path: Path, size: int) -> None:
    drawn = np.random.default_rng(0)
    letters = [drawn.integers(97, 123, size=drawn.integers(2, 10)) for _ in range(5000)]
    words = ["".join(map(chr, word)) for word in letters]
    lines = [" ".join(words[place] for place in drawn.integers(5000, size=drawn.integers(3, 30))) for _ in range(LINES)]
    block = ("\n".join(lines) + "\n").encode()
    with path.open("wb") as file:
        while file.tell() < size:
            file.write(block)


def _drawn(rows: int) -> dict[str, object]:
    """Return what a stream costs, in a process of its own: this one has held rows while it wrote them."""
    with tempfile.TemporaryDirectory() as folder:
        shards, cache = Path(folder, "shards"), Path(folder, "cache")
        _write_shards(shards, rows)
        known = {"shards_mb": _megabytes(shards), "in_memory_mb": round(rows * LETTERS / 1e6)}
        environment = {**os.environ, "MODAXFER_CACHE": str(cache)}
        for what in ("first", "again"):
            made = subprocess.run(
                [sys.executable, "-c", STREAM, str(shards)], env=environment, check=True, capture_output=True, text=True
            )
            known[what] = json.loads(made.stdout)
        return {**known, "kept_mb": _megabytes(cache)}


def _encoded(counts: Sequence[int]) -> dict[str, object]:
    """Return what it costs to encode so many rows that pass by, each count in a process of its own."""
    from modaxfer.testing.material import tiny_models

    known: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        encoder = Path(folder, "encoder")
        tiny_models.save("bert", encoder)
        for rows in counts:
            shards, vectors, cache = (Path(folder, f"{what}-{rows}") for what in ("shards", "vectors", "cache"))
            _write_shards(shards, rows, letters=SHORT, size=50_000)
            made = subprocess.run(
                [sys.executable, "-c", ENCODED, str(shards), str(encoder), str(vectors)],
                env={**os.environ, "MODAXFER_CACHE": str(cache)}, check=True, capture_output=True, text=True,
            )  # fmt: skip
            written = sum(pq.ParquetFile(path).metadata.num_rows for path in vectors.glob("*.parquet"))
            assert written == rows, f"{written} rows of {rows} were written"
            known[f"encoded_{rows}"] = {
                **json.loads(made.stdout), "files": len(list(vectors.glob("*.parquet"))),
                "vectors_mb": _megabytes(vectors), "cache_mb": _megabytes(cache),
            }  # fmt: skip
    return known


def _write_shards(folder: Path, rows: int, letters: int = LETTERS, size: int = 100_000) -> None:
    folder.mkdir()
    random = np.random.default_rng(0)
    for part, start in enumerate(range(0, rows, size)):
        count = min(size, rows - start)
        written = random.integers(97, 123, (count, letters), np.uint8)
        written[:, 9::10] = 32
        texts = pa.Array.from_buffers(
            pa.string(), count,
            [None, pa.py_buffer(np.arange(0, (count + 1) * letters, letters, np.int32)), pa.py_buffer(written)],
        )  # fmt: skip
        labels = pa.array(np.array(["no", "yes"])[random.integers(2, size=count)])
        pq.write_table(pa.table({"text": texts, "label": labels}), folder / f"train-{part:05d}.parquet")


def _megabytes(folder: Path) -> float:
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6, 1)


def _measured(path: Path, steps: int) -> dict[str, float]:
    start = time.monotonic()
    source = TextFile(path)
    found = time.monotonic()
    drawing = Drawing([Epochs(source, 0)], (1.0,), "text", 64, 0, len)
    first = drawing.rows(0)
    begun = time.monotonic()
    rows = len(first) + sum(len(drawing.rows(step)) for step in range(1, steps))
    ended = time.monotonic()
    return {
        "gigabytes": path.stat().st_size / 2**30,
        "rows": int(source.sizes.sum()),
        "seconds_to_find_blocks": round(found - start, 1),
        "seconds_to_first_batch": round(begun - found, 1),
        "rows_per_second": round(rows / (ended - begun)),
        "milliseconds_per_step": round(1000 * (ended - begun) / (steps - 1), 2),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


if __name__ == "__main__":
    raise SystemExit(main())
