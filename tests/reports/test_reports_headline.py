"""The wording rule: which claim an interval supports."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser

import pytest

from modaxfer.reports.claims import Outcome, compare
from modaxfer.reports.headline import comparisons, headline, is_sample, notebook, title, verdict
from modaxfer.reports.transfer import gains
from modaxfer.result import Result

SIMPLE = {"name": "tf-idf + logistic regression"}


def result(metric="f1_macro", value=0.56, interval=(0.52, 0.60), **changes):
    values = {
        "status": "completed",
        "encoder": {"id": "modaxfer/bert"},
        "bridge": "modaxfer/native-text",
        "strategy": "modaxfer/lora",
        "task": "legal/legal-sentiment",
        "metrics": {"test": {metric: value}, "primary": metric},
        "intervals": {metric: list(interval)} if interval else {},
        "baselines": {"chance": {metric: 0.31}, "majority": {metric: 0.22}, "simple": {**SIMPLE, metric: 0.50}},
    }
    return Result(**values | changes)


@pytest.mark.parametrize(
    ("interval", "baseline", "greater", "expected"),
    [
        ((0.52, 0.60), 0.50, True, Outcome.BEATS),
        ((0.52, 0.60), 0.55, True, Outcome.NO_EVIDENCE),
        ((0.52, 0.60), 0.65, True, Outcome.FALLS_SHORT),
        ((0.52, 0.60), 0.52, True, Outcome.NO_EVIDENCE),
        ((0.52, 0.60), 0.60, True, Outcome.NO_EVIDENCE),
        ((2.0, 3.0), 4.0, False, Outcome.BEATS),
        ((2.0, 3.0), 2.5, False, Outcome.NO_EVIDENCE),
        ((2.0, 3.0), 1.0, False, Outcome.FALLS_SHORT),
        ((-0.3, -0.1), 0.0, True, Outcome.FALLS_SHORT),
        (None, 0.5, True, Outcome.NO_INTERVAL),
    ],
)
def test_the_rule(interval, baseline, greater, expected):
    assert compare(interval, baseline, greater_is_better=greater) is expected


@pytest.mark.parametrize(
    ("simple", "expected"),
    [
        (
            0.50,
            "beats chance (0.310), the majority class (0.220) and the simple bar (tf-idf + logistic regression, 0.500)",
        ),
        (
            0.545,
            "beats chance (0.310) and the majority class (0.220); "
            "no evidence of a difference from the simple bar (tf-idf + logistic regression, 0.545)",
        ),
        (
            0.70,
            "beats chance (0.310) and the majority class (0.220); "
            "falls short of the simple bar (tf-idf + logistic regression, 0.700)",
        ),
    ],
)
def test_the_verdict_names_each_baseline(simple, expected):
    found = result()
    changed = {**found.baselines, "simple": {**SIMPLE, "f1_macro": simple}}
    assert verdict(dataclasses.replace(found, baselines=changed)) == expected


def test_a_stored_paired_difference_decides_over_the_score_interval():
    simple = {**SIMPLE, "f1_macro": 0.50, "difference": {"f1_macro": [-0.01, 0.13]}}
    found = result(baselines={"simple": simple})
    assert [(item.outcome, item.difference) for item in comparisons(found)] == [(Outcome.NO_EVIDENCE, (-0.01, 0.13))]


def test_a_paired_difference_of_an_error_counts_downwards():
    found = result("rmse", 2.5, (2.0, 3.0), baselines={"simple": {"rmse": 2.9, "difference": {"rmse": [-0.6, -0.2]}}})
    assert comparisons(found)[0].outcome is Outcome.BEATS


def test_an_error_is_better_when_it_is_smaller_as_the_registry_says():
    found = result("rmse", 2.5, (2.0, 3.0), baselines={"majority": {"rmse": 4.0}, "simple": {"rmse": 1.0}})
    assert verdict(found) == (
        "beats always guessing the mean (4.000); falls short of the simple bar (1.000); chance was not measured"
    )
    assert "rmse of 2.500 (95 % interval 2.000 to 3.000; lower is better)" in headline(found)


def test_what_the_result_states_of_direction_comes_first():
    metrics = {"test": {"cost_of_errors": 2.5}, "primary": "cost_of_errors", "greater_is_better": False}
    found = result("cost_of_errors", 2.5, (2, 3), metrics=metrics, baselines={"chance": {"cost_of_errors": 4.0}})
    assert comparisons(found)[0].outcome is Outcome.BEATS
    stated = dataclasses.replace(found, metrics={**metrics, "greater_is_better": {"cost_of_errors": True}})
    assert comparisons(stated)[0].outcome is Outcome.FALLS_SHORT


@pytest.mark.parametrize(("metric", "outcome"), [("mape", Outcome.BEATS), ("invented_by_nobody", Outcome.FALLS_SHORT)])
def test_a_metric_of_a_plugin_that_is_gone(metric, outcome):
    found = result(metric, 2.5, (2, 3), baselines={"chance": {metric: 4.0}})
    assert comparisons(found)[0].outcome is outcome


def test_the_headline_is_one_sentence_with_score_interval_and_verdict():
    assert headline(result()) == (
        "bert with lora on legal-sentiment reaches a test f1_macro of 0.560 (95 % interval 0.520 to 0.600): "
        "beats chance (0.310), the majority class (0.220) and the simple bar (tf-idf + logistic regression, 0.500)."
    )


def test_without_an_interval_nothing_is_claimed():
    text = headline(result(interval=None))
    assert "no interval, so no claim about chance (0.310)" in text
    assert "beats" not in text


def test_baselines_that_are_absent_are_named():
    assert verdict(result(baselines={})) == "chance, the majority class and the simple bar were not measured"


def test_a_bare_number_is_a_baseline_of_the_primary_metric():
    assert [item.value for item in comparisons(result(baselines={"chance": 0.31}))] == [0.31]


def test_a_baseline_that_is_not_a_number_is_not_compared():
    assert comparisons(result(baselines={"chance": {"f1_macro": float("nan")}})) == ()


def test_the_gain_of_pretraining_ends_the_verdict():
    stored = {"pretraining": {"f1_macro": {"gain": 0.11, "interval": [0.05, 0.17]}}}
    expected = "; pretraining gained 0.110 f1_macro [0.050, 0.170] over the same architecture from scratch."
    assert headline(result(transfer_gain=stored)).endswith(expected)


def test_the_baseline_from_scratch_is_left_to_the_gain():
    scratch = {"scratch": {"f1_macro": 0.4}}
    assert [item.baseline for item in comparisons(result(baselines=scratch))] == ["scratch"]
    stored = {"pretraining": {"f1_macro": {"gain": 0.11, "interval": [0.05, 0.17]}}}
    assert comparisons(result(baselines=scratch, transfer_gain=stored)) == ()


@pytest.mark.parametrize("stored", [None, {}, {"accuracy": {"gain": 0.1}}, {"f1_macro": 0.1}])
def test_no_gain_is_told_where_none_was_measured_in_the_primary_metric(stored):
    assert gains(result(transfer_gain=None if stored is None else {"pretraining": stored})) == ()
    assert "pretraining" not in headline(result(transfer_gain=stored))


@pytest.mark.parametrize(
    ("source", "expected"),
    [("sample made by legal (seed 0)", True), ("Sample", True), ("folder samples/x", False), ("", False)],
)
def test_a_sample_is_known_by_its_source(source, expected):
    found = result(data={"source": source})
    assert is_sample(found) is expected
    assert ("on a small sample that the project made, not on the real data" in headline(found)) is expected


def test_a_failed_run_claims_nothing():
    failed = result(status="failed", error="loss is not a number.\nmore", metrics={}, baselines={}, intervals={})
    assert headline(failed) == "The run failed, so there is no score: loss is not a number."
    assert headline(dataclasses.replace(failed, error=None)).endswith("no reason was stored.")


def test_a_run_without_a_test_score_claims_nothing():
    assert "nothing can be claimed" in headline(result(metrics={"test": {}, "primary": "f1_macro"}))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "bert with lora on legal-sentiment"),
        ({"bridge": "modaxfer/render"}, "bert with lora on legal-sentiment, through render"),
        ({"source_task": "reviews"}, "bert with lora on legal-sentiment, from reviews"),
        (
            {"encoder": {"id": "modaxfer/auto", "checkpoint": "org/some-model"}},
            "some-model with lora on legal-sentiment",
        ),
        ({"encoder": {}}, "with lora on legal-sentiment"),
        ({"task": "two\nlines"}, "bert with lora on two lines"),
    ],
)
def test_titles(changes, expected):
    assert title(result(**changes)) == expected


class Cells(HTMLParser):
    """Collects the cells of a table and the tags used."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.cells = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.cells.append(data)


def test_the_notebook_shows_a_small_table():
    found = Cells(notebook(result()))
    for text in ("f1_macro (primary)", "0.560", "[0.520, 0.600]", "chance", "0.310", "simple", "0.500"):
        assert text in found.cells


def test_the_notebook_escapes_names():
    found = Cells(notebook(result(task="<script>alert(1)</script>")))
    assert "script" not in found.tags


def test_the_notebook_of_a_failed_run_has_no_table():
    found = Cells(notebook(result(status="failed", error="x", metrics={}, baselines={}, intervals={})))
    assert "table" not in found.tags
    assert found.cells == ["The run failed, so there is no score: x."]
