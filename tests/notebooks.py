"""Notebooks of examples, run in this process, cell by cell."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))


def cells_of(path: Path) -> list[dict[str, Any]]:
    """Return the cells of code in the notebook at `path`, which are kept without outputs and each with its own id."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []
    return code


def run_notebook(path: Path) -> tuple[dict[str, Any], list[Any]]:
    """Run the notebook at `path` in the working folder; return its names, and what each cell shows, None for nothing.

    What can be drawn is: a notebook asks for ``_repr_html_`` of what its cell ends with.
    """
    names: dict[str, Any] = {}
    shown = []
    for cell in cells_of(path):
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, path.name, "exec"), names)
        value = None if last is None else eval(compile(ast.Expression(last.value), path.name, "eval"), names)
        if hasattr(value, "_repr_html_"):
            assert value._repr_html_()
        shown.append(value)
    return names, shown
