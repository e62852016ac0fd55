"""Measure how whole runs grow with rows, classes and fields, and with which exponent: ``make growth``.

A run is ``frozen`` on random weights of two narrow layers, so that what surrounds the encoder shows, or of twelve, so
that the vectors of all layers do; pictures are JPEG files of 320 x 240 pixels, read at 224 x 224. Parts without an
encoder go on to a million rows. Each cell is a process of its own
that makes a small run first: imports are not counted. Seconds are of the processor, of all threads and children. Cells
that are stored are not measured again: ``--up-to`` leaves large ones to a quiet machine. Writes
``docs/results/growth.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from resumable import store
from scaling import PARTS

RESULTS = Path(__file__).parent.parent / "docs" / "results" / "growth.json"
LIMIT_S = 3_600
LINEAR = 1.1
"""Largest exponent that needs no explanation."""

ROWS, CLASSES, FIELDS = 10_000, 20, 2_000
"""Rows where classes grow, classes where rows of parts grow, rows where fields grow."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """What grows, and what is done at each size."""

    sizes: tuple[int, ...]
    ready: Callable[[int, Path], Callable[[], object]]
    """Makes what a size needs, in a folder, and returns what is measured."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is missing; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="LINE", choices=LINES, default=list(LINES))
    parser.add_argument("--up-to", type=int, metavar="SIZE", help="leave larger sizes for another time")
    parser.add_argument("--again", action="store_true", help="measure what is stored, too")
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--cell", nargs=2, metavar=("LINE", "SIZE"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.cell:
        print(json.dumps(measured(options.cell[0], int(options.cell[1]))))
        return 0
    known = json.loads(options.output.read_text(encoding="utf-8"))["lines"] if options.output.is_file() else {}
    cells = {line: dict(known.get(line, {}).get("cells", {})) for line in LINES}
    for name in options.only:
        for size in LINES[name].sizes:
            if options.up_to is not None and size > options.up_to:
                continue
            if str(size) not in cells[name] or options.again:
                cells[name][str(size)] = _cell(name, size)
                store(options.output, {"limit_s": LIMIT_S, "lines": {line: told(cells[line]) for line in LINES}})
    return 0


def told(cells: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return cells by size with the exponent that fits them all, its interval, and that of the last step."""
    done = {int(size): cell["seconds"] for size, cell in cells.items() if cell.get("seconds")}
    if len(done) < 2:
        return {"cells": dict(cells)}
    sizes = np.array(sorted(done), float)
    exponent, interval = fitted(sizes, np.array([done[int(size)] for size in sizes]))
    last, _ = fitted(sizes[-2:], np.array([done[int(size)] for size in sizes[-2:]]))
    return {"cells": dict(cells), "exponent": exponent, "interval": interval, "last_step": last}


def fitted(sizes: np.ndarray, seconds: np.ndarray) -> tuple[float, list[float] | None]:
    """Return the least-squares slope of log seconds over log sizes, and its 95 % interval by Student's t."""
    x, y = np.log(sizes), np.log(seconds)
    design = np.stack([x, np.ones_like(x)], 1)
    solution, *_ = np.linalg.lstsq(design, y, rcond=None)
    slope, free = float(solution[0]), len(x) - 2
    if free < 1:
        return round(slope, 2), None
    from scipy.stats import t

    deviation = np.sqrt(((y - design @ solution) ** 2).sum() / free / ((x - x.mean()) ** 2).sum())
    half = float(t.ppf(0.975, free) * deviation)
    return round(slope, 2), [round(slope - half, 2), round(slope + half, 2)]


def measured(line: str, size: int) -> dict[str, Any]:
    """Return processor seconds of one size in this process, by how much it raised the peak of memory, and the peak.

    ``own_mb`` is the peak without pages of files, which the system takes back where memory is short.
    """
    with tempfile.TemporaryDirectory(prefix="modaxfer-growth-") as scratch:
        os.environ["MODAXFER_CACHE"] = f"{scratch}/cache"
        chosen = LINES[line]
        chosen.ready(chosen.sizes[0] if line not in RUNS else 0, Path(scratch) / "before")()
        run = chosen.ready(size, Path(scratch) / "measured")
        before, started = _peak(), _processor()
        with Watch() as watch:
            run()
        seconds, peak = _processor() - started, _peak()
    memory = {"megabytes": round(peak - before), "peak_mb": round(peak), "own_mb": round(watch.most)}
    return {"seconds": round(seconds, 3), **memory}


class Watch(threading.Thread):
    """Notes the largest memory of the process that is no page of a file (10^6 bytes), ten times a second."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = 0.0
        self._over = threading.Event()

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        """Look until it is over."""
        while not self._over.wait(0.1):
            told = Path("/proc/self/status").read_text(encoding="ascii")
            self.most = max(self.most, float(told.partition("RssAnon:")[2].split()[0]) * 1024 / 1e6)


def _cell(line: str, size: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--cell", line, str(size)]
    environment = {**os.environ, "MODAXFER_PLUGINS": "", "HF_HUB_OFFLINE": "1"}
    try:
        done = subprocess.run(command, env=environment, timeout=LIMIT_S, capture_output=True, text=True, check=True)
    except subprocess.TimeoutExpired:
        found: dict[str, Any] = {"failed": "time"}
    except subprocess.CalledProcessError as error:
        raise RuntimeError(error.stderr[-2000:]) from error
    else:
        found = json.loads(done.stdout.splitlines()[-1])
    print(line, size, found, flush=True)
    return found


def _processor() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


MINILM = {"num_hidden_layers": 6, "hidden_size": 384, "num_attention_heads": 12, "intermediate_size": 1536}
LONG = {"max_position_embeddings": 2048}
SEEN = {"num_hidden_layers": 2, "image_size": 224, "patch_size": 32}
DEEP = LONG | {"num_hidden_layers": 12, "hidden_size": 64, "num_attention_heads": 2, "intermediate_size": 64}
"""A body whose vectors of all layers take 10 kB of a row, and of one layer a thirteenth or less of that."""


def _run(
    folder: Path,
    columns: Mapping[str, Sequence[Any]],
    encoder: str = "bert",
    body: Mapping[str, int] | None = None,
    **fields: Any,
) -> Callable[[], object]:
    """Write `columns` to a file and return a function that makes a frozen run of it."""
    import pandas as pd

    import modaxfer
    from modaxfer.testing.material.tiny_models import save

    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_parquet(folder / "rows.parquet")
    save(encoder, folder / encoder, **(body or {}))
    given = {"encoder": str(folder / encoder), "data": str(folder / "rows.parquet"), "label": "label", **fields}
    settings = {"precision": "fp32", "device": "cpu", "strategy": "frozen", "output": str(folder / "run")}
    return lambda: modaxfer.train(**given, **settings, quiet=True)


def _texts(rows: int, classes: int, folder: Path, body: Mapping[str, int] = LONG) -> Callable[[], object]:
    from modaxfer.testing.material.tiny_models import WORDS

    generator = np.random.default_rng(0)
    labels = generator.permutation(np.arange(rows) % classes)
    words = np.array(WORDS)[generator.integers(0, len(WORDS), (rows, 16))]
    texts = [f"{WORDS[label % len(WORDS)]} {' '.join(row)}" for label, row in zip(labels, words, strict=True)]
    return _run(folder, {"text": texts, "label": [f"class {label}" for label in labels]}, body=body, text="text")


def _table(rows: int, fields: int, folder: Path) -> Callable[[], object]:
    generator = np.random.default_rng(0)
    numbers = generator.normal(size=(rows, fields)).round(2)
    columns = {f"n{place}": numbers[:, place] for place in range(fields)}
    labels = np.where(numbers[:, 0] > 0, "up", "down")
    return _run(folder, {**columns, "label": labels}, body=LONG, number=tuple(columns))


def _pictures(rows: int, folder: Path) -> Callable[[], object]:
    """Write pictures of smooth noise, some 10 kB each, whose colour says a little about their class."""
    (folder / "pictures").mkdir(parents=True)
    labels = np.random.default_rng(0).permutation(np.arange(rows) % 2)
    names = [f"pictures/{row}.jpg" for row in range(rows)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(_picture, (folder / name for name in names), range(rows), labels))
    columns = {"picture": names, "label": [f"class {label}" for label in labels]}
    return _run(folder, columns, "vit", SEEN, image="picture")


def _picture(path: Path, row: int, label: int) -> None:
    from PIL import Image

    noise = np.random.default_rng(row).integers(0, 220, (15, 20, 3))
    noise[..., 0] += 30 * label
    Image.fromarray(noise.astype(np.uint8)).resize((320, 240), Image.Resampling.BICUBIC).save(path, quality=90)


def _part(name: str, classes: int | None, rows: int | None) -> Callable[[int, Path], Callable[[], object]]:
    return lambda size, folder: PARTS[name](classes or size, rows or size)


SMALL = 200
"""Rows of the run before."""

RUNS = {
    "rows": Line(
        sizes=(1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000),
        ready=lambda size, folder: _texts(size or SMALL, 2, folder),
    ),
    "deep rows": Line(
        sizes=(10_000, 30_000, 100_000, 300_000, 1_000_000),
        ready=lambda size, folder: _texts(size or SMALL, 2, folder, DEEP),
    ),
    "MiniLM rows": Line(
        sizes=(10_000, 30_000, 100_000, 1_000_000), ready=lambda size, folder: _texts(size or SMALL, 2, folder, MINILM)
    ),
    "pictures": Line(
        sizes=(1_000, 3_000, 10_000, 30_000, 100_000), ready=lambda size, folder: _pictures(size or SMALL, folder)
    ),
    "table rows": Line(sizes=(1_000, 10_000, 50_000), ready=lambda size, folder: _table(size or SMALL, 100, folder)),
    "classes": Line(
        sizes=(2, 20, 200, 2_000), ready=lambda size, folder: _texts(ROWS if size else SMALL, size or 2, folder)
    ),
    "fields": Line(
        sizes=(1, 3, 10, 30, 100), ready=lambda size, folder: _table(FIELDS if size else SMALL, size or 1, folder)
    ),
}
LINES = {
    **RUNS,
    **{f"{part} by rows": Line(sizes=(10_000, 100_000, 1_000_000), ready=_part(part, CLASSES, None)) for part in PARTS},
    **{f"{part} by classes": Line(sizes=(20, 200, 2_000), ready=_part(part, None, 5 * ROWS)) for part in PARTS},
}


if __name__ == "__main__":
    sys.exit(main())
