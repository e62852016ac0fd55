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
from modaxfer.runner.beside.companion import SEARCH, Companion, Kind, Main, Runs, settled
from modaxfer.runner.beside.gain import scratch_baseline, transfer_gain
from modaxfer.runner.beside.seeds import by_seed, seed_place
from modaxfer.runner.evaluation.finished import read_finished
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
        set={key: value for key, value in main.set.items() if not key.startswith(("strategy.", *ALIGNMENT))},
    )


def _named(options: Mapping[str, Any]) -> bool:
    group, _, name = SEARCH.partition(".")
    nested = options.get(group)
    inner = nested.get(name) if isinstance(nested, Mapping) else None
    return any(value not in (None, (), [], "") for value in (options.get(SEARCH), options.get(name), inner))


def _companions(main: Main) -> tuple[Companion, ...]:
    if SCRATCH not in main.config.baseline:
        return ()
    first = main.config.seed
    return tuple(_from_scratch(main, seed) for seed in range(first, first + main.config.seeds))


def _from_scratch(main: Main, seed: int) -> Companion:
    def config(runs: Runs) -> RunConfig:
        asked = scratch_config(replace(main.config, seed=seed), main.result)
        return asked if seed == main.config.seed else settled(asked, runs.get(_place(main.config.seed)))

    needs = () if seed == main.config.seed else (seed_place(seed),)
    return Companion(place=_place(seed), label=f"from scratch, seed {seed}", config=config, needs=needs)


def _place(seed: int) -> str:
    return f"{SCRATCH}/{seed}"


def _is_told(main: Main) -> bool:
    return [gain["seeds"] for gain in (main.result.transfer_gain or {}).values()] == [main.config.seeds]


def _tell(main: Main, result: Result, runs: Runs) -> Result:
    pretrained, scratch = [], []
    for seed, own in by_seed(main, runs).items():
        if _place(seed) in runs:
            folder = main.folder if seed == main.config.seed else main.folder / seed_place(seed)
            pretrained.append(read_finished(folder, own))
            scratch.append(read_finished(main.folder / _place(seed), runs[_place(seed)]))
    if not scratch:
        return result
    baselines: Mapping[str, Any] = result.baselines
    if scratch[0].result.seed == result.seed:
        baselines = {**baselines, SCRATCH: scratch_baseline(pretrained[0], scratch[0])}
    return replace(result, baselines=baselines, transfer_gain=transfer_gain(pretrained, scratch, seed=result.seed))


FROM_SCRATCH = Kind(name="the transfer gain", companions=_companions, is_told=_is_told, tell=_tell, request=with_search)
