"""Pretrainings that are killed at a step, as by a signal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from modaxfer.pretraining.training import Training
from modaxfer.runner.processes.signals import StoppedError


@contextmanager
def killed_at(step: int) -> Iterator[None]:
    """Stop whatever pretraining comes to `step`."""
    do = Training._step

    def killed(training: Training, prepared: Any) -> None:
        if training.at.step == step:
            raise StoppedError(15)
        do(training, prepared)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Training, "_step", killed)
        yield
