from __future__ import annotations

from pathlib import Path

import pandas as pd

from modaxfer.runner.request.kept import keep_rows


def test_rows_in_memory_are_kept_whatever_candidates_stand_beside_them(tmp_path: Path) -> None:
    rows = pd.DataFrame({"review": ["good", "bad", "fine", "poor"], "stars": ["up", "down"] * 2})
    grid = {"encoder": ["bert", "vit"], "strategy": ["frozen", "full"], "task": (), "text": "review", "label": "stars"}
    kept = keep_rows({**grid, "data": rows}, tmp_path)
    assert {name: kept[name] for name in grid} == grid
    assert tmp_path in Path(kept["data"]).parents
