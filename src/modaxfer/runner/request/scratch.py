"""A baseline from scratch that could say nothing of pretraining is refused before a row is read."""

from __future__ import annotations

from collections.abc import Sequence

from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.spec import EncoderSpec

__all__ = ["SCRATCH", "refuse_idle_baseline"]

SCRATCH = "scratch"
"""Name of the baseline, and of its folder in a run."""


def refuse_idle_baseline(
    config: RunConfig, encoders: Sequence[EncoderSpec], *, adapts: bool = False, from_run: bool = False
) -> None:
    """Refuse a baseline from scratch that could say nothing of pretraining.

    Args:
        config: The request.
        encoders: The encoders that it names.
        adapts: Whether the strategy draws rows of a source task beside those of a task without labels.
        from_run: Whether the strategy goes on from a whole run.

    Raises:
        ConfigError: The run itself starts from random weights.
        RefusedError: There is more than one encoder or task, a task without labels, or an encoder that has no weights.
    """
    if SCRATCH not in config.baseline:
        return
    if config.weights == "random":
        raise ConfigError(
            "--weights random is the baseline from scratch itself",
            got="--weights random --baseline scratch",
            fix="leave one of them out",
        )
    if adapts:
        raise RefusedError(
            "--baseline scratch trains on the task's labels, which a run that adapts does without",
            got=f"--baseline scratch --strategy {config.strategy}",
            fix="leave --baseline out: source-only and oracle runs beside such a run say what it is worth",
        )
    if from_run:
        raise RefusedError(
            f"--baseline scratch has no head to go on with, as strategy {config.strategy} does",
            got="--baseline scratch",
            fix="leave --baseline out: the run before on the same rows is the bar of such a run",
        )
    several = [name for name in ("encoder", "task") if len(getattr(config, name)) > 1]
    if several:
        raise RefusedError(
            f"--baseline scratch is measured for one encoder on one task, not for several {several[0]}s",
            got=getattr(config, several[0]),
            allowed="1",
            fix="measure it for each of them alone, or leave --baseline out",
        )
    bare = [spec.name for spec in encoders if not spec.pretrained]
    if bare:
        raise RefusedError(
            f"encoder {bare[0]} has no pretrained weights, so there is no gain to measure",
            got="--baseline scratch",
            fix="leave --baseline out: this run is from scratch already",
        )
