"""README.md of a run: a model card with Hugging Face front matter, for whoever is handed the folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml
from jinja2 import Template
from markupsafe import Markup

from modaxfer.config import read_yaml
from modaxfer.encoders.runs import first_checkpoint
from modaxfer.errors import AmbiguousNameError, ConfigError, UnknownNameError
from modaxfer.escaping import markdown, one_line
from modaxfer.local_paths import names_alone, source_alone
from modaxfer.registry import registry
from modaxfer.reports.ablation import PART_CLAIMS, parts_alone
from modaxfer.reports.bounds import bound_words, bounds
from modaxfer.reports.compiled import compiled
from modaxfer.reports.facts import cost_facts, data_facts, drawn_over, dropped_rows, model_facts, training_facts
from modaxfer.reports.headline import headline, is_sample, title
from modaxfer.reports.limits import limits
from modaxfer.reports.predictions import predictions_of
from modaxfer.reports.repeated import repeated
from modaxfer.reports.scores import (
    baseline_label,
    baselines_present,
    interval_text,
    number,
    posed,
    score_rows,
)
from modaxfer.reports.shared import shared_tasks
from modaxfer.reports.transfer import gains, spreads
from modaxfer.result import Result, write_atomically
from modaxfer.spec import ProblemSpec
from modaxfer.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["front_matter", "render", "write"]

_HUB_METRICS = {
    "f1_macro": "f1",
    "f1_micro": "f1",
    "matthews_corrcoef": "matthews_correlation",
    "precision_macro": "precision",
    "r2": "r_squared",
    "recall_macro": "recall",
}
"""Names on https://hf.co/metrics where they differ from scikit-learn's."""

_COMMIT = re.compile(r"[0-9a-f]{40}")
_LICENCES = frozenset({"apache-2.0", "bsd-3-clause", "cc-by-4.0", "cc-by-nc-4.0", "cc-by-sa-4.0", "cc0-1.0", "mit"})
_PIPELINES = frozenset(
    {
        "audio-classification",
        "image-classification",
        "tabular-classification",
        "tabular-regression",
        "text-classification",
    }
)
_OTHER = "other"


def write(result: Result, folder: Path) -> list[Path]:
    """Write the model card ``README.md`` into the run `folder` and return its path."""
    path = folder / "README.md"
    write_atomically(path, render(result, folder))
    return [path]


def render(result: Result, folder: Path) -> str:
    """Return the card as Markdown with YAML front matter; of a failed run, a note that there is no model.

    It is written to be handed on: of paths of this machine it has the names alone; ``result.json`` has the whole.
    """
    result = _portable(result)
    rows = score_rows(result)
    return _template().render(
        result=result,
        front=Markup(_yaml(front_matter(result, folder))),  # noqa: S704
        title=title(result),
        headline=headline(result),
        failed=result.status != "completed",
        sample=is_sample(result),
        rows=rows,
        baselines={name: baseline_label(result, name) for name in baselines_present(rows)},
        drawn_over=drawn_over(result),
        parts=parts_alone(result),
        part_claims=PART_CLAIMS,
        tasks=shared_tasks(result),
        gains=gains(result),
        spreads=spreads(result),
        limits=limits(result, predictions_of(result, folder)),
        repeated=repeated(result),
        bounds=bounds(result),
        bound_words=bound_words(result),
        data=data_facts(result),
        dropped=dropped_rows(result),
        model=(*model_facts(result), *training_facts(result)),
        cost=cost_facts(result),
        version=__version__,
    )


def _portable(result: Result) -> Result:
    """Return `result` without the folders that its model, rows and warnings came from; names of classes stay."""
    told = {key: names_alone(getattr(result, key)) for key in ("encoder", "before", "training", "warnings")}
    data = {**result.data, "source": source_alone(str(result.data.get("source") or ""))}
    if isinstance(without := data.get("unlabelled"), Mapping):
        data["unlabelled"] = {**without, "source": source_alone(str(without["source"]))}
    return replace(result, data=data, **told)


@cache
def _template() -> Template:
    """Compile the card's template once: a comparison renders a card for every cell."""
    return compiled("card.md.jinja", markdown, markup=False, number=number, interval=_interval)


def _interval(interval: Any) -> str:
    return interval_text(interval) or "-"


def front_matter(result: Result, folder: Path) -> dict[str, Any]:
    """Return the card's metadata as Hugging Face reads it; what is not known is left out, never guessed."""
    specs = [_spec("task", task) for task in result.tasks or (result.task,)]
    encoders = str(result.encoder.get("id") or "").split("+")
    tags = ["modaxfer", "transfer-learning", *(_short(name) for name in (*encoders, result.strategy))]
    domains = [spec.domain for spec in specs if spec]
    kind = _pipeline(result, specs[0], folder) if len(specs) == 1 else _OTHER
    return {
        "library_name": "modaxfer",
        **_licence(result),
        **_origin(result),
        **({"pipeline_tag": kind} if kind in _PIPELINES else {}),
        "tags": [tag for tag in dict.fromkeys([*tags, *domains]) if tag],
        **({} if result.status != "completed" else _index(result, kind)),
    }


def _yaml(values: dict[str, Any]) -> str:
    """Return `values` as YAML in which no HTML stands: readers that know no front matter show it as Markdown."""
    text = yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return text.translate({ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&"})


class _Dumper(yaml.SafeDumper):
    """Puts text with markup in double quotes, where an escape can stand for each of its characters."""

    def represent_str(self, data: str) -> yaml.ScalarNode:
        text = one_line(data)
        style = '"' if set("<>&") & set(text) else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _Dumper.represent_str)


def _pipeline(result: Result, spec: Any, folder: Path) -> str:
    """``text-classification`` and its like; ``other`` where the signal is not known."""
    signal = _signal(spec, folder)
    problem = posed(result)
    named = ProblemSpec.pipeline if problem is None else problem.pipeline
    return named.format("tabular" if signal == "table" else signal) if signal else _OTHER


def _index(result: Result, kind: str) -> dict[str, Any]:
    """The model-index that the hub's leaderboards read: one entry per test score, of a shared model one per task."""
    scored = {result.task: {row.name: row.test for row in score_rows(result) if row.test is not None}}
    if result.tasks:
        scored = {task.id: {task.metric: task.test} for task in shared_tasks(result) if task.test is not None}
    if not any(scored.values()):
        return {}
    results = [_indexed(result, kind, _short(task), scores) for task, scores in scored.items()]
    names = dict.fromkeys(item["type"] for found in results for item in found["metrics"])
    return {"metrics": list(names), "model-index": [{"name": title(result), "results": results}]}


def _indexed(result: Result, kind: str, task: str, scores: Mapping[str, float | None]) -> dict[str, Any]:
    dataset = {"type": task, "name": f"{task} (made-up sample)" if is_sample(result) else task, "split": "test"}
    metrics = [
        {"type": _HUB_METRICS.get(name, name), "name": f"test {name}", "value": round(value or 0.0, 6)}
        for name, value in scores.items()
    ]
    return {"task": {"type": kind}, "dataset": dataset, "metrics": metrics}


def _licence(result: Result) -> dict[str, str]:
    """The weights' licence, from their registered checkpoint."""
    spec = _checkpoint(result)
    if spec is None or not spec.licence:
        return {}
    known = spec.licence.lower()
    return {"license": known} if known in _LICENCES else {"license": "other", "license_name": spec.licence}


def _origin(result: Result) -> dict[str, Any]:
    """Hub ids of the base model and the data set, where they came from the hub."""
    spec, source = _checkpoint(result), str(result.data.get("source", ""))
    first = first_checkpoint(result.encoder)
    checkpoint, revision = str(first.get("checkpoint", "")), str(first.get("revision", ""))
    model = spec.hub_id if spec else checkpoint if _COMMIT.fullmatch(revision) else ""
    found: dict[str, Any] = {"base_model": model} if model else {}
    if source.startswith("hub "):
        found["datasets"] = [source.removeprefix("hub ").partition("@")[0]]
    return found


def _checkpoint(result: Result) -> Any:
    name = str(first_checkpoint(result.encoder).get("checkpoint", ""))
    found = [entry.spec for entry in registry().all("checkpoint") if name and name in (entry.id, entry.spec.hub_id)]
    return found[0] if found else None


def _signal(spec: Any, folder: Path) -> str:
    """Signal of the task's first field, else of the columns named for --data."""
    if spec is not None:
        return str(spec.fields[0].signal) if spec.fields else "table"
    try:
        config = read_yaml(folder / "config.yaml")
    except ConfigError:
        return ""
    return next(
        (name for name in ("text", "image", "audio") if config.get(name)), "table" if config.get("number") else ""
    )


def _spec(kind: str, name: str) -> Any:
    try:
        return registry().get(kind, name).spec
    except (AmbiguousNameError, UnknownNameError):
        return None


def _short(name: object) -> str:
    """Name without namespace, on one line: a line of dashes would end the front matter."""
    return " ".join(str(name or "").rpartition("/")[2].split())
