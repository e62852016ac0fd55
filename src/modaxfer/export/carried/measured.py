"""Measure an export in a process of its own: ``python -I measured.py FOLDER ROWS OUT``."""

from __future__ import annotations

import base64
import importlib.util
import json
import sys
import time
from pathlib import Path
from typing import Any

__all__ = ["main", "peak_mb"]

WARM = 3
"""Rows before the clock is looked at."""


def main(folder: str, rows: str, out: str) -> None:
    """Write ``scores``, seconds of each row alone, and the peak of this process's memory."""
    sys.modules["modaxfer"] = None  # type: ignore[assignment]  # Who imports it fails, installed or not.
    spec = importlib.util.spec_from_file_location("pipeline", Path(folder) / "pipeline.py")
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    given = [_decoded(row) for row in json.loads(Path(rows).read_text(encoding="utf-8"))]
    pipeline = module.Pipeline(folder)
    for row in given[:WARM]:
        pipeline.scores([row])
    seconds = []
    for row in given:
        start = time.perf_counter()
        pipeline.scores([row])
        seconds.append(time.perf_counter() - start)
    told = {"scores": pipeline.scores(given).tolist(), "seconds": seconds, "peak_mb": peak_mb()}
    Path(out).write_text(json.dumps(told), encoding="utf-8")


def peak_mb() -> float | None:
    """Return the most memory that this process has held, in megabytes; None where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(most) / (2**20 if sys.platform == "darwin" else 2**10)


def _decoded(value: Any) -> Any:
    """Return bytes for ``{"base64"}``, at any depth of mappings."""
    if isinstance(value, dict):
        return (
            base64.b64decode(value["base64"])
            if set(value) == {"base64"}
            else {k: _decoded(v) for k, v in value.items()}
        )
    return value


if __name__ == "__main__":
    main(*sys.argv[1:])
