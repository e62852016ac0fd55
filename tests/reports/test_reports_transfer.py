"""The transfer gain and the spread over seeds, in words and in every report."""

from __future__ import annotations

import pytest

from modaxfer.reports import card, html, terminal
from modaxfer.reports.claims import Outcome
from modaxfer.reports.facts import chosen_rate, training_facts
from modaxfer.reports.limits import limits
from modaxfer.reports.transfer import gains, spreads

GAIN = {
    "gain": 0.12,
    "interval": [0.08, 0.16],
    "with": 0.72,
    "without": 0.6,
    "seeds": 3,
    "by_seed": [0.1, 0.12, 0.14],
}
REPEATS = {
    "seeds": [0, 1, 2],
    "test": {"accuracy": [0.7, 0.8, None], "f1_macro": [0.71, 0.72, 0.73]},
    "mean": {"f1_macro": 0.72},
    "std": {"f1_macro": 0.01},
}


def gained(**changes):
    return {"pretraining": {"f1_macro": GAIN | changes}}


@pytest.mark.parametrize(
    ("changes", "outcome", "sentence"),
    [
        (
            {},
            Outcome.BEATS,
            "pretraining gained 0.120 f1_macro [0.080, 0.160] over the same architecture from scratch (3 seeds)",
        ),
        (
            {"gain": 0.01, "interval": [-0.04, 0.06], "seeds": 1},
            Outcome.NO_EVIDENCE,
            "no evidence that pretraining helped: f1_macro +0.010 [-0.040, 0.060] against the same architecture from "
            "scratch",
        ),
        (
            {"gain": -0.1, "interval": [-0.15, -0.05], "seeds": 1},
            Outcome.FALLS_SHORT,
            "pretraining harmed: f1_macro -0.100 [-0.150, -0.050] against the same architecture from scratch",
        ),
        (
            {"interval": None, "seeds": 1},
            Outcome.NO_INTERVAL,
            "whether pretraining helped is not known, for want of an interval: f1_macro +0.120 against the same "
            "architecture from scratch",
        ),
    ],
)
def test_the_gain_in_words(changes, outcome, sentence, run):
    (found,) = gains(run.classes(transfer_gain=gained(**changes)))
    assert (found.outcome, found.sentence) == (outcome, sentence)


def test_a_gain_in_an_error_is_positive_too(run):
    stored = {"pretraining": {"rmse": {"gain": 2.0, "interval": [1.0, 3.0]}}}
    assert gains(run.regression(transfer_gain=stored))[0].outcome is Outcome.BEATS


def test_spreads_put_the_primary_metric_first(run):
    first, second = spreads(run.classes(repeats=REPEATS))
    assert (first.metric, first.values, first.mean, first.deviation) == ("f1_macro", (0.71, 0.72, 0.73), 0.72, 0.01)
    assert (second.metric, second.values, second.mean) == ("accuracy", (0.7, 0.8, None), None)
    assert spreads(run.classes()) == ()


def test_the_page_has_a_part_on_it(run):
    page = html.render(run.classes(transfer_gain=gained(), repeats=REPEATS), run.root)
    assert '<h2 id="gain">Transfer gain</h2>' in page
    assert "Pretraining gained 0.120 f1_macro [0.080, 0.160]" in page
    assert "bootstrap over test rows and seeds" in page
    for cells in ('0.720</td><td class="number">0.600</td>', "seed 2</th>", '0.100</td><td class="number">0.120</td>'):
        assert cells in page
    assert "Transfer gain</h2>" not in html.render(run.classes(), run.root)


def test_the_card_has_a_part_on_it(run):
    text = card.render(run.classes(transfer_gain=gained(), repeats=REPEATS), run.root)
    assert "## Transfer gain\n\nPretraining gained 0.120 f1\\_macro" in text
    assert "| mean over seeds | 0.720 | 0.600 | +0.120 | 0.080 to 0.160 | 3 |" in text
    assert "| test metric | seed 0 | seed 1 | seed 2 | mean | standard deviation |" in text
    assert "| accuracy | 0.700 | 0.800 | - | - | - |" in text
    assert "## Transfer gain" not in card.render(run.classes(), run.root)
    alone = card.render(run.classes(transfer_gain=gained(seeds=1)), run.root)
    assert "| one seed | 0.720" in alone


def test_the_terminal_tells_both_scores_and_all_seeds(run):
    text = terminal.summary(run.classes(transfer_gain=gained(), repeats=REPEATS))
    assert "transfer: pretrained 0.720, from scratch 0.600, means over 3 seeds" in text
    assert "seeds 0, 1, 2: test f1_macro 0.710, 0.720, 0.730; mean 0.720, standard deviation 0.010" in text
    plain = terminal.summary(run.classes())
    assert "transfer:" not in plain
    assert "seeds" not in plain


@pytest.mark.parametrize(("interval", "said"), [([0.08, 0.16], False), ([-0.1, 0.1], True)])
def test_a_gain_that_is_not_shown_is_a_limit(interval, said, run):
    found = limits(run.classes(transfer_gain=gained(interval=interval)), None)
    assert any("Not shown to gain anything from pretraining" in line for line in found) is said


def test_the_search_over_rates_is_told(run):
    tried = [{"factor": 1.0, "validation": 0.5}, {"factor": 3.0, "diverged": True}, {"factor": 9.0, "validation": None}]
    result = run.classes(training={"epochs": 5.0, "rates": {"chosen": 1.0, "tried": tried}})
    facts = dict(training_facts(result))
    assert facts["learning rates, factor"] == "1"
    assert facts["validation score by factor"] == "x 1: 0.5, x 3: diverged, x 9: -"
    assert chosen_rate(result) == 1.0
    assert chosen_rate(run.classes()) is None
