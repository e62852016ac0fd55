"""The run repeated with other seeds: how much a score owes to chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from modaxfer.config import RunConfig
from modaxfer.result import Result
from modaxfer.runner.beside.companion import Companion, Kind, Main, Runs, settled
from modaxfer.runner.beside.spread import spread
from modaxfer.runner.request.single import single

__all__ = ["SEEDS", "by_seed", "seed_place", "summarise"]


def seed_place(seed: int) -> str:
    """Return where the run of another `seed` lies."""
    return f"seeds/{seed}"


def by_seed(main: Main, runs: Runs) -> dict[int, Result]:
    """Return the finished runs of all seeds, the main one's first."""
    found = {seed: runs.get(seed_place(seed)) for seed in _seeds(main)}
    return {main.config.seed: main.result, **{seed: result for seed, result in found.items() if result is not None}}


def summarise(seeds: Sequence[int], results: Sequence[Result]) -> dict[str, Any]:
    """Return what ``repeats`` of a result holds of runs with several seeds."""
    return {"seeds": list(seeds), **spread(results)}


def _companions(main: Main) -> tuple[Companion, ...]:
    return tuple(_repeated(main, seed) for seed in _seeds(main)[1:])


def _repeated(main: Main, seed: int) -> Companion:
    def config(runs: Runs) -> RunConfig:
        return settled(replace(single(main.config), seed=seed), main.result)

    return Companion(place=seed_place(seed), label=f"seed {seed}", config=config, same_weights=True)


def _is_told(main: Main) -> bool:
    return list(main.result.repeats.get("seeds", ())) == _seeds(main)


def _tell(main: Main, result: Result, runs: Runs) -> Result:
    found = by_seed(main, runs)
    return replace(result, repeats=summarise(list(found), list(found.values()))) if len(found) > 1 else result


def _seeds(main: Main) -> list[int]:
    return [main.config.seed + number for number in range(main.config.seeds)]


SEEDS = Kind(name="the scores by seed", companions=_companions, is_told=_is_told, tell=_tell)
