"""What our result pages know of encoders on tasks, as the small table that ``modaxfer recommend`` ships with.

    python benchmarks/recorded.py

Reads docs/results/*.json and writes src/modaxfer/runner/recommend/recorded.json: by task and strategy the score of each
checkpoint on the test split, turned so that greater is better. Tasks that fewer than two checkpoints were measured on
say nothing of their order and are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import mean
from typing import Any

from modaxfer.metrics import greater_is_better
from modaxfer.registry import registry

__all__ = ["main", "measured", "table"]

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs" / "results"
TABLE = ROOT / "src" / "modaxfer" / "runner" / "recommend" / "recorded.json"

Measured = tuple[str, str, str, str, float]
"""Page, task, strategy, checkpoint, and its score, greater is better."""


def main() -> None:
    """Write the table."""
    rows = table(found for page in PAGES for found in measured(page))
    TABLE.write_text(json.dumps({"rows": rows}, indent=0) + "\n", encoding="utf-8")
    print(f"{TABLE.relative_to(ROOT)}: {len(rows)} rows of {len({row['task'] for row in rows})} tasks")


def measured(page: str) -> Iterator[Measured]:
    """Yield what the page called `page` has measured; nothing where it has not been made yet."""
    path = RESULTS / f"{page}.json"
    if path.is_file():
        yield from PAGES[page](json.loads(path.read_text(encoding="utf-8")))


def _matrix(found: Mapping[str, Any]) -> Iterator[Measured]:
    for block in found["blocks"]:
        for cell in block["cells"]:
            if cell["status"] == "completed" and "+" not in cell["encoder"] + cell["task"]:
                value = cell["metrics"]["test"][cell["primary"]]
                if value is not None:
                    yield "matrix", cell["task"], cell["strategy"], cell["checkpoint"], _turned(cell["primary"], value)


def _embedded(found: Mapping[str, Any]) -> Iterator[Measured]:
    for one in found["checkpoints"]:
        for cell in one["cells"]:
            yield "embedded", cell["task"], cell["strategy"], one["checkpoint"], _turned(cell["metric"], cell["score"])
        for kept in one["kept"]:
            yield "embedded", kept["task"], "frozen", one["teacher"], _turned(kept["metric"], kept["teacher"])


def _recommend(found: Mapping[str, Any]) -> Iterator[Measured]:
    for one in found["tasks"]:
        for cell in one["cells"]:
            # Variants made for the benchmark are on no user's machine.
            if cell.get("score") is not None and cell.get("checkpoint"):
                yield (
                    "recommend",
                    one["task"],
                    cell["strategy"],
                    cell["checkpoint"],
                    _turned(one["metric"], cell["score"]),
                )


PAGES = {"matrix": _matrix, "embedded": _embedded, "recommend": _recommend}
"""Pages whose cells are one encoder on one task, and how each is read."""


def table(found: Iterator[Measured]) -> list[dict[str, Any]]:
    """Return one row per page, task and strategy, with the mean score of each checkpoint."""
    scores: dict[tuple[str, str, str], dict[str, list[float]]] = {}
    for page, task, strategy, checkpoint, score in found:
        scores.setdefault((page, task, strategy), {}).setdefault(checkpoint, []).append(score)
    return [
        {
            "page": page,
            "task": task,
            "signals": _signals(task),
            "strategy": strategy,
            "scores": {checkpoint: round(mean(values), 4) for checkpoint, values in sorted(own.items())},
        }
        for (page, task, strategy), own in sorted(scores.items())
        if len(own) > 1
    ]


def _signals(task: str) -> list[str]:
    fields = registry().get("task", task).spec.fields
    return sorted({field.signal.kind for field in fields}) or ["table"]


def _turned(metric: str, value: float) -> float:
    return value if greater_is_better(metric) else -value


if __name__ == "__main__":
    main()
