"""What every plugin that brings tasks of a domain must show, with and without the data."""

from __future__ import annotations

import functools
import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from modaxfer.baselines.simple import fit_simple
from modaxfer.metrics import default_metrics
from modaxfer.metrics.choice import find_metric
from modaxfer.registry import load_target, registry
from modaxfer.spec import FolderSource, Problem, SampleSource, TaskSpec
from modaxfer.tasks.load import fields_of, load_task

if TYPE_CHECKING:
    from modaxfer.contracts import TaskData

PLUGINS = Path(__file__).resolve().parent.parent / "plugins"
ALLOWED = {"modaxfer", "pluggy"}
"""What a light module may import beside the standard library and itself."""

NEW_MODULES = """
import json, sys
before = set(sys.modules)
import {module}
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def package(plugin: str) -> str:
    """Return the package of a plugin's folder name."""
    return f"modaxfer_{plugin.replace('-', '_')}"


def specs(plugin: str) -> dict[str, TaskSpec]:
    """Return the plugin's tasks by name."""
    module = importlib.import_module(f"{package(plugin)}.plugin")
    return {spec.name: spec for spec in module.modaxfer_tasks()}


def check_announced(plugin: str) -> None:
    """Check that the distribution names the plugin, that it is installed, and that its tasks are registered."""
    project = tomllib.loads((PLUGINS / plugin / "pyproject.toml").read_text())["project"]
    assert project["name"] == f"modaxfer-{plugin}"
    assert project["entry-points"]["modaxfer"] == {plugin: f"{package(plugin)}.plugin"}
    (point,) = (point for point in entry_points(group="modaxfer") if point.name == plugin)
    assert Path(point.load().__file__).is_relative_to(PLUGINS / plugin)
    (record,) = (record for record in registry().plugins if record.namespace == plugin)
    assert (record.state, record.error) == ("loaded", "")
    assert {entry.name for entry in registry().all("task") if entry.plugin == plugin} == set(specs(plugin))


def check_light(plugin: str) -> None:
    """Check that the plugin's module imports the standard library, the framework's light modules and nothing else."""
    code = NEW_MODULES.format(module=f"{package(plugin)}.plugin")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = json.loads(done.stdout)
    own = {package(plugin), f"{package(plugin)}.plugin"}
    roots = {name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names)
    assert {name for name in modules if name.startswith("modaxfer_")} == own
    assert roots <= ALLOWED | {package(plugin)}


def check_described(plugin: str) -> None:
    """Check that every task says what it is, where from and under which licence, and that the README lists it."""
    readme = (PLUGINS / plugin / "README.md").read_text(encoding="utf-8")
    for spec in specs(plugin).values():
        assert all((spec.domain, spec.licence, spec.summary, spec.url.startswith("https://"))), spec.name
        assert all(field.doc for field in spec.fields), spec.name
        assert isinstance(spec.sources[0], FolderSource)
        assert spec.primary in (spec.metrics or default_metrics(spec.target.problem))
        assert all(find_metric(name, spec.target.problem) for name in spec.metrics)
        assert spec.target.problem is Problem.REGRESSION or len(spec.target.classes) >= 2
        assert f"| `{spec.name}` |" in readme, spec.name
    assert set(re.findall(r"^\| `([\w-]+)` \|", readme, re.MULTILINE)) == set(specs(plugin))


def make_sample(spec: TaskSpec, seed: int) -> dict[str, Any]:
    """Return the tables of the task's sample, made anew."""
    (source,) = (source for source in spec.sources if isinstance(source, SampleSource))
    return dict(load_target(source.target)(seed))


@functools.cache
def sample_tables(spec: TaskSpec) -> dict[str, Any]:
    """Return the tables of the task's sample, seed 0."""
    return make_sample(spec, 0)


def check_sample_is_seeded(spec: TaskSpec) -> None:
    """Check that a seed always gives the same rows and another seed others."""
    first, again, other = sample_tables(spec), make_sample(spec, 0), make_sample(spec, 1)
    assert first.keys() == again.keys() == other.keys()
    assert all(first[split].equals(again[split]) for split in first)
    assert not any(first[split].equals(other[split]) for split in first)


@functools.cache
def load_sample(plugin: str, name: str) -> TaskData:
    """Return the task as it is loaded where there is neither data nor network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MODAXFER_DATA", raising=False)
        return load_task(specs(plugin)[name])


def check_sample_loads(plugin: str, name: str) -> None:
    """Check that every row of the sample is usable, that every class is there, and that it is said to be a sample."""
    spec, data = specs(plugin)[name], load_sample(plugin, name)
    assert data.source.startswith(f"sample made by {package(plugin)}.")
    assert data.dropped == {}
    (warning,) = data.warnings
    assert warning.startswith(f"NOT REAL DATA: task {name!r}")
    assert [field.name for field in fields_of(spec, data)] == [field.name for field in spec.fields]
    for column in (*spec.keep, *spec.splits.group):
        assert column in data.splits["train"].column_names
    if spec.target.problem is not Problem.REGRESSION:
        for split in ("train", "test"):
            assert set(data.targets[split].tolist()) == set(range(len(spec.target.classes)))


def simple_score(plugin: str, name: str) -> float:
    """Return the test accuracy (r2 of a regression) of the simple model on the task's sample."""
    spec, data = specs(plugin)[name], load_sample(plugin, name)
    said = fit_simple(data, fields=fields_of(spec, data), problem=spec.target.problem).predictions["test"]
    targets = data.targets["test"]
    if spec.target.problem is Problem.REGRESSION:
        return float(1 - np.square(said - targets).sum() / np.square(targets - targets.mean()).sum())
    return float((said == targets).mean())


@functools.cache
def load_real(plugin: str, name: str) -> TaskData:
    """Return the task from its folder; the test is skipped where that is not at hand."""
    spec = specs(plugin)[name]
    folder = Path(os.environ.get("MODAXFER_DATA", "")) / spec.sources[0].name
    if not os.environ.get("MODAXFER_DATA") or not folder.is_dir():
        pytest.skip(f"needs the real data: MODAXFER_DATA must name a folder that holds {folder.name}")
    return load_task(spec, data_dir=folder.parent)


def check_real_rows(plugin: str, name: str) -> None:
    """Check that the real rows are as many as the README says, cover all classes and keep groups together."""
    spec, data = specs(plugin)[name], load_real(plugin, name)
    assert data.source.startswith("folder ")
    readme = (PLUGINS / plugin / "README.md").read_text(encoding="utf-8")
    (line,) = (line for line in readme.splitlines() if line.startswith(f"| `{name}` |"))
    stated = [int(number.replace(",", "")) for number in line.split("|")[3].split("/")]
    assert [len(data.splits[split]) for split in ("train", "validation", "test")] == stated
    if spec.target.problem is not Problem.REGRESSION:
        for split in data.splits:
            assert set(data.targets[split].tolist()) == set(range(len(spec.target.classes)))
    for columns in (spec.splits.group, spec.splits.disjoint):
        check_groups_apart(data, columns)


def check_groups_apart(data: TaskData, columns: tuple[str, ...]) -> None:
    """Check that no value of `columns` stands in two splits."""
    values = {
        split: {
            row for row in zip(*(rows[name] for name in columns), strict=True) if any(part is not None for part in row)
        }
        for split, rows in data.splits.items()
    }
    assert sum(map(len, values.values())) == len(set.union(*values.values()))
