"""A source task is found, read like the task itself and refused where it does not fit, before weights are loaded."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError, HiddenTargetsError, RefusedError, UnknownNameError
from modaxfer.plan import Part, Phase, Plan, Role
from modaxfer.runner.request.resolve import resolve_tasks
from modaxfer.runner.rows.split import Split
from modaxfer.strategies import coral

pytestmark = pytest.mark.usefixtures("no_weights")


@pytest.fixture(autouse=True)
def made_up_rows(monkeypatch):
    """Take the samples, whatever data this machine has."""
    monkeypatch.delenv("MODAXFER_DATA", raising=False)


@pytest.fixture
def asked(tiny):
    """Return a function from settings to a request: drawn digits for scanned ones."""

    def asked(**changes) -> RunConfig:
        values = {"task": ("digits",), "source_task": ("digits-mnist",), "strategy": "coral", "limit": 40}
        return RunConfig(encoder=(str(tiny("vit")),), **{**values, **changes})

    return asked


def write(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return str(path)


def test_the_source_is_read_like_the_task_and_the_task_without_its_labels(asked) -> None:
    (resolved,) = resolve_tasks(asked())
    source = resolved.source
    assert (resolved.task_id, source.task_id) == ("modaxfer/digits", "vision/digits-mnist")
    assert resolved.hidden
    assert resolved.taught_by is source
    assert resolved.data.targets == {}
    assert set(resolved.data.sealed) == {"train", "validation", "test"}
    assert set(source.data.targets) == set(source.data.splits) == {"train", "validation"}
    assert source.data.classes == resolved.data.classes == tuple("0123456789")
    assert source.towers[0].bridge == resolved.towers[0].bridge
    assert (source.towers[0].encoder, source.towers[0].encoder_options) == (
        resolved.towers[0].encoder,
        resolved.towers[0].encoder_options,
    )


def test_the_task_s_validation_labels_stay_where_they_choose(asked) -> None:
    (resolved,) = resolve_tasks(asked(set={"validate_on": "target"}))
    assert set(resolved.data.targets) == {"validation"}
    assert resolved.hidden


def test_the_bounds_see_what_they_are_trained_on(asked) -> None:
    (lower,), (upper,) = (resolve_tasks(asked(bound=bound)) for bound in ("source-only", "oracle"))
    assert lower.hidden
    assert lower.source is not None
    assert [term.name for term in lower.plan.phases[0].losses] == ["supervised"]
    assert not upper.hidden
    assert upper.source is None
    assert set(upper.data.targets) == {"train", "validation"}
    with pytest.raises(RefusedError, match="only a run that adapts to a task whose labels are hidden has bounds"):
        resolve_tasks(asked(strategy="full", source_task=(), bound="oracle"))


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        (
            {"source_task": ("digits-mnist", "digits-usps")},
            RefusedError,
            r"Got: digits-mnist and digits-usps.*Allowed: 1.*strategies that do not adapt.*learn several, one by one",
        ),
        (
            {"set": {"source.epochs": 2}},
            ConfigError,
            r"strategy coral learns source and task together: source\.epochs would do nothing",
        ),
        ({"source_task": ()}, RefusedError, r"strategy coral carries over .* labelled source task.*--source-task"),
        (
            {"strategy": "full", "source_task": (), "map_classes": "a.csv"},
            ConfigError,
            r"--map-classes without --source-task would do nothing\. Got: a\.csv",
        ),
        ({"source_task": ("digits",)}, ConfigError, r"the source task is the task itself\. Got: modaxfer/digits"),
        ({"source_task": ("digts",)}, UnknownNameError, r"did you mean digits"),
        (
            {"source_task": ("breast-cancer",)},
            RefusedError,
            r"do not take the same bridge.*Got: modaxfer/grid for the so",
        ),
        (
            {"source_task": ("traffic-signs",), "limit": 90},
            RefusedError,
            r"classes of the source task .*traffic-signs are",
        ),
        (
            {"task": ("diabetes",), "source_task": ("breast-cancer",)},
            RefusedError,
            r"asks for something else.*one class per",
        ),
        ({"map_classes": "none.yaml"}, ConfigError, r"cannot read class map file none\.yaml"),
    ],
)
def test_what_does_not_fit_is_refused(changes, kind, message, asked) -> None:
    with pytest.raises(kind, match=message):
        resolve_tasks(asked(**changes))


def test_a_bridge_that_is_fitted_needs_the_same_columns(asked) -> None:
    with pytest.raises(RefusedError, match=r"bridge grid is fitted to the source's rows, and the target's have other"):
        resolve_tasks(asked(task=("german-credit",), source_task=("home-equity",), set={}))


def test_a_map_carries_classes_over(asked, tiny, tmp_path) -> None:
    words = [(f"word {row} {'abc'[row % 3]}", ("good", "bad", "so so")[row % 3]) for row in range(60)]
    data = write(tmp_path / "rows.csv", words)
    mapping = tmp_path / "map.csv"
    mapping.write_text("positive,good\nnegative,bad\nneutral,so so\n", encoding="utf-8")
    config = asked(task=(), data=data, text=("text",), label=("label",), source_task=("financial-phrasebank",))
    config = replace(config, encoder=(str(tiny("bert")),), limit=30)
    with pytest.raises(RefusedError, match=r"are not those of own/rows\. Got: .*positive.*Allowed: bad, good, so so"):
        resolve_tasks(config)
    (resolved,) = resolve_tasks(replace(config, map_classes=str(mapping)))
    assert resolved.source.data.classes == resolved.data.classes == ("bad", "good", "so so")
    assert len(np.unique(resolved.source.data.targets["train"])) == 3


def plan_with(**changes):
    phase = Phase(trainable=frozenset({Part.HEAD}), learning_rates={Part.HEAD: 1e-3})
    return lambda options, context: Plan(phases=(replace(phase, **changes),))


def test_a_plan_without_any_labels_is_refused(asked, monkeypatch) -> None:
    from modaxfer.plan import Labels, Stream

    streams = {"source": Stream(role=Role.SOURCE, labels=Labels.HIDDEN), "target": Stream(labels=Labels.HIDDEN)}
    monkeypatch.setattr(coral, "plan", plan_with(streams=streams))
    with pytest.raises(RefusedError, match=r"the plan of strategy modaxfer/coral sees no labels at all"):
        resolve_tasks(asked())


def test_a_plan_that_draws_from_a_source_says_so_in_its_spec(asked, monkeypatch) -> None:
    from modaxfer.plan import Stream
    from modaxfer.strategies import full

    monkeypatch.setattr(full, "plan", plan_with(streams={"train": Stream(role=Role.SOURCE)}))
    with pytest.raises(RefusedError, match=r"draws rows of a source task, and its spec does not say so"):
        resolve_tasks(asked(strategy="full", source_task=()))


def test_sealed_targets_are_no_targets() -> None:
    split = Split(rows=[], lengths=np.zeros(0), known=None, ids=[])
    with pytest.raises(HiddenTargetsError, match=r"hidden targets are read: a split whose targets are sealed has none"):
        _ = split.targets
