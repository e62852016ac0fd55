"""Runs of several encoders or several tasks, and of a trained bridge: what can be done with them afterwards."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import modaxfer
from modaxfer.cli.main import cli
from modaxfer.errors import DataError
from own_columns import pictures_with_words

pytestmark = pytest.mark.recipe

QUICK = {"epochs": 1, "batch_size": 16, "device": "cpu", "quiet": True}
TASKS = ("digits", "legal-sentiment")


@pytest.fixture(scope="module")
def request_of(tiny, own_rows, tmp_path_factory):
    """Return a function from a kind of run to what is asked for."""
    rows = pictures_with_words(tmp_path_factory.mktemp("products"))
    vit, bert = str(tiny("vit")), str(tiny("bert"))
    return {
        "fused": {"encoder": (vit, bert), "strategy": "fusion", "set": {"how": "concat"}, **rows},
        "shared": {"encoder": vit, "strategy": "multitask", "task": TASKS, "limit": 24, "set": {"alone": False}},
        "embedded": {"encoder": bert, "strategy": "full", **own_rows("image")},
    }.get


@pytest.fixture(scope="module")
def finished(request_of, tmp_path_factory):
    """Return a function from a kind of run to one, trained once."""
    made: dict[str, modaxfer.Run] = {}

    def run(kind: str) -> modaxfer.Run:
        if kind not in made:
            folder = tmp_path_factory.mktemp("runs") / kind
            made[kind] = modaxfer.train(**request_of(kind), output=folder, precision="fp32", **QUICK)
        return made[kind]

    return run


def shell(*arguments):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.mark.parametrize(
    "kind", ["fused", *(pytest.param(each, marks=pytest.mark.slow) for each in ("shared", "embedded"))]
)
def test_bfloat16_is_scored_as_well(kind, request_of, tmp_path):
    result = modaxfer.train(**request_of(kind), output=tmp_path / "run", precision="bf16", **QUICK).result
    assert (result.status, result.precision) == ("completed", "bf16")


@pytest.mark.parametrize(
    "kind", ["fused", *(pytest.param(each, marks=pytest.mark.slow) for each in ("shared", "embedded"))]
)
def test_a_stored_config_repeats_the_run(kind, finished, tmp_path):
    first = finished(kind)
    again = modaxfer.train(first.folder / "config.yaml", output=tmp_path / "again", quiet=True)
    assert again.result.metrics == first.result.metrics
    assert {name: run.result.metrics for name, run in again.tasks.items()} == {
        name: run.result.metrics for name, run in first.tasks.items()
    }


@pytest.mark.slow
def test_a_stored_config_repeats_a_baseline_from_scratch(tiny, own_rows, tmp_path):
    first = modaxfer.train(
        encoder=str(tiny("bert")), strategy="full", baseline=("scratch",), set={"rates": (1.0,)}, precision="fp32",
        output=tmp_path / "first", **QUICK, **own_rows("image"),
    )  # fmt: skip
    again = modaxfer.train(first.folder / "config.yaml", output=tmp_path / "again", quiet=True)
    assert again.result.metrics == first.result.metrics
    assert again.result.transfer_gain == first.result.transfer_gain
    scratch = modaxfer.load(first.folder / "scratch" / "0")
    alone = modaxfer.train(scratch.folder / "config.yaml", output=tmp_path / "alone", quiet=True)
    assert alone.result.metrics == scratch.result.metrics


@pytest.mark.parametrize("kind", ["fused", "shared", "embedded"])
def test_a_notebook_shows_it(kind, finished):
    page = finished(kind)._repr_html_()
    assert page.startswith("<div>")
    assert finished(kind).result.primary in page


@pytest.mark.parametrize("kind", ["fused", "embedded"])
def test_the_files_give_what_was_stored(kind, finished):
    found = finished(kind).evaluate()
    assert found["metrics"] == pytest.approx(found["stored"], abs=1e-6)


@pytest.mark.parametrize("columns", [("photo",), ("title",), ("title", "photo")])
def test_a_fused_model_predicts_rows_that_lack_a_column(columns, finished, request_of, tmp_path):
    run, given = finished("fused"), Path(request_of("fused")["data"])
    with given.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["photo"] and row["title"]][:5]
    path = tmp_path / "rows.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    for row in rows if "photo" in columns else ():
        (tmp_path / row["photo"]).write_bytes((given.parent / row["photo"]).read_bytes())
    done = shell("predict", run.folder, path)
    assert done.exit_code == 0, done.output
    printed = [line["prediction"] for line in csv.DictReader(done.stdout.splitlines())]
    assert printed == [made["prediction"] for made in run.predict(path)]


def test_a_fused_model_names_its_columns_where_none_is_there(finished, tmp_path):
    (tmp_path / "rows.csv").write_text("words\nright\n")
    with pytest.raises(DataError, match="photo"):
        finished("fused").predict(tmp_path / "rows.csv")


def test_a_shared_run_is_scored_task_by_task(finished):
    run = finished("shared")
    assert list(run.tasks) == ["modaxfer/digits", "legal/legal-sentiment"]
    found = run.evaluate()
    for name, evaluation in found.items():
        assert evaluation["metrics"] == pytest.approx(run.tasks[name].result.metrics["test"], abs=1e-6)
    told = shell("evaluate", run.folder)
    assert told.exit_code == 0
    assert [line for line in told.stdout.splitlines() if "/" in line] == list(run.tasks)
    assert told.stdout.count("95 % interval") == 2
    as_json = json.loads(shell("evaluate", run.folder, "--json").stdout)
    assert as_json.keys() == found.keys()


def test_a_shared_run_says_which_folders_predict(finished):
    run = finished("shared")
    with pytest.raises(DataError, match=r"no trained model here.*name one of its tasks: .*legal-legal-sentiment"):
        run.predict({"text": "right"})
    (made,) = run.tasks["legal/legal-sentiment"].predict({"sentence": "right", "party": "court"})
    assert made["prediction"] in run.tasks["legal/legal-sentiment"].result.data["classes"]


def test_reports_of_a_shared_run_are_those_of_its_tasks_too(finished):
    run = finished("shared")
    pages = [folder / "report.html" for folder in (run.folder, *(task.folder for task in run.tasks.values()))]
    for page in pages:
        page.unlink()
    told = shell("report", run.folder)
    assert told.exit_code == 0
    assert all(page.is_file() and str(page) in told.stdout for page in pages)
