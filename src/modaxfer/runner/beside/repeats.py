"""A run with everything that is measured beside it: other seeds, and the same architecture from scratch.

Each of them is an ordinary run in a folder of its own below the first, ``RUN/seeds/SEED`` or ``RUN/scratch/SEED``,
which a killed command finds and takes up again.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Protocol

from modaxfer.config import RunConfig, build, read_yaml
from modaxfer.errors import CheckpointUnavailableError
from modaxfer.result import Result
from modaxfer.runner.beside.gain import scratch_baseline, transfer_gain
from modaxfer.runner.claims.space import space_told
from modaxfer.runner.evaluation.attempts import attempt
from modaxfer.runner.evaluation.finished import read_finished
from modaxfer.runner.folder import CONFIG, is_finished
from modaxfer.runner.progress import Progress
from modaxfer.runner.request.request import Request
from modaxfer.runner.request.scratch import SCRATCH, SEARCH, scratch_config, with_search
from modaxfer.runner.run import run

__all__ = ["RunOne", "run_repeated", "settled", "summarise"]

SEEDS = "seeds"
"""Folder of the runs with other seeds."""

AGAIN = " (--resume tries it again)"
"""Ends a warning of what went wrong beside the first run; it goes when that has been made up for."""


class RunOne(Protocol):
    """Trains and evaluates one request; see `modaxfer.runner.run.run`."""

    def __call__(
        self,
        config: RunConfig,
        *,
        resume: bool = False,
        overwrite: bool = False,
        shared: bool = False,
        beside: Result | None = None,
        progress: Progress | None = None,
        request: Request | None = None,
    ) -> tuple[Result, Path]:
        """Return result and folder."""
        ...


def run_repeated(
    config: RunConfig,
    *,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
    request: Request | None = None,
    run_one: RunOne = run,
) -> tuple[Result, Path]:
    """Train and evaluate one request with all the seeds and baselines that `config` asks for.

    Args:
        config: The request.
        resume: Take up what is unfinished in the output folder; what is finished there is kept as it is.
        overwrite: Replace the run in the output folder.
        progress: Where to tell how far it is; None = standard error.
        request: What `modaxfer.runner.request.request.read_request` made of `config`, where that was asked already.
        run_one: Trains and evaluates one request.

    Returns:
        The result of the first seed, with ``repeats``, ``baselines.scratch`` and ``transfer_gain`` where asked for, and
        its folder. A run beside the first one that failed is a warning there: with `resume` it is tried again.

    Raises:
        ModaxferError: The request was wrong, or the first run failed.
    """
    progress = progress or Progress(_is_main())
    result, folder = run_one(
        with_search(config), resume=resume, overwrite=overwrite, progress=progress, request=request
    )
    main = build(RunConfig, read_yaml(folder / CONFIG))
    seeds = [main.seed + number for number in range(main.seeds)]
    if _is_done(result, main, seeds):
        return result, folder
    several = _Several(main, folder, result, progress, run_one)
    result = several.measured(seeds)
    if _is_main():
        with space_told(folder):
            result.save(folder)
    return result, folder


def settled(config: RunConfig, first: Result) -> RunConfig:
    """Return `config` with the factor on learning rates that the first seed's search chose: it is searched once."""
    chosen = (first.training.get("rates") or {}).get("chosen")
    return config if chosen is None else replace(config, set={**config.set, SEARCH: (chosen,)})


def summarise(seeds: Sequence[int], results: Sequence[Result]) -> dict[str, Any]:
    """Return each test metric of runs with several seeds, its mean, and its standard deviation (with n - 1)."""
    names = results[0].metrics["test"]
    test = {name: [_value(result.metrics["test"].get(name)) for result in results] for name in names}
    known = {name: values for name, values in test.items() if not any(map(math.isnan, values))}
    return {
        "seeds": list(seeds),
        "test": test,
        "mean": {name: mean(values) for name, values in known.items()},
        "std": {name: stdev(values) for name, values in known.items()},
    }


class _Several:
    """The runs beside the first one; one that fails is left out of what is measured, and said."""

    def __init__(self, main: RunConfig, folder: Path, result: Result, progress: Progress, run_one: RunOne) -> None:
        self.main, self.folder, self.result = main, folder, result
        self.progress, self.run_one = progress, run_one
        self.troubles: list[str] = []

    def measured(self, seeds: Sequence[int]) -> Result:
        """Return the first run's result with what all others say beside it."""
        result = self.result
        repeats = {seed: run for seed in seeds if (run := self._attempted(f"seed {seed}", self.repeat, seed))}
        if len(repeats) > 1:
            result = replace(result, repeats=summarise(list(repeats), [each for each, _ in repeats.values()]))
        if SCRATCH in self.main.baseline:
            scratch = {
                seed: run
                for seed in repeats
                if (run := self._attempted(f"from scratch, seed {seed}", self.scratch, seed))
            }
            gained = partial(_with_gain, result, [(repeats[seed], run) for seed, run in scratch.items()])
            result = (attempt("the transfer gain", gained, self.troubles) if scratch else None) or result
        kept = [warning for warning in result.warnings if not warning.endswith(AGAIN)]
        return replace(result, warnings=(*kept, *(f"{trouble}{AGAIN}" for trouble in self.troubles)))

    def repeat(self, seed: int) -> tuple[Result, Path]:
        """Run seed `seed`; the first one is there already."""
        if seed == self.main.seed:
            return self.result, self.folder
        folder = self.folder / SEEDS / str(seed)
        config = replace(self.main, seed=seed, seeds=1, baseline=(), output=str(folder))
        return self._run(settled(config, self.result), f"seed {seed}", beside=self.result)

    def scratch(self, seed: int) -> tuple[Result, Path]:
        """Run `seed` from scratch."""
        config = scratch_config(replace(self.main, seed=seed), self.result, self.folder / SCRATCH / str(seed))
        if seed != self.main.seed:
            config = settled(config, Result.load(self.folder / SCRATCH / str(self.main.seed)))
        return self._run(config, f"from scratch, seed {seed}")

    def _attempted(
        self, label: str, make: Callable[[int], tuple[Result, Path]], seed: int
    ) -> tuple[Result, Path] | None:
        def run_it() -> tuple[Result, Path] | CheckpointUnavailableError:
            try:
                return make(seed)
            except CheckpointUnavailableError as error:
                return error

        found = attempt(f"the run beside this one, {label},", run_it, self.troubles)
        if isinstance(found, CheckpointUnavailableError):
            raise found  # The weights are others than those of the first run, or cannot be had: no fault of training.
        if found is None:
            self.progress.say(f"warning: {self.troubles[-1]}")
        return found

    def _run(self, config: RunConfig, label: str, beside: Result | None = None) -> tuple[Result, Path]:
        folder = Path(str(config.output))
        if not is_finished(folder):
            self.progress.say(f"\n{label} ({folder})")
        # What the first run's settings mean for others of them, such as the steps from scratch, is none of this one's.
        resume = (folder / CONFIG).is_file()
        return self.run_one(config, resume=resume, shared=True, beside=beside, progress=self.progress)


def _with_gain(result: Result, pairs: Sequence[tuple[tuple[Result, Path], tuple[Result, Path]]]) -> Result:
    pretrained, scratch = ([read_finished(run[1], run[0]) for run in runs] for runs in zip(*pairs, strict=True))
    gain = transfer_gain(pretrained, scratch, seed=result.seed)
    baselines: Mapping[str, Any] = result.baselines
    if scratch[0].result.seed == result.seed:
        baselines = {**baselines, SCRATCH: scratch_baseline(pretrained[0], scratch[0])}
    return replace(result, baselines=baselines, transfer_gain=gain)


def _is_done(result: Result, main: RunConfig, seeds: Sequence[int]) -> bool:
    repeated = len(seeds) == 1 or list(result.repeats.get("seeds", ())) == list(seeds)
    gained = [gain["seeds"] for gain in (result.transfer_gain or {}).values()] == [len(seeds)]
    return repeated and (SCRATCH not in main.baseline or gained)


def _is_main() -> bool:
    """Tell whether this is the main process of those that a launcher started, or the only one."""
    return os.environ.get("RANK", "0") == "0"


def _value(score: Any) -> float:
    return math.nan if score is None else float(score)
