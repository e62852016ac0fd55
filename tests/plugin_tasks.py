"""What the tests of every plugin with tasks ask: is it announced, light, and usable with and without the real data?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections import Counter
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from modaxfer.baselines.simple import fit_simple
from modaxfer.data.sources import find_rows
from modaxfer.metrics import scores
from modaxfer.registry import load_target, registry
from modaxfer.spec import Problem, SampleSource
from modaxfer.tasks.load import fields_of, load_task

if TYPE_CHECKING:
    from types import ModuleType

    import pyarrow as pa

    from modaxfer.contracts import TaskData
    from modaxfer.spec import TaskSpec

PLUGINS = Path(__file__).parents[1] / "plugins"
LICENCES = {"none stated", "MIT", "CC-BY-4.0", "CC0-1.0", "CC-BY-NC-SA-3.0"}

IMPORTED = "import json, sys, modaxfer_{0}.plugin as it; it.modaxfer_tasks(); print(json.dumps(sorted(sys.modules)))"


def require_announced(namespace: str, plugin: ModuleType) -> None:
    """Check that the distribution, its entry point and the registry agree on `plugin`."""
    project = tomllib.loads((PLUGINS / namespace / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == f"modaxfer-{namespace}"
    assert project["entry-points"]["modaxfer"] == {namespace: f"modaxfer_{namespace}.plugin"}
    (point,) = (point for point in entry_points(group="modaxfer") if point.name == namespace)
    assert point.load() is plugin
    for spec in plugin.modaxfer_tasks():
        assert registry().get("task", f"{namespace}/{spec.name}").spec == spec


def require_light(namespace: str) -> None:
    """Check that listing the tasks imports no module of the framework but hooks and specs, and nothing heavy."""
    search = os.pathsep.join([str(PLUGINS / namespace / "src"), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED.format(namespace)],
        env=os.environ | {"PYTHONPATH": search}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    modules = json.loads(done.stdout)
    ours = {name for name in modules if name.split(".")[0] == "modaxfer"}
    assert ours <= {"modaxfer", "modaxfer.hooks", "modaxfer.spec"}
    assert not {"numpy", "pyarrow", "torch", "datasets", "transformers", "sklearn"} & set(modules)


def require_documented(spec: TaskSpec, readme: str) -> None:
    """Check that a task says what it is, and that the plugin's README has it with its metric."""
    known = {entry.spec.name: entry.spec for entry in registry().all("metric")}
    assert spec.fields
    assert all(field.doc.endswith(".") for field in spec.fields)
    assert spec.licence in LICENCES
    assert spec.url.startswith("https://github.com/")
    assert spec.domain
    assert spec.summary
    assert spec.primary == spec.metrics[0]
    assert all(spec.target.problem in known[name].problems for name in spec.metrics)
    row = next(line for line in readme.splitlines() if line.startswith(f"| `{spec.name}` |"))
    assert f"`{spec.primary}`" in row
    assert spec.licence.replace("-", " ") in row.replace("-", " ")


def from_sample(spec: TaskSpec) -> TaskData:
    """Load the made-up sample of `spec` and check that the run would say what it is."""
    (source,) = (source for source in spec.sources if isinstance(source, SampleSource))
    data = load_task(spec)
    assert data.source == f"sample made by {source.target} (seed 0)"
    assert data.warnings[0].startswith(f"NOT REAL DATA: task {spec.name!r}")
    assert data.warnings[1:] == ()
    assert data.dropped == {}
    return data


def sampled(spec: TaskSpec, seed: int) -> dict[str, pa.Table]:
    """Return the tables of the sample of `spec` as its function makes them."""
    (source,) = (source for source in spec.sources if isinstance(source, SampleSource))
    return load_target(source.target)(seed)


def simple_score(spec: TaskSpec, data: TaskData) -> float:
    """Return balanced accuracy on test of the simple model, 0 = chance and 1 = perfect; for a regression R^2."""
    problem, references = spec.target.problem, data.targets["test"]
    predictions = fit_simple(data, fields=fields_of(spec, data), problem=problem).predictions["test"]
    if problem is Problem.REGRESSION:
        return scores.r2(references, predictions)
    chance = 1 / len(data.classes)
    return (scores.balanced_accuracy(references, predictions) - chance) / (1 - chance)


def class_counts(data: TaskData, split: str) -> dict[str, int]:
    """Return how many rows of `split` each class has, in the order of the classes."""
    found = Counter(np.asarray(data.targets[split]).tolist())
    return {name: found[number] for number, name in enumerate(data.classes)}


def real_folder(name: str) -> Path:
    """Return the folder of the data set `name`, or skip the test where there is none."""
    base = os.environ.get("MODAXFER_DATA", "")
    if not base or not (Path(base) / name).is_dir():
        pytest.skip(f"needs the real data: MODAXFER_DATA must name a folder that holds {name}")
    return Path(base) / name


def from_folder(spec: TaskSpec) -> tuple[TaskData, dict[str, int]]:
    """Load the real rows of `spec`; return them with the number of rows by split before any was dropped."""
    folder = real_folder(spec.sources[0].name)
    data = load_task(spec, data_dir=folder.parent)
    assert data.source == f"folder {folder}"
    given = {split: table.num_rows for split, table in find_rows(spec, folder.parent).tables.items()}
    assert sum(map(len, data.splits.values())) == sum(given.values()) - sum(data.dropped.values())
    return data, given


def require_apart(data: TaskData, *columns: str) -> None:
    """Check that no two splits share a row's values in `columns`."""
    values = [set(zip(*(rows[column] for column in columns), strict=True)) for rows in data.splits.values()]
    assert sum(map(len, values)) == len(set.union(*values))
