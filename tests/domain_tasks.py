"""What every plugin that brings tasks of a domain must show, with and without the data."""

from __future__ import annotations

import functools
import importlib
import os
import re
import tomllib
from collections import Counter
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from answers import answers_of
from modaxfer.baselines.simple import fit_simple
from modaxfer.data.sources import find_rows
from modaxfer.metrics import default_metrics, scores
from modaxfer.metrics.choice import find_metric
from modaxfer.registry import load_target, registry
from modaxfer.spec import FolderSource, SampleSource, TaskSpec
from modaxfer.tasks.load import fields_of, load_task

if TYPE_CHECKING:
    from modaxfer.contracts import TaskData

PLUGINS = Path(__file__).resolve().parent.parent / "plugins"
COUNTS = re.compile(r"\| ([\d,]+) / ([\d,]+) / ([\d,]+) \|")
"""Rows of train, validation and test, as a README states them."""


def package(plugin: str) -> str:
    """Return the package of a plugin's folder name."""
    return f"modaxfer_{plugin.replace('-', '_')}"


def specs(plugin: str) -> dict[str, TaskSpec]:
    """Return the plugin's tasks by name."""
    module = importlib.import_module(f"{package(plugin)}.plugin")
    return {spec.name: spec for spec in module.modaxfer_tasks()}


def check_announced(plugin: str) -> None:
    """Check that the distribution names the plugin, that it is installed, and that its tasks are registered."""
    project = tomllib.loads((PLUGINS / plugin / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == f"modaxfer-{plugin}"
    assert project["entry-points"]["modaxfer"] == {plugin: f"{package(plugin)}.plugin"}
    (point,) = (point for point in entry_points(group="modaxfer") if point.name == plugin)
    assert point.load() is importlib.import_module(f"{package(plugin)}.plugin")
    (record,) = (record for record in registry().plugins if record.namespace == plugin)
    assert (record.state, record.error) == ("loaded", "")
    own = {entry.name: entry.spec for entry in registry().all("task") if entry.plugin == plugin}
    assert own == specs(plugin)


def check_described(plugin: str) -> None:
    """Check that every task says what it is, where from and under which licence, and that the README lists it."""
    readme = (PLUGINS / plugin / "README.md").read_text(encoding="utf-8")
    for spec in specs(plugin).values():
        assert all((spec.domain, spec.licence, spec.summary, spec.url.startswith("https://"))), spec.name
        assert spec.fields, spec.name
        assert all(field.doc.endswith(".") for field in spec.fields), spec.name
        assert isinstance(spec.sources[0], FolderSource)
        assert spec.primary == (spec.metrics or default_metrics(spec.target.problem))[0], spec.name
        assert all(find_metric(name, spec.target.problem) for name in spec.metrics)
        assert spec.target.problem == "regression" or len(spec.target.classes) >= 2
        line, licence = _line(readme, spec.name), spec.licence.partition(" (")[0].replace("-", " ")
        assert f"`{spec.primary}`" in line, spec.name
        assert licence in line.replace("-", " ") or "as above" in line, spec.name
    about_tasks = readme.partition("<!-- table: scores-")[0]  # where the first column of every table is a task
    assert set(re.findall(r"^\| `([\w-]+)` \|", about_tasks, re.MULTILINE)) == set(specs(plugin))


def make_sample(spec: TaskSpec, seed: int) -> dict[str, Any]:
    """Return the tables of the task's sample, made again."""
    return dict(load_target(_sample(spec).target)(seed))


@functools.cache
def sample_tables(spec: TaskSpec) -> dict[str, Any]:
    """Return the tables of the task's sample, seed 0, as runs are given them."""
    return dict(find_rows(replace(spec, sources=(_sample(spec),)), None).tables)


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
    assert data.source == f"sample made by {_sample(spec).target} (seed 0)"
    assert data.source.startswith(f"sample made by {package(plugin)}.")
    assert data.dropped == {}
    (warning,) = data.warnings
    assert warning.startswith(f"NOT REAL DATA: task {name!r}")
    assert [field.name for field in fields_of(spec, data)] == [field.name for field in spec.fields]
    for column in (*spec.keep, *spec.splits.group):
        assert column in data.splits["train"].column_names
    if spec.target.problem != "regression":
        for split in ("train", "test"):
            assert min(class_counts(data, split).values()) > 0


def simple_score(plugin: str, name: str) -> float:
    """Return the test accuracy (r2 of a regression) of the simple model on the task's sample."""
    spec, data = specs(plugin)[name], load_sample(plugin, name)
    said = fit_simple(data, fields=fields_of(spec, data)).predictions["test"]
    score = scores.r2 if spec.target.problem == "regression" else scores.accuracy
    return float(score(answers_of(data)["test"], said))


def simple_skill(plugin: str, name: str) -> float:
    """Return `simple_score` on a scale where guessing is 0 and no mistake is 1; a sample's classes are equally many."""
    spec = specs(plugin)[name]
    chance = 0.0 if spec.target.problem == "regression" else 1 / len(spec.target.classes)
    return (simple_score(plugin, name) - chance) / (1 - chance)


def class_counts(data: TaskData, split: str) -> dict[str, int]:
    """Return how many rows of `split` each class has, in the order of the classes."""
    found = Counter(np.asarray(answers_of(data)[split]).tolist())
    return {name: found[number] for number, name in enumerate(data.classes)}


def real_folder(name: str) -> Path:
    """Return the folder of the data set `name`; the test is skipped where that is not at hand."""
    base = os.environ.get("MODAXFER_DATA", "")
    if not base or not (Path(base) / name).is_dir():
        pytest.skip(f"needs the real data: MODAXFER_DATA must name a folder that holds {name}")
    return Path(base) / name


@functools.cache
def load_real(plugin: str, name: str) -> TaskData:
    """Return the task from its folder; the test is skipped where that is not at hand."""
    spec = specs(plugin)[name]
    folder = real_folder(spec.sources[0].name)
    data = load_task(spec, data_dir=folder.parent)
    assert data.source == f"folder {folder}"
    return data


def given_rows(plugin: str, name: str) -> dict[str, int]:
    """Return how many rows the folder has by split, before any is dropped or carved out."""
    spec, data = specs(plugin)[name], load_real(plugin, name)
    tables = find_rows(spec, real_folder(spec.sources[0].name).parent).tables
    given = {split: table.num_rows for split, table in tables.items()}
    assert sum(map(len, data.splits.values())) == sum(given.values()) - sum(data.dropped.values())
    return given


def check_real_rows(plugin: str, name: str) -> None:
    """Check that the real rows are as many as the README says, cover all classes and keep groups together."""
    spec, data = specs(plugin)[name], load_real(plugin, name)
    readme = (PLUGINS / plugin / "README.md").read_text(encoding="utf-8")
    stated = COUNTS.search(_line(readme, name))
    assert stated is not None
    assert [len(data.splits[split]) for split in ("train", "validation", "test")] == [
        int(number.replace(",", "")) for number in stated.groups()
    ]
    if spec.target.problem != "regression":
        for split in data.splits:
            assert set(answers_of(data)[split].tolist()) == set(range(len(spec.target.classes)))
    for columns in (spec.splits.group, spec.splits.disjoint):
        check_groups_apart(data, columns)


def check_groups_apart(data: TaskData, columns: tuple[str, ...]) -> None:
    """Check that no row's values of `columns` stand in two splits; a row that has none of them shares none."""
    values = {
        split: {
            row for row in zip(*(rows[name] for name in columns), strict=True) if any(part is not None for part in row)
        }
        for split, rows in data.splits.items()
    }
    assert sum(map(len, values.values())) == len(set.union(*values.values()))


def _sample(spec: TaskSpec) -> SampleSource:
    (source,) = (source for source in spec.sources if isinstance(source, SampleSource))
    return source


def _line(readme: str, name: str) -> str:
    # A later table may be about the same tasks.
    return next(line for line in readme.splitlines() if line.startswith(f"| `{name}` |"))
