"""Evidence from finished runs: paired rows, repeats, groups, Holm over all pairs, and what is refused."""

from __future__ import annotations

import dataclasses
import json
from functools import partial

import pytest
from PIL import Image

import modaxfer
from compared_runs import finished_run
from modaxfer.errors import ConfigError, DataError, OutputExistsError
from modaxfer.metrics.paired_tests import holm
from modaxfer.reports.compare.evidence import sentence
from modaxfer.result import Result
from modaxfer.runner.compare.entries import entries_of_runs
from modaxfer.runner.compare.evidence import weigh, weigh_cells
from modaxfer.runner.compare.ledger import CellRecord, read_evidence, write_cells


@pytest.fixture
def made(tmp_path):
    return partial(finished_run, tmp_path)


def evidence(*folders, **settings):
    return weigh(entries_of_runs(folders), **settings)


def test_a_clear_difference_is_evidence_and_none_is_a_tie(made):
    found = evidence(made("a", 0.9), made("b", 0.9, strategy="lora", validation=0.95), made("c", 0.6, encoder="lstm"))
    (task,) = found["tasks"]
    assert task["chosen"] == "bert lora", "by validation"
    assert task["ties"] == ["bert full"]
    assert sentence(task) == (
        "reviews: bert lora is the best on validation; on test there is no evidence that it differs from bert full; "
        "it beats lstm full."
    )
    assert sentence({**task, "chosen": None}) == ("reviews: not every run has a validation score, so none is chosen.")
    assert (task["metric"], task["rows"], task["units"]) == ("f1_macro", 200, 200)
    said = {(pair["first"], pair["second"]): pair for pair in task["pairs"]}
    assert found["pairs"] == len(said) == 3
    clear = said["bert full", "lstm full"]
    assert clear["evidence"]
    assert clear["interval"][0] > 0.1
    assert clear["mcnemar"]["p_holm"] < 0.001
    assert clear["mcnemar"]["only_first"] > clear["mcnemar"]["only_second"]
    assert not said["bert full", "bert lora"]["evidence"]
    assert holm([pair["p"] for pair in task["pairs"]]) == [pair["p_holm"] for pair in task["pairs"]]
    assert json.dumps(found, allow_nan=False)


def test_mcnemar_decides_accuracy(made):
    found = evidence(made("a", 0.9), made("b", 0.8, strategy="lora"), metric="accuracy")
    (pair,) = found["tasks"][0]["pairs"]
    assert pair["test"].startswith("McNemar, ")
    assert pair["p"] == pair["mcnemar"]["p"]


def test_holm_counts_the_pairs_of_all_tasks(made):
    runs = [
        made(f"{task}{strategy}", right, task=task, strategy=strategy)
        for task in ("reviews", "tweets")
        for strategy, right in (("full", 0.8), ("lora", 0.75))
    ]
    found = evidence(*runs)
    assert [task["task"] for task in found["tasks"]] == ["reviews", "tweets"]
    smallest = min((pair for task in found["tasks"] for pair in task["pairs"]), key=lambda pair: pair["p"])
    assert smallest["p_holm"] == pytest.approx(min(1.0, 2 * smallest["p"]))


def test_runs_that_differ_in_their_seed_are_one_way_of_training(made):
    runs = [
        made(f"{strategy}{seed}", right, strategy=strategy, seed=seed)
        for strategy, right in (("full", 0.9), ("lora", 0.6))
        for seed in (0, 1, 2)
    ]
    (task,) = evidence(*runs)["tasks"]
    assert {each["name"]: each["seeds"] for each in task["contenders"]} == {
        "bert full": [0, 1, 2],
        "bert lora": [0, 1, 2],
    }
    (pair,) = task["pairs"]
    assert pair["evidence"]
    assert "mcnemar" not in pair


def test_seeds_of_a_run_come_with_it(made):
    main = made("main", 0.9, extra={"repeats": {"seeds": [0, 1]}})
    made("main/seeds/1", 0.9, seed=1)
    (task,) = evidence(main, made("other", 0.6, strategy="lora"))["tasks"]
    assert [each["repeats"] for each in task["contenders"]] == [2, 1]


def test_tasks_that_share_an_encoder_are_compared_one_by_one(made):
    made("shared/tasks/reviews", 0.9, strategy="multitask")
    made("shared/tasks/tweets", 0.9, strategy="multitask", task="tweets")
    tasks = {name: {"run": f"tasks/{name}"} for name in ("reviews", "tweets")}
    shared = made("shared", 0.9, strategy="multitask", task="reviews + tweets", extra={"tasks": tasks})
    found = evidence(shared, made("alone", 0.6))
    assert [task["task"] for task in found["tasks"]] == ["reviews"]
    assert found["notes"] == ["only one way of training was run on tweets"]


def test_rows_in_common_are_compared_and_said(made):
    found = evidence(made("a", 0.9), made("b", 0.9, rows=range(50, 150), strategy="lora"))
    (task,) = found["tasks"]
    assert task["rows"] == 100
    assert task["notes"] == ["runs were scored on different rows: compared on the 100 of 200 that all have"]


def test_splits_carved_by_the_seed_are_paired_seed_by_seed(made):
    def runs(strategy, right, seeds):
        return [
            made(f"{strategy}{seed}", right, strategy=strategy, seed=seed, rows=range(100 * seed, 100 * seed + 120))
            for seed in seeds
        ]

    (task,) = evidence(*runs("full", 0.9, (0, 1, 2)), *runs("lora", 0.6, (1, 2)))["tasks"]
    assert [each["seeds"] for each in task["contenders"]] == [[1, 2], [1, 2]]
    assert "left out, since not every way of training has it: seed 0" in task["notes"]
    assert task["rows"] == 120


def test_groups_are_drawn_whole_by_both(made):
    alone = evidence(made("a", 0.75), made("b", 0.65, strategy="lora"))["tasks"][0]
    grouped = evidence(made("c", 0.75, groups=25), made("d", 0.65, groups=25, strategy="lora"))["tasks"][0]
    assert (alone["units"], grouped["units"]) == (200, 8)
    assert grouped["by"] == "the same speaker"
    assert grouped["pairs"][0]["mcnemar"]["test"] == "exact by groups"


def test_over_too_few_groups_nothing_is_evidence(made):
    runs = [made(str(size), right, groups=size, strategy=f"s{size}") for size, right in ((25, 0.95), (26, 0.5))]
    (task,) = evidence(*runs)["tasks"]
    assert task["units"] == 8
    assert task["pairs"][0]["interval"][1] < 0 or task["pairs"][0]["interval"][0] > 0
    assert not task["pairs"][0]["evidence"]
    assert len(task["ties"]) == 1


def test_names_say_what_tells_runs_apart(made):
    runs = [made(f"r{rank}", 0.8, strategy="lora", settings={"strategy.rank": rank}) for rank in (4, 8)]
    (task,) = evidence(*runs)["tasks"]
    assert [each["name"] for each in task["contenders"]] == [
        "bert lora (strategy.rank 4)",
        "bert lora (strategy.rank 8)",
    ]


def test_what_cannot_be_compared_is_refused(made, tmp_path):
    a = made("a", 0.9)
    with pytest.raises(DataError, match=r"no task has two runs to compare.*reviews"):
        evidence(a, made("t", 0.9, task="tweets"))
    with pytest.raises(ConfigError, match="named twice"):
        evidence(a, tmp_path / "." / "a")
    with pytest.raises(DataError, match="the same way of training with the same seed"):
        evidence(a, made("again", 0.9), made("b", 0.9, strategy="lora"))
    with pytest.raises(DataError, match=r"differ in their classes"):
        evidence(a, made("c", 0.9, strategy="lora", data={"classes": ["good", "bad"]}))
    with pytest.raises(DataError, match="200 rows of reviews have another answer"):
        evidence(a, made("d", 0.9, strategy="lora", flipped=True))
    with pytest.raises(DataError, match="no test row in common"):
        evidence(a, made("e", 0.9, strategy="lora", rows=range(300, 350)))
    with pytest.raises(DataError, match="the run failed, so it has no scores to compare"):
        evidence(a, made("f", 0.9, strategy="lora", status="failed"))
    with pytest.raises(ConfigError, match="decided by different metrics"):
        evidence(a, made("g", 0.9, strategy="lora", primary="accuracy"))
    with pytest.raises(DataError, match="there is no such folder"):
        evidence(a, tmp_path / "nowhere")


def cells(folder, *places):
    """Return cells of a grid in `folder`: encoder, strategy, and the run's folder."""
    return [
        CellRecord(
            encoder=encoder,
            strategy=strategy,
            task="reviews",
            seed=0,
            status="completed",
            run=run.relative_to(folder).as_posix(),
        )
        for encoder, strategy, run in places
    ]


def test_cells_of_a_grid_are_weighed_and_their_folders_named_from_it(made, tmp_path):
    runs = [("bert", "full", made("cells/x", 0.9)), ("lstm", "full", made("cells/y", 0.6))]
    found = weigh_cells(tmp_path, cells(tmp_path, *runs))
    assert [each["runs"] for each in found["tasks"][0]["contenders"]] == [["cells/x"], ["cells/y"]]
    assert found["tasks"][0]["pairs"][0]["evidence"]
    assert weigh_cells(tmp_path, cells(tmp_path, runs[0])) is None
    write_cells(tmp_path, cells(tmp_path, *runs), found)
    assert read_evidence(tmp_path) == found
    assert len(entries_of_runs([tmp_path])) == 2, "a comparison's folder stands for its cells"


def test_cells_that_cannot_be_compared_are_a_note(made, tmp_path):
    runs = [("bert", "full", made("x", 0.9)), ("lstm", "full", made("y", 0.6, rows=range(300, 350)))]
    other = [("bert", "full", made("z", 0.9, task="tweets")), ("lstm", "full", made("w", 0.6, task="tweets"))]
    tweets = [dataclasses.replace(cell, task="tweets") for cell in cells(tmp_path, *other)]
    found = weigh_cells(tmp_path, cells(tmp_path, *runs) + tweets)
    assert [task["task"] for task in found["tasks"]] == ["tweets"]
    assert found["notes"][0].startswith("no evidence on reviews: runs of one task have no test row in common")


def test_over_five_tasks_and_more_ways_of_training_are_ranked(made, tmp_path):
    runs = [
        made(f"{task}-{strategy}", right, task=f"task{task}", strategy=strategy, rows=range(60))
        for task in range(6)
        for strategy, right in (("full", 0.95), ("lora", 0.75), ("frozen", 0.55))
    ]
    runs.append(made("more", 0.9, task="task0", encoder="lstm", rows=range(60)))
    found = modaxfer.compare_runs(runs, output=tmp_path / "out")
    ranks = found.found["ranks"]
    assert ranks["names"] == ["bert full", "bert lora", "bert frozen"]
    assert ranks["left_out"] == ["lstm full"]
    assert sum(ranks["average"]) == pytest.approx(6)
    assert ranks["average"][0] < ranks["average"][2]
    assert ranks["pairs"][1]["p_holm"] == pytest.approx(3 / 32), "two of 64 signs, three pairs"
    assert ranks["cliques"] == [["bert full", "bert lora", "bert frozen"]]
    page = (tmp_path / "out" / "compare.html").read_text()
    assert "<h1>6 tasks: the best on validation is bert full on 6; " in page
    assert page.count('src="data:image/png;base64,') == 2
    assert "6 tasks cannot tell any two of them apart, however clear: it takes 7." in page
    assert "Not on every task, so not ranked: lstm full." in page
    (figure,) = found.plot(tmp_path)
    assert figure.read_bytes() == (tmp_path / "out" / "figures" / "ranks.png").read_bytes()
    with Image.open(figure) as picture:
        assert picture.width > 800
    assert json.loads(figure.with_suffix(".json").read_text()) == ranks
    assert modaxfer.compare_runs(runs[:8]).found["ranks"] is None


def test_python_reads_the_evidence_and_writes_a_page(made, tmp_path):
    runs = [made("a", 0.9), made("b", 0.6, strategy="lora")]
    found = modaxfer.compare_runs(runs, output=tmp_path / "out")
    assert found.tasks["reviews"]["chosen"] == "bert full"
    assert found.to_frame()["evidence"].tolist() == [True]
    assert repr(found) == "Evidence(best by validation: {'reviews': 'bert full'})"
    assert "bert full is the best on validation. It beats bert lora." in found._repr_html_()
    stored = json.loads((tmp_path / "out" / "compare.json").read_text())
    assert stored == {"schema": 1, "cells": [], "evidence": dict(found.found)}
    page = (tmp_path / "out" / "compare.html").read_text()
    assert "200 test rows" in page
    with pytest.raises(OutputExistsError, match="not empty"):
        modaxfer.compare_runs(runs, output=tmp_path / "out")


def test_a_run_without_a_validation_score_leaves_the_choice_open(made):
    folder = made("a", 0.9)
    result = Result.load(folder)
    dataclasses.replace(result, metrics={**result.metrics, "validation": {}}).save(folder)
    (task,) = evidence(folder, made("b", 0.6, strategy="lora"))["tasks"]
    assert task["chosen"] is None
    assert task["ties"] == []
