"""What a step of a transfer gained: the run of each seed once more without that step, and both paired by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from modaxfer.config import RunConfig
from modaxfer.result import Result
from modaxfer.runner.beside.companion import Companion, Kind, Main, Runs, settled, unchanged
from modaxfer.runner.beside.gain import step_baseline, step_gain
from modaxfer.runner.beside.repeats import repeats
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
    """Return the kind of companions that do without `step`: one for each seed or few-shot episode of the main run.

    A factor on the learning rates is searched with the first seed, and taken by the others.

    Args:
        step: What they do without.
        folder: Where they lie.
        label: What people call them.
        is_asked: Whether the main run is to be measured against them.
        changed: Returns the request of one of them, by the main run as it would be with that one's seed or episode.
        request: As for `Kind`.
    """

    def companions(main: Main) -> tuple[Companion, ...]:
        return tuple(one(main, number) for number in repeats(main).numbers) if is_asked(main) else ()

    def one(main: Main, number: int) -> Companion:
        found = repeats(main)
        first = found.numbers[0]

        def config(runs: Runs) -> RunConfig:
            asked = changed(found.main(main, number))
            return settled(asked, runs.get(place(first))) if found.settles and number != first else asked

        needs = () if number == first else (found.place(number),)
        return Companion(place=place(number), label=f"{label}, {found.one} {number}", config=config, needs=needs)

    def place(number: int) -> str:
        return f"{folder}/{number}"

    def is_told(main: Main) -> bool:
        found = repeats(main)
        stored = (main.result.transfer_gain or {}).get(step.name) or {}
        return [gain.get(found.name) for gain in stored.values()] == [len(found.numbers)]

    def tell(main: Main, result: Result, runs: Runs) -> Result:
        found, own, without = repeats(main), [], []
        for number in found.numbers:
            run = main.result if number == found.numbers[0] else runs.get(found.place(number))
            if run is not None and place(number) in runs:
                at = main.folder if number == found.numbers[0] else main.folder / found.place(number)
                own.append(read_finished(at, run))
                without.append(read_finished(main.folder / place(number), runs[place(number)]))
        if not without:
            return result
        baselines = {step.baseline: step_baseline(own[0], without[0])} if own[0].folder == main.folder else {}
        gained = {step.name: step_gain(own, without, seed=result.seed, over=found)}
        return replace(
            result,
            baselines={**result.baselines, **baselines},
            transfer_gain={**(result.transfer_gain or {}), **gained},
        )

    return Kind(name=f"what {step.said} gained", companions=companions, is_told=is_told, tell=tell, request=request)
