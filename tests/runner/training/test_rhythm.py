"""Patience, judgements and checkpoints of a phase, by the steps of its epochs."""

from __future__ import annotations

import pytest

from modaxfer.runner.training.rhythm import Rhythm, epochs_between, epochs_to_save, patient_epochs


@pytest.mark.parametrize(("steps", "epochs"), [(1, 20), (2, 10), (3, 7), (6, 4), (7, 3), (10, 3), (1000, 3)])
def test_patience_has_three_epochs_and_twenty_steps_unless_the_user_says(steps, epochs):
    assert patient_epochs(None, steps) == epochs
    assert [patient_epochs(asked, steps) for asked in (0, 1, 3)] == [0, 1, 3]


@pytest.mark.parametrize(
    ("steps", "trained", "judged", "epochs"),
    [
        (1, 16, 16, 1),
        (2, 48, 150, 1),
        (2, 48, 290, 2),
        (2, 48, 1000, 5),
        (1, 16, 1000, 10),
        (9, 270, 100_000, 2),
        (10, 320, 100_000, 1),
    ],
)
def test_short_epochs_are_judged_together_where_that_would_be_dearer_than_training(steps, trained, judged, epochs):
    """Up to ten steps, until judging, a third of training per row, costs no more."""
    assert epochs_between(steps, trained, judged) == epochs


@pytest.mark.parametrize(("steps", "epochs", "apart"), [(1, 60, 10), (2, 30, 5), (3, 15, 1), (3, 20, 4), (10, 100, 1)])
def test_many_short_epochs_share_a_checkpoint(steps, epochs, apart):
    assert epochs_to_save(steps, epochs) == apart


@pytest.mark.parametrize(
    ("size", "seconds", "saves"), [(1e6, 0.0, True), (300e6, 19.0, False), (300e6, 21.0, True), (3e9, 60.0, False)]
)
def test_writing_large_checkpoints_takes_a_twentieth_of_the_time(size, seconds, saves):
    rhythm = Rhythm(patience=3, judged=1, saved=2)
    assert rhythm.saves(4, size, seconds) is saves
    assert not rhythm.saves(5, size, seconds)
    assert rhythm._replace(renewed=True).saves(5, size, seconds)
