"""Folds and episodes in every report: runs, means, intervals, and what all rows say together."""

from __future__ import annotations

import pytest

from modaxfer.reports import card, html, terminal
from modaxfer.reports.repeated import repeated

FOLDS = {
    "count": 3,
    "folds": [0, 1, 2],
    "rows": 1500,
    "test": {"accuracy": [0.7, 0.8, None], "f1_macro": [0.6, 0.62, 0.64]},
    "mean": {"f1_macro": 0.62},
    "std": {"f1_macro": 0.02},
    "intervals": {"f1_macro": [0.54, 0.7]},
    "pooled": {"f1_macro": 0.621, "accuracy": 0.75},
    "pooled_intervals": {"f1_macro": [0.6, 0.64], "accuracy": None},
    "baselines": {"chance": {"f1_macro": 0.33}, "simple": {"f1_macro": 0.5, "accuracy": 0.6}},
    "predictions": "out_of_fold.parquet",
}
EPISODES = {
    "shots": 8,
    "episodes": list(range(10)),
    "test": {"f1_macro": [0.5 + number / 100 for number in range(10)]},
    "mean": {"f1_macro": 0.545},
    "std": {"f1_macro": 0.03},
    "intervals": {"f1_macro": [0.523, 0.567]},
}


def test_the_terminal_tells_folds_and_all_rows(run):
    text = terminal.summary(run.classes(folds=FOLDS))
    first = (
        "3 folds, 1,500 rows: test f1_macro 0.600, 0.620, 0.640; mean 0.620 [0.540, 0.700], standard deviation 0.020"
    )
    assert first in text
    assert "all folds together: f1_macro 0.621 [0.600, 0.640], chance 0.330, simple 0.500" in text


def test_many_episodes_are_told_by_their_ends(run):
    text = terminal.summary(run.classes(episodes=EPISODES))
    told = "8 rows per class, 10 episodes: test f1_macro 0.500 to 0.590; mean 0.545 [0.523, 0.567], standard deviation"
    assert told in text
    assert "together" not in text
    (found,) = repeated(run.classes(episodes=EPISODES))
    assert found.is_wide
    assert not found.is_pooled


def test_folds_that_failed_are_counted(run):
    (found,) = repeated(run.classes(folds={**FOLDS, "folds": [0, 2]}))
    assert found.what == "2 of 3 folds, 1,500 rows"


def test_the_page_has_a_part_on_each(run):
    page = html.render(run.classes(folds=FOLDS, episodes=EPISODES), run.root)
    assert '<h2 id="folds">Cross-validation</h2>' in page
    assert '<h2 id="episodes">Few-shot episodes</h2>' in page
    for cells in (
        "fold 2</th>",
        "lowest</th>",
        '0.621</td><td class="number">[0.600, 0.640]</td>',
        "simple, mean</th>",
    ):
        assert cells in page
    assert "<code>out_of_fold.parquet</code>" in page
    assert "Cross-validation" not in html.render(run.classes(), run.root)


def test_the_card_has_a_part_on_each(run):
    text = card.render(run.classes(folds=FOLDS, episodes=EPISODES), run.root)
    assert "## Cross-validation\n\n3 folds, 1,500 rows. Every row is predicted once" in text
    row = "| f1\\_macro | 0.620 | 0.540 to 0.700 | 0.020 | 0.621 | 0.600 to 0.640 | 0.330 | 0.500 |"
    assert row in text
    assert "| accuracy | - | - | - | 0.750 | - | - | 0.600 |" in text
    assert "## Few-shot episodes\n\n8 rows per class, 10 episodes." in text
    assert "## Few-shot" not in card.render(run.classes(), run.root)


@pytest.mark.parametrize("values", [[None, None], []])
def test_undefined_scores_have_no_ends(values, run):
    (found,) = repeated(run.classes(episodes={"shots": 1, "episodes": [0, 1], "test": {"f1_macro": values}}))
    assert found.rows[0].ends == (None, None)
    assert "mean -, standard deviation -" in terminal.summary(
        run.classes(episodes={"shots": 1, "test": {"f1_macro": []}})
    )
