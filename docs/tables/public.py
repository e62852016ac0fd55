"""What plugins may import: every public name, with the first sentence that its own documentation says of it."""

from __future__ import annotations

import ast
import inspect
import os
import re
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import modaxfer
from modaxfer.public_names import PUBLIC, names_of
from tables.markdown import code, table

__all__ = ["doc_of", "public"]

PAGE = Path(modaxfer.__file__).parent.parent.parent / "docs" / "reference"
"""Where the table stands, for its links."""


def public() -> str:
    """Return a section for each public module: what it is for, and its names, each linked to where it is written."""
    return "\n\n".join(_section(module) for module in PUBLIC)


def doc_of(module: str, name: str) -> str:
    """Return the first paragraph that is said of a public name, on one line; of a constant, the text behind it."""
    found = getattr(import_module(module), name)
    said = _written(*_home(module, name)) or (inspect.getdoc(found) if callable(found) else "") or ""
    return " ".join(said.split("\n\n")[0].split())


def _section(module: str) -> str:
    said = (import_module(module).__doc__ or "").strip().splitlines()[0]
    rows = [
        [f"[{code(name)}]({_link(module, name)})", _first_sentence(doc_of(module, name))] for name in names_of(module)
    ]
    return f"## {code(module)}\n\n{said}\n\n{table(['name', 'what it is'], rows)}"


def _first_sentence(said: str) -> str:
    """Return the first sentence, or the one line; a point behind an abbreviation or a number ends none."""
    return re.split(r"(?<=[a-z)`\]]{2}\.) (?=[A-Z`])", said, maxsplit=1)[0].replace("|", "\\|")


def _link(module: str, name: str) -> str:
    return os.path.relpath(_file(_home(module, name)[0]), PAGE)


def _home(module: str, name: str) -> tuple[str, str]:
    """Return the module that writes a name, and what it is called there."""
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _home(node.module, alias.name)
    return module, name


def _written(module: str, name: str) -> str:
    """Return the text behind the assignment of a constant."""
    body = _tree(module).body
    for node, following in zip(body, [*body[1:], None], strict=True):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        flat = [each for target in targets for each in getattr(target, "elts", [target])]
        text = following.value if isinstance(following, ast.Expr) else None
        if name in [getattr(each, "id", None) for each in flat] and isinstance(text, ast.Constant):
            return inspect.cleandoc(str(text.value))
    return ""


@lru_cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_file(module).read_text(encoding="utf-8"))


def _file(module: str) -> Path:
    spec = find_spec(module)
    assert spec is not None, module
    return Path(str(spec.origin))
