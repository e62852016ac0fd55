"""The rule that chooses, rungs of short runs and the hybrid, on made-up predictions, runs and ranks."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from modaxfer.runner.model.decision import Decision
from modaxfer.runner.recommend.affordable import affordable
from modaxfer.runner.recommend.decide import SIMPLE, Option, Shown, best_first, compare_options
from modaxfer.runner.recommend.frozen import Said
from modaxfer.runner.recommend.halving import halve
from modaxfer.runner.recommend.judged import Ranked, mean_ranks, picks, ranked
from modaxfer.runner.recommend.prior import Prior, recorded, recorded_places
from modaxfer.runner.recommend.recommend import _Recommendation
from modaxfer.runner.recommend.tries import Tried
from modaxfer.runner.session import Predictions


def shown(rows=400, validation=100, tested=100):
    rng = np.random.default_rng(0)
    train, held = rng.integers(0, 2, rows), rng.integers(0, 2, validation)
    return Shown(problem="binary", metric="accuracy", train=train, validation=held, tested=tested)


def said(what, right, seed, *, folds=True):
    """Predictions of which the share `right` is right, of train (fold by fold) and validation."""
    rng = np.random.default_rng(seed)

    def made(targets):
        wrong = np.zeros(len(targets), bool)
        wrong[rng.permutation(len(targets))[: round((1 - right) * len(targets))]] = True
        return Predictions(predictions=np.where(wrong, 1 - targets, targets), scores=None)

    return Said(train=made(what.train) if folds else None, validation=made(what.validation))


def option(what, encoder, strategy, right, seconds, *, seed=1, folds=True):
    return Option(encoder=encoder, strategy=strategy, said=said(what, right, seed, folds=folds), seconds=seconds)


def test_a_clearly_better_option_is_chosen_though_it_is_dearer():
    what = shown()
    options = [option(what, "a", "frozen", 0.7, 10), option(what, "a", "full", 0.95, 600, seed=2, folds=False)]
    made = compare_options(options, what)
    assert (made.chosen.option.strategy, made.surest.option.strategy) == ("full", "frozen")
    assert made.chosen.evidence
    # Shrunk: what is expected lies between what was measured of it and the surest.
    assert 0.7 < made.chosen.expected < 0.95


def test_options_stand_by_their_own_score_whichever_direction_the_metric_has():
    what = shown()
    options = [option(what, "poor", "frozen", 0.6, 10), option(what, "good", "frozen", 0.9, 10, seed=2)]
    assert [each.encoder for each in best_first(options, what)] == ["good", "poor"]
    cost = replace(what, metric="expected_cost", cost=((0.0, 1.0), (1.0, 0.0)))
    assert [each.encoder for each in best_first(options, cost)] == ["good", "poor"]


def test_what_is_better_by_less_than_a_hundredth_is_not_worth_its_time():
    what = shown(rows=2000, validation=1000)
    options = [option(what, "a", "frozen", 0.8, 10), option(what, "b", "frozen", 0.805, 900, seed=2)]
    made = compare_options(options, what)
    assert made.compared[0].option.encoder == "b"
    assert made.chosen.option.encoder == "a"
    assert not made.compared[-1].evidence or made.compared[-1].option.encoder == "b"


def test_by_costs_the_cheaper_option_is_expected_at_less_and_what_is_said_is_decided_by_them():
    what, cost = shown(), ((0.0, 5.0), (1.0, 0.0))
    what = replace(what, metric="expected_cost", cost=cost, decision=Decision(cost=cost))

    def sure(targets, strength):
        high = 0.5 + strength / 2
        shares = np.where(targets == 1, high, 1 - high)
        return Predictions(predictions=targets, scores=np.stack([1 - shares, shares], axis=1))

    sides = {name: sure(what.train, s) for name, s in (("good", 0.9), ("poor", 0.2))}
    held = {name: sure(what.validation, s) for name, s in (("good", 0.9), ("poor", 0.2))}
    options = [
        Option(encoder=name, strategy="frozen", said=Said(train=sides[name], validation=held[name]), seconds=10)
        for name in sides
    ]
    made = compare_options(options, what)
    assert [each.option.encoder for each in made.compared] == ["good", "poor"]
    # All are right by the likeliest class; a share of .6 is not enough to say what costs five times as much.
    assert made.compared[0].expected == 0
    assert made.compared[1].difference == pytest.approx(-np.concatenate([what.train, what.validation]).mean())


def test_a_difference_on_few_rows_counts_for_less():
    few, many = shown(validation=20), shown(validation=2000)
    gains = []
    for what in (few, many):
        options = [option(what, "a", "frozen", 0.7, 10), option(what, "a", "lora", 0.8, 60, seed=2, folds=False)]
        made = compare_options(options, what)
        (lora,) = [each for each in made.compared if each.option.strategy == "lora"]
        gains.append((lora.expected - made.surest.expected) / lora.difference)
    assert 0 < gains[0] < 0.5 < gains[1] < 1


def test_when_the_simple_bar_is_best_it_is_said_and_a_trained_one_is_named():
    what = shown()
    options = [option(what, "", SIMPLE, 0.9, 1), option(what, "a", "frozen", 0.6, 10, seed=2)]
    made = compare_options(options, what)
    assert made.chosen.option.strategy == SIMPLE
    assert made.trained is not None
    assert made.trained.option.encoder == "a"


def test_the_interval_is_that_of_a_test_split_of_its_size():
    widths = []
    for tested in (10_000_000, 500, 50):
        what = shown(tested=tested)
        chosen = compare_options([option(what, "a", "frozen", 0.8, 10)], what).chosen
        widths.append((chosen.high - chosen.low) / 2)
    # Of 500 known rows: the binomial's 1.96 sqrt(p q / n), with as many new rows times the root of two.
    assert widths[0] == pytest.approx(1.96 * np.sqrt(0.8 * 0.2 / 500), rel=0.15)
    assert widths[1] == pytest.approx(widths[0] * np.sqrt(2), rel=0.01)
    assert widths[2] > widths[1]


def test_errors_are_better_when_they_are_smaller():
    rng = np.random.default_rng(0)
    train, held = rng.normal(size=300), rng.normal(size=100)
    what = Shown(problem="regression", metric="rmse", train=train, validation=held, tested=100)

    def off(by):
        made = [
            Predictions(predictions=each + rng.normal(scale=by, size=len(each)), scores=None) for each in (train, held)
        ]
        return Said(train=made[0], validation=made[1])

    options = [
        Option(encoder="good", strategy="frozen", said=off(0.2), seconds=100),
        Option(encoder="bad", strategy="frozen", said=off(0.6), seconds=1),
    ]
    made = compare_options(options, what)
    assert [each.option.encoder for each in made.compared] == ["good", "bad"]
    assert made.chosen.option.encoder == "good"
    assert made.compared[1].difference < 0


@pytest.mark.parametrize(
    ("metric", "least", "greatest"), [("rmse", 0.0, np.inf), ("r2", -np.inf, 1.0), ("spearman", -1.0, 1.0)]
)
def test_what_is_expected_stays_within_what_the_metric_can_be_and_no_closer(metric, least, greatest):
    rng = np.random.default_rng(0)
    held = rng.normal(size=12)
    what = Shown(problem="regression", metric=metric, train=held, validation=held, tested=2)
    noise = {"rmse": 0.8, "r2": 1.5, "spearman": 0.01}[metric]
    made = Predictions(predictions=held + rng.normal(scale=noise, size=12), scores=None)
    chosen = compare_options(
        [Option(encoder="a", strategy="frozen", said=Said(train=None, validation=made), seconds=1)], what
    ).chosen
    assert least <= chosen.low < chosen.high <= greatest
    # A small error may grow beyond 1, and a share of variance fall below 0.
    assert {"rmse": chosen.high > 1.0, "r2": chosen.low < 0.0, "spearman": chosen.high == 1.0}[metric]


def test_only_short_runs_are_compared_where_nothing_was_held_out_by_folds():
    what = shown()
    options = [option(what, "a", name, right, 9, folds=False) for name, right in (("lora", 0.6), ("full", 0.9))]
    made = compare_options(options, what)
    assert made.surest.option.strategy == "full"
    assert {each.rows for each in made.compared} == {len(what.validation)}


class Runs:
    """Short runs that take what they are given, up to what the whole cell takes."""

    def __init__(self, scores, whole=20.0):
        self.scores, self.whole, self.made = scores, whole, []

    def __call__(self, cell, rung, seconds):
        self.made.append((cell, rung, seconds))
        spent = min(seconds, self.whole)
        said = None if spent < 1 else Predictions(predictions=np.zeros(1), scores=None)
        score = None if said is None else self.scores[cell]
        return Tried(validation=said, score=score, share=spent / self.whole, seconds=spent, seconds_per_step=0.1)


def test_the_better_half_runs_again_for_longer_within_the_box():
    runs = Runs({"a": 0.5, "b": 0.9, "c": 0.7, "d": 0.6})
    found = halve(list("abcd"), 32.0, runs)
    assert [cell for cell, rung, _ in runs.made if rung == 1] == ["b", "c"]
    assert found["b"].share > found["a"].share
    assert sum(min(seconds, runs.whole) for _, _, seconds in runs.made) <= 32.0 + 1e-9


def test_cells_that_were_run_whole_are_not_run_again():
    runs = Runs({"a": 0.5, "b": 0.9}, whole=2.0)
    assert {each.share for each in halve(list("ab"), 60.0, runs).values()} == {1.0}
    assert len(runs.made) == 2


def test_a_box_that_is_too_short_says_nothing_of_any_cell():
    found = halve(list("abc"), 1.0, Runs(dict.fromkeys("abc", 0.5)))
    assert {each.score for each in found.values()} == {None}


def test_no_cell_needs_no_run():
    assert halve([], 10.0, Runs({})) == {}


def test_the_first_short_run_may_take_what_is_left_of_the_promise_and_others_are_left_out():
    least = {("a", "lora"): 90.0, ("a", "full"): 90.0, ("b", "lora"): 10.0}
    assert affordable(least, 60.0, 120.0) == ([("a", "lora")], 90.0)
    assert affordable(least, 60.0, 80.0) == ([], 60.0)
    # Two cells share one rung, three have two rungs: 2 x 90 and 6 x 90 seconds.
    assert affordable(least, 180.0, 0.0) == ([("a", "lora"), ("a", "full")], 180.0)
    assert affordable(least, 540.0, 0.0) == (list(least), 540.0)


def test_cells_of_unknown_length_stay_and_take_their_share():
    least = {("a", "lora"): 50.0, ("fresh", "full"): None}
    assert affordable(least, 60.0, 0.0) == ([("fresh", "full")], 60.0)
    assert affordable(least, 60.0, 100.0) == (list(least), 100.0)


def prior(rank):
    return Prior(rank=rank, native=True, log_parameters=7.0, recorded=None)


def test_the_hybrid_is_the_best_by_scores_and_the_best_by_the_prior():
    priors = {"small": prior(0.8), "large": prior(0.1), "unscored": prior(0.5)}
    values = {"small": {"k-nn": 0.9, "h-score": 2.0}, "large": {"k-nn": 0.8, "h-score": 1.0}}
    order = ranked(priors, values)
    assert [each.name for each in order] == ["small", "large", "unscored"]
    assert order[-1].scores == float("inf")
    assert picks(order) == ["small", "large"]


def test_one_pick_where_both_agree_and_the_prior_where_nothing_is_scored():
    assert picks([Ranked(name="a", prior=1.0, scores=1.0), Ranked(name="b", prior=2.0, scores=2.0)]) == ["a"]
    assert picks(ranked({"a": prior(0.6), "b": prior(0.2)}, {})) == ["b"]


def test_equal_values_share_their_rank():
    assert mean_ranks([[3.0, 1.0, 3.0], [5.0, 6.0, 4.0]]) == [1.75, 2.0, 2.25]


def test_what_was_recorded_of_the_task_itself_is_left_out():
    table = [
        {"task": "one", "signals": ["text"], "scores": {"a": 0.9, "b": 0.5}},
        {"task": "two", "signals": ["text"], "scores": {"a": 0.4, "b": 0.8}},
        {"task": "three", "signals": ["image"], "scores": {"a": 0.1, "b": 0.8}},
    ]
    assert recorded_places("three", ["text"], table) == {"a": 0.5, "b": 0.5}
    assert recorded_places("modaxfer/one", ["text"], table) == {"a": 1.0, "b": 0.0}


def test_the_table_that_is_shipped_names_several_checkpoints_per_row():
    assert recorded()
    assert all(len(row["scores"]) > 1 and row["signals"] for row in recorded())


def test_the_surest_encoder_is_tried_first_and_moved_as_a_whole():
    question = SimpleNamespace(choices=SimpleNamespace(strategy=("frozen", "lora", "mine", "full")))
    candidates = {name: SimpleNamespace(cells=dict.fromkeys(("frozen", "lora", "mine", "full"))) for name in "ab"}
    asked = SimpleNamespace(question=question, candidates=candidates, found=SimpleNamespace(candidates=[]))
    cells = _Recommendation._cells(asked, ["b", "a"], {"a", "b"}, {})
    assert cells == [(name, strategy) for name in "ba" for strategy in ("full", "lora", "mine")]
