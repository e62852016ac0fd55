"""Source tasks beside the task of a recommendation: compared once by the best encoder, ranked, told in words."""

from __future__ import annotations

import json

import pytest

import modaxfer
from modaxfer.errors import ConfigError
from modaxfer.reports.recommend import source_lines
from modaxfer.runner.recommend.sources import closest_first

pytestmark = pytest.mark.recipe

QUICK = {"limit": 40, "precision": "fp32", "device": "cpu", "quiet": True, "budget": 0.01}
TARGET, SOURCE = "reviews/sst2", "reviews/rt-polarity"


@pytest.fixture(scope="module")
def made(tiny, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MODAXFER_DATA", raising=False)
        patch.setenv("MODAXFER_CACHE", str(tmp_path_factory.mktemp("cache")))
        folder = tmp_path_factory.mktemp("sources") / "answer"
        settings = {"task": TARGET, "source_task": [SOURCE], "encoder": str(tiny("bert")), "output": str(folder)}
        return modaxfer.recommend(strategy=["frozen", "lora"], **settings, **QUICK)


def test_what_differs_is_stored_and_told_with_a_line_that_was_not_measured(made):
    stored = json.loads((made.folder / "recommend.json").read_text())
    assert stored["sources_order"] == [SOURCE]
    (known,) = stored["sources"].values()
    names = [effect["name"] for effect in known["report"]["covariate"]["effects"]]
    assert names == ["A-distance", "MMD^2", "Bures^2"]
    assert known["rows"] == 40
    assert f"--strategy lora --task {TARGET} --source-task {SOURCE}" in known["command"]
    lines = source_lines(stored)
    assert lines[0].startswith(f"1. {SOURCE}, 40 rows as ")
    assert lines[-1] == "closest inputs first; whether a source helps was not measured"
    assert "Source tasks beside this one" in (made.folder / "recommend.html").read_text()


def test_the_task_is_no_source_of_itself():
    with pytest.raises(ConfigError, match="the source task is the task itself"):
        modaxfer.recommend(task=TARGET, source_task=TARGET)


def test_closest_inputs_come_first_and_failed_sources_are_not_ranked():
    def known(*values):
        return {"report": {"covariate": {"effects": [{"value": value} for value in values]}}}

    found = {"far": known(2.0, 0.5, 3.0), "broken": {"failed": "too few rows"}, "near": known(0.1, 0.1, 4.0)}
    assert closest_first(found) == ["near", "far"]
    assert closest_first({"broken": {"failed": "too few rows"}}) == []
