"""A run with everything that is measured beside it: other seeds, and the same architecture from scratch.

Each of them is an ordinary run in a folder of its own below the first, ``RUN/seeds/SEED`` or ``RUN/scratch/SEED``,
which a killed command finds and takes up again.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Protocol

from modaxfer.config import RunConfig, build, read_yaml
from modaxfer.result import Result
from modaxfer.runner.cells.request import Request
from modaxfer.runner.cells.scratch import SCRATCH, SEARCH, scratch_config, with_search
from modaxfer.runner.findings.gain import read_finished, scratch_baseline, transfer_gain
from modaxfer.runner.folder import CONFIG, is_finished
from modaxfer.runner.progress import Progress
from modaxfer.runner.run import run

__all__ = ["RunOne", "run_repeated", "settled", "summarise"]

SEEDS = "seeds"
"""Folder of the runs with other seeds."""


class RunOne(Protocol):
    """Trains and evaluates one cell; see `modaxfer.runner.run.run`."""

    def __call__(
        self,
        config: RunConfig,
        *,
        resume: bool = False,
        progress: Progress | None = None,
        request: Request | None = None,
    ) -> tuple[Result, Path]:
        """Return result and folder."""
        ...


def run_repeated(
    config: RunConfig,
    *,
    resume: bool = False,
    progress: Progress | None = None,
    request: Request | None = None,
    run_one: RunOne = run,
) -> tuple[Result, Path]:
    """Train and evaluate one cell with all the seeds and baselines that `config` asks for.

    Args:
        config: The request.
        resume: Take up what is unfinished in the output folder; what is finished there is kept as it is.
        progress: Where to tell how far it is; None = standard error.
        request: What `modaxfer.runner.cells.request.read_request` made of `config`, where that has been asked already.
        run_one: Trains and evaluates one cell.

    Returns:
        The result of the first seed, with ``repeats``, ``baselines.scratch`` and ``transfer_gain`` where asked for, and
        its folder.

    Raises:
        ModaxferError: The request was wrong, or a run failed. The first run's result is on disk if that one finished.
    """
    progress = progress or Progress(_is_main())
    result, folder = run_one(with_search(config), resume=resume, progress=progress, request=request)
    main = build(RunConfig, read_yaml(folder / CONFIG))
    seeds = [main.seed + number for number in range(main.seeds)]
    if _is_done(result, main, seeds):
        return result, folder
    several = _Several(main, folder, result, progress, run_one)
    repeats = [several.repeat(seed) for seed in seeds]
    if len(seeds) > 1:
        result = replace(result, repeats=summarise(seeds, [each for each, _ in repeats]))
    if SCRATCH in main.baseline:
        result = _with_gain(result, repeats, [several.scratch(seed) for seed in seeds])
    if _is_main():
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
    """The runs beside the first one."""

    def __init__(self, main: RunConfig, folder: Path, result: Result, progress: Progress, run_one: RunOne) -> None:
        self.main, self.folder, self.result = main, folder, result
        self.progress, self.run_one = progress, run_one

    def repeat(self, seed: int) -> tuple[Result, Path]:
        """Run seed `seed`; the first one is there already."""
        if seed == self.main.seed:
            return self.result, self.folder
        folder = self.folder / SEEDS / str(seed)
        config = replace(self.main, seed=seed, seeds=1, baseline=(), output=str(folder))
        return self._run(settled(config, self.result), f"seed {seed}")

    def scratch(self, seed: int) -> tuple[Result, Path]:
        """Run `seed` from scratch."""
        config = scratch_config(replace(self.main, seed=seed), self.result, self.folder / SCRATCH / str(seed))
        if seed != self.main.seed:
            config = settled(config, Result.load(self.folder / SCRATCH / str(self.main.seed)))
        return self._run(config, f"from scratch, seed {seed}")

    def _run(self, config: RunConfig, label: str) -> tuple[Result, Path]:
        folder = Path(str(config.output))
        if not is_finished(folder):
            self.progress.say(f"\n{label} ({folder})")
        return self.run_one(config, resume=(folder / CONFIG).is_file(), progress=self.progress)


def _with_gain(
    result: Result, repeats: Sequence[tuple[Result, Path]], scratch: Sequence[tuple[Result, Path]]
) -> Result:
    pretrained, baseline = ([read_finished(folder, each) for each, folder in runs] for runs in (repeats, scratch))
    baselines: Mapping[str, Any] = {**result.baselines, SCRATCH: scratch_baseline(pretrained[0], baseline[0])}
    return replace(result, baselines=baselines, transfer_gain=transfer_gain(pretrained, baseline, seed=result.seed))


def _is_done(result: Result, main: RunConfig, seeds: Sequence[int]) -> bool:
    repeated = len(seeds) == 1 or list(result.repeats.get("seeds", ())) == list(seeds)
    return repeated and (SCRATCH not in main.baseline or result.transfer_gain is not None)


def _is_main() -> bool:
    """Tell whether this is the main process of those that a launcher started, or the only one."""
    return os.environ.get("RANK", "0") == "0"


def _value(score: Any) -> float:
    return math.nan if score is None else float(score)
