"""Measure what a text file larger than memory costs `modaxfer pretrain` before a model sees it: ``make streaming``.

Writes synthetic lines (10 GB by default) into a temporary folder, finds blocks, draws batches, and prints time and peak
memory. A process that holds a file in memory would need more than it weighs.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from machine import describe_machine

from modaxfer.pretraining.drawing import Drawing, Epochs
from modaxfer.pretraining.sources import TextFile

LINES = 100_000
"""Different lines; they are repeated, which nothing here notices."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=10.0)
    parser.add_argument("--steps", type=int, default=3200)
    options = parser.parse_args(arguments)
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
