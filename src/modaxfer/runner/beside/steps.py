"""What a step of a transfer gained: the run of each seed once more without that step, and both paired by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from modaxfer.config import RunConfig
from modaxfer.result import Result
from modaxfer.runner.beside.companion import Companion, Kind, Main, Runs, settled, unchanged
from modaxfer.runner.beside.gain import step_baseline, step_gain
from modaxfer.runner.beside.seeds import by_seed, seed_place
from modaxfer.runner.evaluation.finished import read_finished
from modaxfer.runner.kinds import Step

__all__ = ["without_step"]


def without_step(
    step: Step,
    *,
    folder: str,
    label: str,
    is_asked: Callable[[Main], bool],
    changed: Callable[[Main], RunConfig],
    request: Callable[[RunConfig], RunConfig] = unchanged,
) -> Kind:
    """Return the kind of companions that do without `step`: one per seed.

    A factor on the learning rates is searched with the first seed, and taken by the others.

    Args:
        step: What they do without.
        folder: Where they lie.
        label: What people call them.
        is_asked: Whether the main run is to be measured against them.
        changed: Returns the request of one of them, by the main run as it would be with that one's seed.
        request: As for `Kind`.
    """

    def companions(main: Main) -> tuple[Companion, ...]:
        first = main.config.seed
        return tuple(one(main, seed) for seed in range(first, first + main.config.seeds)) if is_asked(main) else ()

    def one(main: Main, seed: int) -> Companion:
        def config(runs: Runs) -> RunConfig:
            asked = changed(replace(main, config=replace(main.config, seed=seed)))
            return asked if seed == main.config.seed else settled(asked, runs.get(place(main.config.seed)))

        needs = () if seed == main.config.seed else (seed_place(seed),)
        return Companion(place=place(seed), label=f"{label}, seed {seed}", config=config, needs=needs)

    def place(seed: int) -> str:
        return f"{folder}/{seed}"

    def is_told(main: Main) -> bool:
        stored = (main.result.transfer_gain or {}).get(step.name) or {}
        return [gain["seeds"] for gain in stored.values()] == [main.config.seeds]

    def tell(main: Main, result: Result, runs: Runs) -> Result:
        own, without = [], []
        for seed, run in by_seed(main, runs).items():
            if place(seed) in runs:
                at = main.folder if seed == main.config.seed else main.folder / seed_place(seed)
                own.append(read_finished(at, run))
                without.append(read_finished(main.folder / place(seed), runs[place(seed)]))
        if not without:
            return result
        same = without[0].result.seed == result.seed
        baselines = {step.baseline: step_baseline(own[0], without[0])} if same else {}
        gained = {step.name: step_gain(own, without, seed=result.seed)}
        return replace(
            result,
            baselines={**result.baselines, **baselines},
            transfer_gain={**(result.transfer_gain or {}), **gained},
        )

    return Kind(name=f"what {step.said} gained", companions=companions, is_told=is_told, tell=tell, request=request)
