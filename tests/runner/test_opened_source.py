"""A source task is opened around the target's own model; a bridge that learns from rows learns from the source's."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from modaxfer.config import RunConfig
from modaxfer.errors import HiddenTargetsError, RefusedError
from modaxfer.tasks.own import task_from_files


def write(path, scale: float, names=("a", "b", "c")) -> str:
    values = scale * np.random.default_rng(0).normal(size=(80, 3))
    rows = [[*(f"{value:.4f}" for value in row), "yes" if row[0] > 0 else "no"] for row in values]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([(*names, "label"), *rows])
    return str(path)


@pytest.fixture
def adapted(tiny, opened, tmp_path, monkeypatch):
    """Return a function that opens an encoder on measurements, from ones that are ten times smaller."""

    def adapted(encoder: str, names=("a", "b", "c"), **changes):
        from modaxfer.runner.request import request

        near = task_from_files(RunConfig(data=write(tmp_path / "near.csv", 1.0, names)))
        monkeypatch.setattr(request, "find_sources", lambda config, strategy: (("own/near", near),))
        data = write(tmp_path / "far.csv", 10.0)
        asked = RunConfig(encoder=(str(tiny(encoder)),), strategy="coral", data=data, device="cpu", **changes)
        (session,), (resolved,), _ = opened(asked)
        return session, resolved

    return adapted


@pytest.mark.parametrize(("encoder", "bridge"), [("vit", "grid"), ("bert", "embed")])
def test_both_tasks_share_the_model_and_what_the_bridge_learned_from_the_source(encoder, bridge, adapted) -> None:
    session, resolved = adapted(encoder, bridge=bridge)
    source = session.source
    assert source.model is session.model
    assert source.task_id == "own/near"
    ours, theirs = (each.described.towers[0].learned for each in (session, source))
    assert ours is not None
    assert repr(ours) == repr(theirs)
    # The same numbers, ten times as large: beyond the scales of the source, and other rows than in a run of their own.
    assert any(
        not np.array_equal(np.asarray(here[name]), np.asarray(there[name]))
        for here, there in zip(session.splits["train"].rows, source.splits["train"].rows, strict=True)
        for name in here
    )
    assert session.splits["train"].key != source.splits["train"].key
    assert source.recipe("train").rows is resolved.source.data.splits["train"]
    assert set(source.splits) == {"train", "validation"}
    with pytest.raises(HiddenTargetsError):
        _ = session.splits["train"].targets
    assert len(source.splits["train"].targets) == resolved.source.data.rows["train"]


def test_columns_of_other_names_are_refused(adapted) -> None:
    with pytest.raises(
        RefusedError, match=r"bridge grid is fitted to the source's rows.*Got: a \(table\), b .*x \(tab"
    ):
        adapted("vit", names=("x", "y", "z"), bridge="grid")
