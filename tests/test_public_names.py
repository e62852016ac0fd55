"""Plugins import what is public, and everything public is there, documented, and in the reference."""

from __future__ import annotations

import inspect
import re
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from modaxfer.public_names import PUBLIC, names_of, private_imports

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs"))

from tables.public import doc_of  # noqa: E402

CODE = sorted([*(ROOT / "plugins").glob("*/src/**/*.py"), *(ROOT / "examples").rglob("*.py")])
PAGES = [page for page in sorted(ROOT.glob("docs/**/*.md")) if page.parent.name != "decisions"]
SHOWN = re.compile(r"```python\n(.*?)```", re.DOTALL)
TARGET = re.compile(r"[\"`](modaxfer[a-z_.0-9]*):([A-Za-z_0-9]+)[\"`]")
"""How a spec, a plan or a page names code of ours by a string; plugins' own packages begin with ``modaxfer_``."""


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names_are_there_and_documented(module: str) -> None:
    assert list(names_of(module)) == sorted(
        names_of(module), key=lambda name: (not name.isupper(), name[0].islower(), name)
    )
    offered = import_module(module)
    assert set(names_of(module)) <= {*offered.__all__} & {*dir(offered)}
    assert [name for name in names_of(module) if not doc_of(module, name)] == []


def test_no_public_name_is_hidden_by_a_file_of_the_same_name() -> None:
    """Python puts a submodule into its package once it is imported, whatever ``__getattr__`` would say."""
    same = [f"{module}.{name}" for module in PUBLIC for name in names_of(module) if _is_module(f"{module}.{name}")]
    assert same, "no file is called like a name: this test looks for nothing"
    for name in same:
        import_module(name)
    assert [name for name in same if inspect.ismodule(getattr(*_parted(name)))] == []


def _is_module(name: str) -> bool:
    package, _, last = name.rpartition(".")
    return any((Path(folder) / f"{last}.py").is_file() for folder in getattr(import_module(package), "__path__", ()))


def _parted(name: str) -> tuple[ModuleType, str]:
    package, _, last = name.rpartition(".")
    return import_module(package), last


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import modaxfer\nfrom modaxfer import hookimpl, train", []),
        ("from modaxfer.encoders import Design\nfrom modaxfer.heads import classical", []),
        ("from modaxfer.encoders.body import LayeredEncoder", ["from modaxfer.encoders.body import LayeredEncoder"]),
        ("def f():\n    from modaxfer.runner import run", ["from modaxfer.runner import run"]),
        ("from modaxfer.config import documented, to_yaml", ["from modaxfer.config import to_yaml"]),
        ("from modaxfer.spec import Taks", ["from modaxfer.spec import Taks"]),
        ("import modaxfer.spec", ["import modaxfer.spec"]),
        ('LOSS = "modaxfer.losses:L2SP"', []),
        ('LOSS = "modaxfer.losses.l2_sp:L2SP"', ["modaxfer.losses.l2_sp:L2SP"]),
        ("from modaxfer_weather.reports import sample\nfrom .body import x", []),
    ],
)
def test_private_imports_are_found(code: str, found: list[str]) -> None:
    assert private_imports(code) == found


def test_our_own_plugins_and_examples_import_public_names_alone() -> None:
    found = {path: private_imports(path.read_text(encoding="utf-8")) for path in CODE}
    assert {str(path.relative_to(ROOT)): lines for path, lines in found.items() if lines} == {}


def test_what_the_documentation_shows_imports_public_names_alone() -> None:
    shown = {
        page: [private_imports(code) for code in SHOWN.findall(page.read_text(encoding="utf-8"))] for page in PAGES
    }
    assert {str(page.relative_to(ROOT)): found for page, found in shown.items() if any(found)} == {}


def test_code_is_named_by_public_names_alone() -> None:
    named = [
        (path.name, module, name)
        for path in [*CODE, *PAGES]
        for module, name in TARGET.findall(path.read_text(encoding="utf-8"))
        if module == "modaxfer" or module.startswith("modaxfer.")
    ]
    assert named, "nothing is named any more: this test looks for nothing"
    assert [each for each in named if each[1] not in PUBLIC or each[2] not in names_of(each[1])] == []


def test_a_room_says_what_it_has_not() -> None:
    with pytest.raises(AttributeError, match=r"module 'modaxfer.encoders' has no attribute 'LayredEncoder'"):
        _ = import_module("modaxfer.encoders").LayredEncoder
