"""What `import modaxfer` offers: few names, sorted, equal to what is there, each documented."""

from __future__ import annotations

import ast
import inspect
import re
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest

import modaxfer

SOURCE = Path(modaxfer.__file__).parent
MODULES = {str(path.relative_to(SOURCE)): ast.parse(path.read_text(encoding="utf-8")) for path in SOURCE.rglob("*.py")}
THE_RUNNER_S = {"losses/build.py", "losses/rehearse.py"}
"""They stand among the losses, and are nothing that a loss is written with."""
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def listed(tree: ast.Module) -> list[str]:
    """Return the names in ``__all__``."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and [getattr(name, "id", "") for name in node.targets] == ["__all__"]:
            return list(ast.literal_eval(node.value))
    return []


def definitions(tree: ast.Module) -> list[Definition]:
    """Return the public functions and classes of a module; hooks are called by name, checks by a tuple of them."""
    return [
        node
        for node in tree.body
        if isinstance(node, Definition)
        and not node.name.startswith("_")
        and not any(re.match(r"hookimpl\b|check\(Level", ast.unparse(each)) for each in node.decorator_list)
    ]


def bound(tree: ast.Module) -> set[str]:
    """Return every name that the module binds at its top level."""
    found = {node.name for node in tree.body if isinstance(node, Definition)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        # A, B = 1, 2 binds both.
        flat = [each for target in targets for each in getattr(target, "elts", [target])]
        found |= {target.id for target in flat if isinstance(target, ast.Name)}
    return found


def rank(name: str) -> tuple[int, str]:
    """Order constants first, then classes, then functions, each by the alphabet."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def test_top_level_is_small() -> None:
    assert 5 <= len(modaxfer.__all__) <= 25


def test_top_level_is_what_is_there() -> None:
    here = {
        name for name in vars(modaxfer) if not name.startswith("_") and not inspect.ismodule(getattr(modaxfer, name))
    }
    beside_typing = here - {"annotations", "TYPE_CHECKING", "Any", "import_module"}
    assert set(modaxfer.__all__) == beside_typing | set(modaxfer._LAZY)
    assert set(modaxfer.__all__) <= set(dir(modaxfer))


@pytest.mark.parametrize("name", sorted(modaxfer.__all__))
def test_top_level_names_resolve_and_are_documented(name: str) -> None:
    assert (inspect.getdoc(getattr(modaxfer, name)) or "").strip()


def test_unknown_top_level_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'trian'"):
        _ = modaxfer.trian


def test_every_list_of_names_is_sorted() -> None:
    unsorted = {
        path: one for path, tree in MODULES.items() for one, other in pairwise(listed(tree)) if rank(one) >= rank(other)
    }
    assert unsorted == {}


def test_every_listed_name_is_there() -> None:
    missing = {path: set(listed(tree)) - bound(tree) for path, tree in MODULES.items()}
    assert {path: names for path, names in missing.items() if names} == {}


def test_everything_public_is_listed() -> None:
    unlisted = {path: {node.name for node in definitions(tree)} - set(listed(tree)) for path, tree in MODULES.items()}
    assert {path: names for path, names in unlisted.items() if names} == {}


def test_everything_public_is_documented() -> None:
    bare = {
        path: [node.name for node in definitions(tree) if not ast.get_docstring(node)] for path, tree in MODULES.items()
    }
    assert {path: names for path, names in bare.items() if names} == {}
    assert [path for path, tree in MODULES.items() if not ast.get_docstring(tree)] == []


@pytest.mark.parametrize("room", ["losses", "strategies"])
def test_what_our_own_share_is_there_for_plugins(room: str) -> None:
    offered = set(import_module(f"modaxfer.{room}").__all__)
    private = {
        path: names
        for path, tree in MODULES.items()
        if path.startswith(f"{room}/") and path not in THE_RUNNER_S and (names := shared(tree, room) - offered)
    }
    assert private == {}, f"name it in src/modaxfer/{room}/__init__.py, or it is out of reach of plugins"


def shared(tree: ast.Module, room: str) -> set[str]:
    """Return the names that a module takes from other files of its room; a file as a whole is one of its kind."""
    return {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"modaxfer.{room}.")
        for alias in node.names
    }
