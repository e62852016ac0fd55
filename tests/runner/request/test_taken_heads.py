"""A source's head that a plan takes along is refused where it cannot be one, before any weight is loaded."""

from __future__ import annotations

import pytest

from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.runner.before.stage import find_stage
from modaxfer.runner.request.request import read_request
from modaxfer.runner.request.resolve import resolve_tasks

pytestmark = pytest.mark.usefixtures("no_weights")


@pytest.fixture(scope="module")
def runs(finished):
    """Two runs, made while weights may be loaded: of numbers and of classes."""
    return finished("bert", "regression"), finished("bert", "text")


def asked(encoder, rows, **options):
    settings = {"strategy": "full", "precision": "fp32", "device": "cpu"}
    return RunConfig(encoder=(str(encoder),), set={"co_tuning": 2.3, **options}, **settings, **rows)


def test_an_encoder_that_is_no_run_has_none(tiny, own_rows):
    message = r"losses of this plan \(co-tuning\) take along the head of a source.*which is no run.*--source-task"
    with pytest.raises(RefusedError, match=message):
        resolve_tasks(asked(tiny("bert"), own_rows("text")))


def test_the_task_has_to_have_classes(tiny, own_rows):
    with pytest.raises(ConfigError, match=r"co-tuning relates classes.*with a regression target.*one class per row"):
        resolve_tasks(asked(tiny("bert"), own_rows("regression")))


def test_so_does_the_run_and_its_head_reads_what_the_tasks_head_would(runs, own_rows):
    with pytest.raises(RefusedError, match=r"a source with a regression target.*one class per row"):
        resolve_tasks(asked(runs[0], own_rows("text")))
    other = {"encoder.layer": 1, "encoder.pooling": "mean_std"}
    with pytest.raises(RefusedError, match=r"the source's head reads other vectors.*layers 1, mean_std"):
        resolve_tasks(asked(runs[1], own_rows("text"), **other))


def test_sources_that_are_mixed_have_several_heads(tiny, monkeypatch):
    monkeypatch.delenv("MODAXFER_DATA", raising=False)
    rows = {"task": ("reviews/sst2",), "source_task": ("reviews/rt-polarity", "reviews/customer-reviews"), "limit": 24}
    config = asked(tiny("bert"), rows, **{"source.mixed": True})
    request = read_request(config)
    tasks = resolve_tasks(config, request)
    with pytest.raises(RefusedError, match=r"sources that are mixed: reviews/rt-polarity"):
        find_stage(config, request, tasks, None)
