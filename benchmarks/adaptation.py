"""Carry a labelled source to tasks without labels, by every method beside its bounds: ``make adaptation``.

Every cell is one run per seed below ``runs/adaptation``; a killed benchmark goes on where it was, and the page shows
what is finished. Writes ``docs/results/adaptation.json``, and leaves in it what is told there of more seeds. Networks
are small or frozen, so that a cell costs a minute or two of one core: most of that are the two bounds that every run is
measured between.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from adaptation_cells import (
    CHAINS,
    SEEDS,
    TRANSFERS,
    Chain,
    Method,
    Transfer,
    cell_of,
    commands,
    commands_of,
    plain,
    settings_of,
)
from resumable import Command, Kept, finished, main

from modaxfer.metrics.gains import Pair, paired_gain
from modaxfer.result import Result
from modaxfer.runner.evaluation.finished import Finished, read_finished

RESULTS = Path(__file__).resolve().parent.parent / "docs" / "results" / "adaptation.json"
RUNS = Path("runs") / "adaptation"


def describe(runs: Path) -> dict[str, Any]:
    """Return what the finished runs found, transfer by transfer, and the seeds that are missing."""
    found = [describe_transfer(transfer, runs) for transfer in TRANSFERS]
    chains = [describe_chain(chain, runs) for chain in CHAINS]
    return {
        "transfers": [each for each in found if each is not None],
        "chains": [each for each in chains if each is not None],
        "missing": missing(runs),
    }


def missing(runs: Path) -> dict[str, list[int]]:
    """Return the seeds that are not finished, by cell."""
    return _by_cell(command for command in commands() if finished(command, runs) is None)


def whole(stored: Mapping[str, Any]) -> set[tuple[str, int]]:
    """Return the runs of the cells that are stored with all their seeds."""
    lacking = _lacking(stored["transfers"], stored["chains"])
    return {(command.cell, command.seed) for command in commands() if command.cell not in lacking}


def join(stored: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is stored of the same settings, with the cells of `found` that have no fewer seeds."""
    transfers, chains = [], []
    for transfer in TRANSFERS:
        before, now = (_named(each["transfers"], transfer.name) for each in (stored, found))
        cells = [_fuller(before, now, transfer, method) for method in transfer.methods]
        if any(cells):
            transfers.append({**(now or before), "cells": [cell for cell in cells if cell]})
    for chain in CHAINS:
        told = [each for each in (_named(where["chains"], chain.name) for where in (found, stored)) if each]
        chains += sorted(told, key=lambda each: -each["seeds"])[:1]
    return {"transfers": transfers, "chains": chains, "missing": _lacking(transfers, chains)}


def _named(told: Sequence[Mapping[str, Any]], name: str) -> Any:
    return next((each for each in told if each["name"] == name), None)


def _fuller(before: Mapping[str, Any] | None, now: Mapping[str, Any] | None, transfer: Transfer, method: Method) -> Any:
    found = [cell for each in (now, before) if (cell := _cell_in(each, transfer, method))]
    return max(found, key=lambda cell: len(cell["seeds"]), default=None)


def _cell_in(told: Mapping[str, Any] | None, transfer: Transfer, method: Method) -> Any:
    """Return what is told of a cell; None where nothing is, or of other settings."""
    shared = {**plain(transfer.flags), **plain(transfer.options)}
    cell = _named(told["cells"], method.name) if told and told["settings"] == shared else None
    return cell if cell and cell["settings"] == settings_of(method) else None


def _lacking(transfers: Sequence[Mapping[str, Any]], chains: Sequence[Mapping[str, Any]]) -> dict[str, list[int]]:
    """Return the seeds that are told of nowhere, by cell; a run that others start from is told of by these."""
    there: set[tuple[str, int]] = set()
    for transfer in TRANSFERS:
        told = _named(transfers, transfer.name)
        for method in transfer.methods:
            seeds = (_cell_in(told, transfer, method) or {"seeds": []})["seeds"]
            ends = (method, transfer.source_run) if transfer.source_run else (method,)
            there |= {(cell_of(transfer, end), seed) for end in ends for seed in seeds}
    there |= {(each["name"], seed) for each in chains for seed in SEEDS[: each["seeds"]]}
    return _by_cell(command for command in commands() if (command.cell, command.seed) not in there)


def _by_cell(made: Iterable[Command]) -> dict[str, list[int]]:
    seeds: dict[str, list[int]] = {}
    for command in made:
        seeds.setdefault(command.cell, []).append(command.seed)
    return seeds


def describe_chain(chain: Chain, runs: Path) -> dict[str, Any] | None:
    """Return what a chain of sources brought, over the seeds that have finished; None where none has."""
    found = [pair for command in chain.commands if (pair := _beside_twin(command, runs)) is not None]
    if not found:
        return None
    first, metric = found[0][0], found[0][0].result.primary
    pairs = [Pair(references=run.references, better=run.scored, other=twin.scored) for run, twin in found]
    same = len({run.ids for run, _ in found}) == 1
    told = paired_gain(pairs, metric, problem=first.problem, same_rows=same)
    return {
        "name": chain.name,
        "encoder": chain.encoder,
        "sources": list(chain.sources),
        "task": chain.task,
        "strategy": chain.strategy,
        "metric": metric,
        "rows": dict(first.result.data["rows"]),
        "seeds": len(found),
        "with": mean(run.score for run, _ in found),
        "without": mean(twin.score for _, twin in found),
        "gain": {"value": told.value, "interval": [told.low, told.high]},
        **{bar: _bound([run.result for run, _ in found], bar, metric) for bar in ("simple", "source_only")},
    }


def _beside_twin(command: Command, runs: Path) -> tuple[Finished, Finished] | None:
    """Return a run and the one without its sources; None where one of them is missing."""
    folder, result = command.folder(runs), finished(command, runs)
    twin = folder / "without-source" / str(command.seed)
    if result is None or not (twin / "result.json").is_file():
        return None
    return read_finished(folder, result), read_finished(twin, Result.load(twin))


def describe_transfer(transfer: Transfer, runs: Path) -> dict[str, Any] | None:
    """Return the cells of a transfer; None where no method has finished."""
    groups: dict[str, dict[int, Finished]] = {}
    for command in commands_of(transfer):
        result = finished(command, runs)
        # The run that another starts from has no bounds.
        if result is not None and "source_only" in result.baselines:
            groups.setdefault(command.cell, {})[command.seed] = read_finished(command.folder(runs), result)
    cells = [
        describe_cell(method, groups[name])
        for method in transfer.methods
        if (name := cell_of(transfer, method)) in groups
    ]
    if not cells:
        return None
    first = next(run for method in transfer.methods for run in groups.get(cell_of(transfer, method), {}).values())
    return {
        "name": transfer.name,
        "encoder": transfer.encoder,
        # That of a run is its folder, which is nobody else's.
        "checkpoint": None if transfer.source_run else first.result.encoder["checkpoint"],
        "source_settings": None if transfer.source_run is None else settings_of(transfer.source_run),
        "source": transfer.source,
        "task": transfer.task,
        "metric": first.result.primary,
        "from_run": transfer.source_run is not None,
        "settings": {**plain(transfer.flags), **plain(transfer.options)},
        "sample": str(first.result.data["source"]).lower().startswith("sample"),
        "cells": cells,
    }


def describe_cell(method: Method, by_seed: Mapping[int, Finished]) -> dict[str, Any]:
    """Return scores over seeds beside the bounds; rows are those of the first seed."""
    results = [run.result for run in by_seed.values()]
    metric, scores = results[0].primary, [run.score for run in by_seed.values()]
    return {
        "name": method.name,
        "settings": settings_of(method),
        "rows": dict(results[0].data["rows"]),
        "seeds": list(by_seed),
        "test": mean(scores),
        "deviation": stdev(scores) if len(scores) > 1 else None,
        "source_only": _bound(results, "source_only", metric),
        "oracle": _bound(results, "target_oracle", metric),
        "gain": gain(by_seed),
        "by_seed": {str(seed): _judged(run, metric) for seed, run in by_seed.items()},
    }


def gain(by_seed: Mapping[int, Finished]) -> dict[str, Any]:
    """Return what a method gained on its own source-only bound, with a 95 % interval.

    Over rows and seeds where the bound left its predictions; of a run that started from a run, whose predictions for
    this task are not stored, the interval holds those of all its seeds.
    """
    first = next(iter(by_seed.values()))
    metric = first.result.primary
    pairs = [pair for run in by_seed.values() if (pair := _pair(run)) is not None]
    if len(pairs) == len(by_seed):
        same = len({run.ids for run in by_seed.values()}) == 1
        found = paired_gain(pairs, metric, problem=first.problem, same_rows=same)
        return {"value": found.value, "interval": [found.low, found.high]}
    told = [run.result.baselines["source_only"] for run in by_seed.values()]
    lows, highs = zip(*(each["difference"][metric] for each in told), strict=True)
    value = mean(run.score - each[metric] for run, each in zip(by_seed.values(), told, strict=True))
    return {"value": value, "interval": [min(lows), max(highs)]}


def _pair(run: Finished) -> Pair | None:
    folder = run.folder / "bounds" / "source-only"
    if not (folder / "result.json").is_file():
        return None
    lower = read_finished(folder, Result.load(folder))
    return Pair(references=run.references, better=run.scored, other=lower.scored)


def _bound(results: Sequence[Result], name: str, metric: str) -> float | None:
    told = [result.baselines[name][metric] for result in results if name in result.baselines]
    return mean(told) if len(told) == len(results) else None


def _judged(run: Finished, metric: str) -> dict[str, Any]:
    """Return a run's test score beside its bound's, and what each validator gave the two."""
    told = run.result.estimates
    return {
        "test": run.score,
        "source_only": run.result.baselines["source_only"][metric],
        "validators": dict(told.get("validators") or {}),
        "validators_source_only": dict(told.get("source_only") or {}),
    }


if __name__ == "__main__":
    sys.exit(
        main(
            None,
            description=__doc__.splitlines()[0],
            commands=commands(),
            runs=RUNS,
            output=RESULTS,
            describe=describe,
            kept=Kept(whole=whole, join=join),
        )
    )
