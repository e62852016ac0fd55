"""How often a phase is judged and saved, and how long it waits for a better score: in epochs, of few rows in steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from modaxfer.plan import Phase, Refresh
from modaxfer.runner.training.known import adds

__all__ = ["Rhythm", "epochs_between", "epochs_to_save", "patient_epochs", "rhythm_of"]

EPOCHS = 3
"""Epochs without a better score before training stops, where the user does not say."""

STEPS = 20
"""Steps that they have at least: an epoch of few rows is a step or two, after which no better score is no sign."""

SHORT = 10
"""Steps of an epoch from which on each is judged and saved, whatever that costs."""

MANY = 15
"""Epochs up to which each is saved: as many as an adapter has on usual data."""

CHEAP, WRITTEN, SHARE = 10e6, 300e6, 20
"""Bytes of a checkpoint that is always worth it; bytes that a disk takes in a second; and what part of the time
writing larger ones may take, one in so many."""

FORWARD = 3
"""A row costs about so many times more where it is trained on, forwards and backwards, than where it is judged."""


class Rhythm(NamedTuple):
    """Of a phase, in epochs."""

    patience: int
    """Without a better score that end it; 0 = never."""
    judged: int
    """From one judgement to the next."""
    saved: int
    """From one checkpoint to the next, where each is worth it."""
    renewed: bool = False
    """Whether each epoch needs one, since it makes anew what the model says of rows."""

    def saves(self, epoch: int, size: float, seconds: float) -> bool:
        """Tell whether a checkpoint is written as `epoch`, from 1, ends.

        Args:
            epoch: Its number.
            size: Bytes of a checkpoint.
            seconds: Since the last one, or the beginning. A run that is killed loses so much at most, or the time
                that the user sets.
        """
        return self.renewed or (epoch % self.saved == 0 and (size <= CHEAP or seconds * WRITTEN >= SHARE * size))


def rhythm_of(
    phase: Phase, asked: int | None, steps_per_epoch: int, lengths: Mapping[str, np.ndarray], validation: int
) -> Rhythm:
    """Return the rhythm of a phase.

    Args:
        phase: What is trained.
        asked: The user's patience; None leaves it open.
        steps_per_epoch: Optimiser steps.
        lengths: Tokens per row of each stream that steps are drawn from.
        validation: Rows that judge it.
    """
    renewed = any(adds(stream, Refresh.EPOCH) for stream in phase.streams.values())
    return Rhythm(
        patience=patient_epochs(asked, steps_per_epoch),
        judged=epochs_between(steps_per_epoch, sum(map(len, lengths.values())), validation),
        saved=epochs_to_save(steps_per_epoch, phase.epochs),
        renewed=renewed,
    )


def patient_epochs(asked: int | None, steps_per_epoch: int) -> int:
    """Return how many epochs without a better score end a phase: what is `asked`, or 3 and at least 20 steps."""
    return max(EPOCHS, -(-STEPS // steps_per_epoch)) if asked is None else asked


def epochs_between(steps_per_epoch: int, trained: int, judged: int) -> int:
    """Return how many epochs go by from one judgement to the next.

    1, unless judging were dearer than training: then as many as make both cost the same, of 10 steps at most.

    Args:
        steps_per_epoch: Optimiser steps.
        trained: Rows of an epoch.
        judged: Validation rows.
    """
    return max(1, min(-(-SHORT // steps_per_epoch), judged // (FORWARD * trained)))


def epochs_to_save(steps_per_epoch: int, epochs: float) -> int:
    """Return how many epochs go by from one checkpoint to the next; a run that is killed between loses these.

    1, unless there are more than 15 epochs: then as many as have 10 steps, since a checkpoint of a whole model takes
    longer than a step.

    Args:
        steps_per_epoch: Optimiser steps.
        epochs: Of the phase.
    """
    return -(-SHORT // steps_per_epoch) if epochs > MANY else 1
