"""The tree reads as the design says: small files, telling names, tests beside every room."""

from __future__ import annotations

import re
from pathlib import Path
from statistics import median

import grimp
import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "modaxfer"
FOLDERS = ("src", "plugins", "tests", "docs", "benchmarks", "examples")
PYTHON = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
SHIPPED = [path for path in PYTHON if "src" in path.relative_to(ROOT).parts]
ROOMS = sorted(path.name for path in SOURCE.iterdir() if (path / "__init__.py").is_file())

BESIDE_ROOMS = {"cases", "parity", "plugins", "recipes"}
"""Test folders that mirror no room: files as people have them, against a named reference,
with real distributions, end to end."""

VAGUE = re.compile(r"(^|_)(utils?|helpers?|misc|common|stuff|base\d+)(_|$)")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b")


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def names(path: Path) -> tuple[str, ...]:
    return path.relative_to(ROOT).with_suffix("").parts


def test_median_file_is_short() -> None:
    assert median(map(lines, SHIPPED)) < 150


def test_no_file_is_long() -> None:
    assert {str(path): lines(path) for path in SHIPPED if lines(path) > 400} == {}


def test_no_name_is_vague() -> None:
    assert [path for path in SHIPPED if any(VAGUE.search(name) for name in names(path))] == []


@pytest.mark.parametrize("name", ["utils", "path_utils", "helper", "misc", "base2"])
def test_vague_names_are_recognised(name: str) -> None:
    assert VAGUE.search(name)


def test_nothing_is_left_unfinished() -> None:
    found = {path: UNFINISHED.findall(path.read_text(encoding="utf-8")) for path in PYTHON if path != Path(__file__)}
    assert {str(path): words for path, words in found.items() if words} == {}


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_tests(room: str) -> None:
    assert list((ROOT / "tests" / room).rglob("test_*.py"))


def test_every_test_folder_mirrors_a_room_or_a_plugin() -> None:
    plugins = {f"plugins_{path.name.replace('-', '_')}" for path in (ROOT / "plugins").iterdir() if path.is_dir()}
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/*.py")}
    assert folders - {*ROOMS, *plugins, *BESIDE_ROOMS} == set()


def test_test_files_have_unique_names() -> None:
    found = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(set(found)) == sorted(found)


def test_seals_are_broken_in_the_room_that_scores_alone() -> None:
    found = {path for path in SHIPPED if ".unseal()" in path.read_text(encoding="utf-8")}
    assert found == {SOURCE / "runner" / "evaluation" / "asked.py"}


def circles(imports: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that reach each other, by Kosaraju's two searches."""
    importers: dict[str, set[str]] = {name: set() for name in imports}
    for name, imported in imports.items():
        for other in imported:
            importers[other].add(name)
    order: list[str] = []
    seen: set[str] = set()
    for name in imports:
        _search(name, imports, seen, order)
    found: list[list[str]] = []
    seen = set()
    for name in reversed(order):
        group: list[str] = []
        _search(name, importers, seen, group)
        found.append(sorted(group))
    return [group for group in found if len(group) > 1]


def _search(name: str, edges: dict[str, set[str]], seen: set[str], done: list[str]) -> None:
    if name in seen:
        return
    seen.add(name)
    for other in edges[name]:
        _search(other, edges, seen, done)
    done.append(name)


def test_circles_are_found() -> None:
    edges = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a", "c"}}
    assert circles(edges) == [["b", "c"]]


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Imports for types alone and inside functions count too, which import-linter is told to leave out."""
    graph = grimp.build_graph("modaxfer", exclude_type_checking_imports=False, cache_dir=None)
    assert circles({name: graph.find_modules_directly_imported_by(name) for name in sorted(graph.modules)}) == []
