"""The baseline from scratch: what is trained beside a run to say what its pretrained weights were worth.

The same architecture from random weights on the same task, bridge, seed, rows and batches, for as many epochs and with
the same search over learning rates. Everything of it moves, whatever the run's strategy: a frozen or adapted body of
random weights would be an easy rival. Its layers are all fresh, so they learn at the rate of fresh parts. A bridge is
not aligned first: random weights have no features to move towards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from modaxfer.config import RunConfig
from modaxfer.registry import registry
from modaxfer.result import Result
from modaxfer.runner.beside.companion import SEARCH
from modaxfer.runner.beside.steps import without_step
from modaxfer.runner.kinds import PRETRAINING
from modaxfer.runner.request.scratch import SCRATCH
from modaxfer.runner.request.single import single

__all__ = ["FROM_SCRATCH", "RATES", "scratch_config", "with_search"]

STRATEGY = "modaxfer/full"

RATES = (0.3, 1.0, 3.0)
"""Factors on the learning rates that both models try, where the user names none: neither is judged by a rate that
happens to suit the other."""

ALIGNMENT = ("bridge.align", "bridge.proxy")
"""Beginnings of the options of an alignment, which random weights have nothing to offer to."""


def with_search(config: RunConfig) -> RunConfig:
    """Return `config` with the search over learning rates that both models go through, where it names none."""
    if SCRATCH not in config.baseline or _named(config.set):
        return config
    return replace(config, set={**config.set, SEARCH: RATES})


def scratch_config(main: RunConfig, result: Result) -> RunConfig:
    """Return the config of the run from scratch.

    Args:
        main: Config of the finished run that it is measured against, all options resolved.
        result: That run's result.
    """
    rates = registry().get("encoder", str(result.encoder["id"])).spec.rates
    return replace(
        single(main),
        strategy=STRATEGY,
        weights="random",
        # Of all phases together; what was asked for counts for each of them.
        epochs=result.training.get("epochs") or main.epochs,
        learning_rate=rates.full * rates.head_multiplier,
        standalone=False,
        unlabelled=None,
        set={key: value for key, value in main.set.items() if not key.startswith(("strategy.", *ALIGNMENT))},
    )


def _named(options: Mapping[str, Any]) -> bool:
    group, _, name = SEARCH.partition(".")
    nested = options.get(group)
    inner = nested.get(name) if isinstance(nested, Mapping) else None
    return any(value not in (None, (), [], "") for value in (options.get(SEARCH), options.get(name), inner))


FROM_SCRATCH = without_step(
    PRETRAINING,
    folder=SCRATCH,
    label="from scratch",
    is_asked=lambda main: SCRATCH in main.config.baseline,
    changed=lambda main: scratch_config(main.config, main.result),
    request=with_search,
)
