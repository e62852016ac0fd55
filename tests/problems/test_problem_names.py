"""No code asks what a problem is called: what differs between problems is in their objects and specs."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import modaxfer
from modaxfer.errors import UnknownNameError
from modaxfer.registry import problem_name, problem_spec, registry

SOURCE = Path(modaxfer.__file__).parent
NAMES = {entry.name for entry in registry().all("problem") if entry.plugin == "modaxfer"}
ROOMS = (SOURCE / "problems", SOURCE / "testing")
"""The other makes up rows for each of them."""
FILES = [path for path in sorted(SOURCE.rglob("*.py")) if not {*ROOMS} & {*path.parents}]


def asked(tree: ast.AST) -> list[int]:
    """Return the lines where a problem's name is compared with, matched, looked up by or looked for."""
    found = []
    for node in ast.walk(tree):
        looked_at: list[ast.AST] = []
        if isinstance(node, ast.Compare):
            looked_at = [node.left, *node.comparators]
        elif isinstance(node, ast.Dict):
            looked_at = [key for key in node.keys if key is not None]
        elif isinstance(node, ast.MatchValue):
            looked_at = [node.value]
        elif isinstance(node, ast.Subscript):
            looked_at = [node.slice]
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("startswith", "endswith", "get", "pop"):
            looked_at = list(node.args)
        named = (part for each in looked_at for part in ast.walk(each) if isinstance(part, ast.Constant))
        found += [part.lineno for part in named if isinstance(part.value, str) and part.value in NAMES]
    return found


def test_no_code_outside_their_room_asks_what_a_problem_is_called() -> None:
    # Few files name one: the others need no look.
    named = re.compile("|".join(f"[\"']{re.escape(name)}[\"']" for name in NAMES))
    texts = {str(path.relative_to(SOURCE)): path.read_text(encoding="utf-8") for path in FILES}
    found = {path: asked(ast.parse(text)) for path, text in texts.items() if named.search(text)}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "code",
    [
        "problem == 'binary'",
        "problem in ('multilabel', 'regression')",
        "{'regression': 1}[problem]",
        "problem.startswith('multiclass')",
        "kinds['tagging']" if "tagging" in NAMES else "kinds['binary']",
        "match problem:\n    case 'binary':\n        pass",
    ],
)
def test_it_would_be_seen(code) -> None:
    assert asked(ast.parse(code))


def test_four_problems_are_spelt_as_they_always_were() -> None:
    assert {"binary", "multiclass", "multilabel", "regression"} <= NAMES
    assert problem_name("modaxfer/binary") == problem_name("binary") == "binary"
    assert problem_spec("modaxfer/regression") is problem_spec("regression")


@pytest.mark.parametrize(
    ("name", "meant"), [("classification", "multiclass"), ("multi-label", "multilabel"), ("regresion", "regression")]
)
def test_an_unknown_problem_is_refused_with_what_may_be_meant(name, meant) -> None:
    with pytest.raises(UnknownNameError, match=rf"unknown problem\. Got: {name}\..*binary.*did you mean {meant}\?"):
        problem_spec(name)
