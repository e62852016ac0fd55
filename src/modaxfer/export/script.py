"""The one file that predicts: parts of `modaxfer.export.carried` joined, so that a reader sees what his form needs."""

from __future__ import annotations

import ast
from importlib.resources import files

__all__ = ["pipeline_script"]

INPUTS = {"text": "texts", "image": "pictures", "audio": "sounds", "drawn": "drawn"}

OPENING = '''"""Predict with this folder, without modaxfer: needs {needs}.

    from pipeline import Pipeline
    Pipeline()(rows)

`python pipeline.py ROW ...` prints one JSON line for each row: {row}.
"""

from __future__ import annotations

'''

ROWS = {"text": "a text", "image": "the path of a picture", "audio": "the path of a sound", "drawn": "a text"}

STANDARD = (
    "base64",
    "collections",
    "inspect",
    "io",
    "json",
    "math",
    "pathlib",
    "string",
    "sys",
    "typing",
    "unicodedata",
)


def pipeline_script(kind: str, model: str) -> str:
    """Return the text of ``pipeline.py``.

    Args:
        kind: Of input: ``text``, ``image``, ``audio`` or ``drawn``.
        model: Which part of `modaxfer.export.carried` has the model.
    """
    parts = [_part(name) for name in (INPUTS[kind], model, "answers")]
    imports = sorted({line for lines, _ in parts for line in lines})
    ours = [line for line in imports if line.split()[1].partition(".")[0] in STANDARD]
    others = [line for line in imports if line not in ours]
    needs = sorted({line.split()[1].partition(".")[0] for line in others})
    opening = OPENING.format(needs=", ".join(needs), row=ROWS[kind])
    return "\n".join([opening + "\n".join(ours), "", "\n".join(others), "", *(body for _, body in parts)])


def _part(name: str) -> tuple[list[str], str]:
    """Return the imports of a part, one a line and none of ours, and what stands below them, without ``__all__``."""
    text = files("modaxfer.export.carried").joinpath(f"{name}.py").read_text(encoding="utf-8")
    tree, lines = ast.parse(text), text.splitlines()
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    named = [ast.unparse(node) for node in imports]
    last = next(
        node for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    body = "\n".join(lines[last.end_lineno or 0 :]).strip("\n")
    return [line for line in named if not line.startswith(("from __future__", "from modaxfer."))], f"\n{body}\n"
