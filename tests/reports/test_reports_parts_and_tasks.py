"""What a fused model's parts are worth, and what sharing did to each task: claims, wherever they are written."""

from __future__ import annotations

import pytest
import yaml

from modaxfer.reports import card, figures
from modaxfer.reports.ablation import parts_alone
from modaxfer.reports.claims import Outcome
from modaxfer.reports.headline import headline, notebook, title, verdict
from modaxfer.reports.limits import limits
from modaxfer.reports.shared import shared_tasks, short_names


def written(result, run):
    (path,) = card.write(result, run.root)
    return path.read_text(encoding="utf-8")


def front(text):
    return yaml.safe_load(text.split("---\n")[1])


@pytest.mark.parametrize(
    ("metric", "difference", "outcome"),
    [
        ("f1_macro", [0.01, 0.05], Outcome.BEATS),
        ("f1_macro", [-0.05, -0.01], Outcome.FALLS_SHORT),
        ("f1_macro", [-0.01, 0.05], Outcome.NO_EVIDENCE),
        ("f1_macro", [0.0, 0.05], Outcome.NO_EVIDENCE),
        ("f1_macro", None, Outcome.NO_INTERVAL),
        ("f1_macro", [None, None], Outcome.NO_INTERVAL),
        ("rmse", [-5.0, -1.0], Outcome.BEATS),
        ("rmse", [1.0, 5.0], Outcome.FALLS_SHORT),
    ],
)
def test_the_interval_of_the_difference_and_the_metrics_direction_decide(run, metric, difference, outcome):
    part = {"metrics": {metric: 1.0}, "intervals": {}, "difference": {metric: difference}}
    fused = run.classes(ablation={"text": part}, metrics={"test": {metric: 1.0}, "primary": metric})
    assert [part.outcome for part in parts_alone(fused)] == [outcome]
    task = {"run": "tasks/t", "primary": metric, "test": 1.0, "alone": 1.0, "difference": difference}
    assert [task.outcome for task in shared_tasks(run.shared(tasks={"a/t": task}))] == [outcome]


def test_a_run_of_one_encoder_and_one_task_says_nothing_of_either(run):
    result = run.classes()
    assert (parts_alone(result), shared_tasks(result)) == ((), ())
    assert "alone" not in written(result, run)


def test_the_headline_of_a_fused_model_claims_no_more_than_its_intervals(run):
    assert headline(run.fused()).endswith(
        "; all parts do better than image alone; no evidence that all parts do better than text alone; "
        "no interval, so no claim about table alone."
    )


def test_the_headline_of_a_shared_model_tells_gain_and_harm(run):
    assert headline(run.shared()) == (
        "bert with multitask on rt-polarity + legal-sentiment + prices + digits reaches a test mean_primary of 0.700 "
        "(the mean of the primary metrics of 4 tasks): sharing gains on rt-polarity; sharing harms prices; "
        "no evidence that sharing changes legal-sentiment; what sharing did to digits is not known, for want of a "
        "training of each by itself."
    )


def test_a_shared_model_without_any_training_alone(run):
    tasks = {f"a/{name}": {"run": name, "primary": "accuracy", "test": 0.5} for name in ("x", "y")}
    assert verdict(run.shared(tasks=tasks)) == (
        "what sharing did to x and y is not known, for want of a training of each by itself"
    )


def test_an_undefined_score_of_a_task_is_a_dash(run):
    task = {"run": "tasks/t", "primary": "roc_auc", "test": None, "interval": [None, None], "alone": None}
    text = written(run.shared(tasks={"a/t": task}), run)
    assert "| t | roc\\_auc | - | - | - | - | not trained alone | tasks/t |" in text
    assert "model-index" not in front(text)


def test_tasks_of_one_name_keep_their_namespace(run):
    assert short_names(["a/x", "b/x", "b/y"]) == ("a/x", "b/x", "y")
    tasks = {name: {"run": name, "primary": "accuracy", "test": 0.5} for name in ("a/x", "b/x")}
    assert title(run.shared(tasks=tasks)) == "bert with multitask on a/x + b/x"


def test_the_card_of_a_fused_model(run):
    text = written(run.fused(), run)
    assert front(text)["tags"][2:5] == ["vit", "bert", "fusion"]
    assert "| all parts | 0.713 | \\[0.673, 0.753\\] | | |" in text
    assert "| text alone | 0.700 | \\[0.660, 0.740\\] | \\[-0.020, 0.050\\] | ≈ no evidence of a difference |" in text
    assert "- Not shown to be better with all parts than with text alone." in text
    assert "than with image alone" not in text


def test_the_card_of_a_shared_model(run):
    text = written(run.shared(), run)
    assert "tasks reviews/rt-polarity, legal/legal-sentiment, own/prices, modaxfer/digits on rows" in text
    assert "modaxfer predict RUN/FOLDER FILE" in text
    assert "| prices | rmse (lower is better) | 120.5 | \\[114.5, 126.5\\] | 101.0 |" in text
    assert "| ✗ harm | tasks/prices |" in text
    assert "pipeline_tag" not in front(text)
    results = front(text)["model-index"][0]["results"]
    assert [found["dataset"]["type"] for found in results] == ["rt-polarity", "legal-sentiment", "prices", "digits"]
    assert results[2]["metrics"] == [{"type": "rmse", "name": "test rmse", "value": 120.5}]


def test_the_limits_of_a_shared_model(run):
    assert limits(run.shared(), None) == (
        "Sharing harms prices: train it by itself.",
        "Scored each task on its own rows from one source only; other sources, times and populations were not tried.",
    )


def test_a_mean_over_tasks_is_not_drawn_and_has_no_predictions(run):
    assert figures.draw(run.shared(), run.root) == ()


def test_a_notebook_shows_a_shared_model(run):
    assert "sharing harms prices" in notebook(run.shared())
