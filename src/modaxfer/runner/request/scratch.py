"""The baseline from scratch: what is trained beside a run to say what its pretrained weights were worth.

The same architecture from random weights on the same task, bridge, seed, rows and batches, for as many epochs and with
the same search over learning rates. Everything of it moves, whatever the run's strategy: a frozen or adapted body of
random weights would be an easy rival. Its layers are all fresh, so they learn at the rate of fresh parts. A bridge is
not aligned first: random weights have no features to move towards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.registry import registry
from modaxfer.result import Result
from modaxfer.spec import EncoderSpec

__all__ = ["RATES", "SCRATCH", "SEARCH", "refuse_idle_baseline", "scratch_config", "with_search"]

SCRATCH = "scratch"
"""Name of the baseline, and of its folder in a run."""

STRATEGY = "modaxfer/full"

RATES = (0.3, 1.0, 3.0)
"""Factors on the learning rates that both models try, where the user names none: neither is judged by a rate that
happens to suit the other."""

ALIGNMENT = ("bridge.align", "bridge.proxy")
"""Beginnings of the options of an alignment, which random weights have nothing to offer to."""

SEARCH = "train.rates"
"""Option that holds the factors."""


def refuse_idle_baseline(config: RunConfig, encoders: Sequence[EncoderSpec]) -> None:
    """Refuse a baseline from scratch that could say nothing of pretraining.

    Args:
        config: The request.
        encoders: The encoders that it names.

    Raises:
        ConfigError: The run itself starts from random weights.
        RefusedError: There is more than one encoder or task, or an encoder without pretrained weights.
    """
    if SCRATCH not in config.baseline:
        return
    if config.weights == "random":
        raise ConfigError(
            "--weights random is the baseline from scratch itself",
            got="--weights random --baseline scratch",
            fix="leave one of them out",
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


def with_search(config: RunConfig) -> RunConfig:
    """Return `config` with the search over learning rates that both models go through, where it names none."""
    if SCRATCH not in config.baseline or _named(config.set):
        return config
    return replace(config, set={**config.set, SEARCH: RATES})


def scratch_config(main: RunConfig, result: Result, folder: Path) -> RunConfig:
    """Return the config of the run from scratch.

    Args:
        main: Config of the finished run that it is measured against, all options resolved.
        result: That run's result.
        folder: Where the run from scratch goes.
    """
    rates = registry().get("encoder", str(result.encoder["id"])).spec.rates
    return replace(
        main,
        strategy=STRATEGY,
        weights="random",
        # Of all phases together; what was asked for counts for each of them.
        epochs=result.training.get("epochs") or main.epochs,
        learning_rate=rates.full * rates.head_multiplier,
        baseline=(),
        seeds=1,
        output=str(folder),
        standalone=False,
        set={key: value for key, value in main.set.items() if not key.startswith(("strategy.", *ALIGNMENT))},
    )


def _named(options: Mapping[str, Any]) -> bool:
    group, _, name = SEARCH.partition(".")
    nested = options.get(group)
    inner = nested.get(name) if isinstance(nested, Mapping) else None
    return any(value not in (None, (), [], "") for value in (options.get(SEARCH), options.get(name), inner))
