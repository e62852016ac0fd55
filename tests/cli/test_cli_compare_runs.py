"""compare RUN RUN, as a user types it."""

from __future__ import annotations

import json
import re
from functools import partial

import pytest

from compared_runs import finished_run


@pytest.fixture
def made(tmp_path):
    return partial(finished_run, tmp_path)


def test_finished_runs_become_a_table_with_a_verdict(made, shell, tmp_path):
    runs = [made("a", 0.9, groups=10), made("d", 0.9, groups=10, strategy="lora", validation=0.95)]
    status, out, err = shell("compare", *runs, made("c", 0.6, groups=10, encoder="lstm"))
    assert (status, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert "reviews: f1_macro on 200 test rows, in 20 groups with the same speaker" in out
    assert ["bert", "lora", "0", "0.950"] in [words[:4] for words in lines]
    assert "bert lora is the best on validation. On test there is no evidence that it differs from bert full." in out
    assert "It beats lstm full." in out
    assert "note: each was trained once" in out
    assert not (tmp_path / "runs").exists()


def test_few_groups_are_said_to_be_few(made, shell):
    _, out, _ = shell("compare", made("a", 0.9, groups=50), made("b", 0.5, groups=50, strategy="lora"))
    assert "note: only 4 groups of test rows: intervals and p-values are not reliable, so nothing is evidence" in out


def test_ranks_over_tasks_are_printed(made, shell):
    runs = [
        made(f"{task}{strategy}", right, task=f"task{task}", strategy=strategy, rows=range(40))
        for task in range(5)
        for strategy, right in (("full", 0.95), ("lora", 0.6))
    ]
    _, out, _ = shell("compare", *runs)
    assert re.search(r"average rank\nbert full +1\.\d\d\nbert lora +", out)
    assert "5 tasks cannot tell any two of them apart, however clear: it takes 6." in out


def test_json_is_what_the_file_holds(made, shell, tmp_path):
    runs = [made("a", 0.9), made("b", 0.6, strategy="lora")]
    status, out, _ = shell("compare", *runs, "--json", "--metric", "accuracy", "--output", tmp_path / "out")
    assert status == 0
    assert json.loads(out) == json.loads((tmp_path / "out" / "compare.json").read_text())["evidence"]
    assert json.loads(out)["tasks"][0]["metric"] == "accuracy"


MISTAKES = {
    "with a grid": (["--encoder", "vit"], r"finished runs are compared as they are.*--encoder"),
    "resumed": (["--resume"], r"not both.*--resume"),
    "unknown metric": (["--metric", "acuracy"], r"unknown metric.*accuracy"),
    "metric of another problem": (["--metric", "rmse"], r"metric rmse does not apply to a binary problem"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_paragraph_and_status_2(mistake, made, shell):
    arguments, message = MISTAKES[mistake]
    status, out, err = shell("compare", made("a", 0.9), made("b", 0.6, strategy="lora"), *arguments)
    assert (status, out) == (2, "")
    assert re.search(message, err), err


def test_one_metric_decides_between_finished_runs(shell, made):
    several = ("--metric", "accuracy", "--metric", "f1_macro")
    status, _, err = shell("compare", made("a", 0.9), made("b", 0.6, strategy="lora"), *several)
    assert status == 2
    assert "one metric decides between finished runs" in err
