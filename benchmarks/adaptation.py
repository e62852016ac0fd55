"""Carry a labelled source to tasks without labels, by every method beside its bounds: ``make adaptation``.

Every cell is one run per seed below ``runs/adaptation``; a killed benchmark goes on where it was, and the page shows
what is finished. Writes ``docs/results/adaptation.json``, and leaves in it what is told there of more seeds. Networks
are small or frozen, so that a cell costs a minute or two of one core: most of that are the two bounds that every run is
measured between.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from resumable import Command, Kept, finished, main

from modaxfer.metrics.gains import Pair, paired_gain
from modaxfer.result import Result
from modaxfer.runner.evaluation.finished import Finished, read_finished

RESULTS = Path(__file__).resolve().parent.parent / "docs" / "results" / "adaptation.json"
RUNS = Path("runs") / "adaptation"
SEEDS = (0, 1, 2)


@dataclass(frozen=True, kw_only=True)
class Method:
    """A strategy with its options."""

    name: str
    strategy: str
    flags: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """A source, a task without labels, and what is tried between them."""

    name: str
    encoder: str
    source: str
    task: str
    methods: Sequence[Method]
    flags: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    source_run: Method | None = None
    """How the source is learned where methods start from a run of it, by which the source itself is not seen."""
    seeds: Sequence[int] = SEEDS


@dataclass(frozen=True, kw_only=True)
class Chain:
    """Sources that are learned one after the other, then a task with its labels."""

    name: str
    encoder: str
    sources: tuple[str, ...]
    task: str
    strategy: str
    seeds: Sequence[int] = SEEDS

    @property
    def commands(self) -> tuple[Command, ...]:
        """The runs, each with the same without the sources beside it."""
        flags: dict[str, Any] = {"encoder": (self.encoder,), "source-task": self.sources, "strategy": self.strategy}
        flags |= {"task": (self.task,), "precision": "fp32"}
        return tuple(Command(cell=self.name, seed=seed, flags=flags, forked=True) for seed in self.seeds)


CLOSED = (
    Method(name="coral (closed)", strategy="coral", options={"strategy.underneath": "frozen", "strategy.on": "pooled"}),
    Method(name="ot", strategy="ot"),
    Method(name="label-shift", strategy="label-shift", options={"strategy.underneath": "frozen"}),
)
"""Over a frozen encoder, on features that are computed once."""

TAPT = Method(name="tapt", strategy="tapt", options={"strategy.masked_epochs": 3.0})
"""Everything moves, twice."""

ADAMATCH = Method(name="adamatch", strategy="adamatch")

STEPS = (
    Method(name="mcc", strategy="mcc"),
    Method(name="coral", strategy="coral", options={"strategy.on": "outputs"}),
    Method(name="dann", strategy="dann"),
    ADAMATCH,
)
"""Everything moves."""

DIGITS: dict[str, Any] = {
    "encoder": "cnn",
    "methods": STEPS,
    "flags": {"limit": 1000, "epochs": 10.0, "batch-size": 40},
}
FROZEN: dict[str, Any] = {"methods": CLOSED, "flags": {"limit": 1000}}
"""Of each task 1,000 rows, encoded once."""

TRANSFERS = (
    Transfer(name="mnist-usps", source="digits-mnist", task="digits-usps", **DIGITS),
    Transfer(
        name="usps-mnist",
        encoder="cnn",
        source="digits-usps",
        task="digits-mnist",
        methods=(
            Method(
                name="shot",
                strategy="shot",
                flags={"epochs": 10.0, "batch-size": 32},
                options={"train.patience": 0},
            ),
        ),
        source_run=Method(
            name="source",
            strategy="full",
            flags={"epochs": 6.0, "batch-size": 64, "augment": ("rotate=10", "scale=0.4")},
            options={"train.label_smoothing": 0.1, "train.dropout": 0.5, "train.workers": 0},
        ),
    ),
    Transfer(name="books-kitchen", encoder="bert", source="amazon-books", task="amazon-kitchen", **FROZEN),
    Transfer(
        name="jackson-nicolas",
        encoder="whisper",
        source="spoken-digits-jackson",
        task="spoken-digits-nicolas",
        methods=(*CLOSED, replace(ADAMATCH, flags={"epochs": 5.0})),
    ),
    Transfer(name="home-equity-loan-default", encoder="bert", source="home-equity", task="loan-default", **FROZEN),
    Transfer(name="mnist-optical", source="digits-mnist", task="digits-optical", **DIGITS),
    Transfer(
        name="photo-sketch",
        encoder="vit",
        source="pacs-photo",
        task="pacs-sketch",
        methods=CLOSED,
        options={"encoder.image_size": 112},
    ),
    Transfer(
        name="photo-art",
        encoder="vit",
        source="pacs-photo",
        task="pacs-art",
        methods=CLOSED,
        options={"encoder.image_size": 112},
    ),
    Transfer(
        name="books-electronics",
        encoder="bert",
        source="amazon-books",
        task="amazon-electronics",
        **FROZEN,
    ),
    Transfer(
        name="books-kitchen-small",
        encoder="bert",
        source="amazon-books",
        task="amazon-kitchen",
        methods=(replace(ADAMATCH, flags={"epochs": 8.0}), replace(TAPT, flags={"epochs": 3.0})),
        flags={"checkpoint": "embedded/bert-tiny", "limit": 800},
        options={"encoder.max_tokens": 64},
    ),
)

CHAINS = (
    Chain(
        name="credit-chain",
        encoder="table",
        sources=("lending-club-terms", "credit-data-terms"),
        task="german-credit-terms",
        strategy="full",
    ),
)


def commands() -> list[Command]:
    """Return all runs, the first seed of every cell before the second of any."""
    made = [command for transfer in TRANSFERS for command in _commands(transfer)]
    made += [command for chain in CHAINS for command in chain.commands]
    return sorted(made, key=lambda command: command.seed)


def _commands(transfer: Transfer) -> Iterator[Command]:
    for seed in transfer.seeds:
        first = transfer.source_run
        if first is not None:
            yield Command(
                cell=cell_of(transfer, first),
                seed=seed,
                flags={
                    "encoder": (transfer.encoder,),
                    "strategy": first.strategy,
                    "task": (transfer.source,),
                    **transfer.flags,
                    **first.flags,
                },
                options={**transfer.options, **first.options},
                keep=True,
                forked=True,
            )
        for method in transfer.methods:
            ends = {"task": (transfer.task,), **transfer.flags, **method.flags}
            start = {} if first else {"encoder": (transfer.encoder,), "source-task": (transfer.source,)}
            yield Command(
                cell=cell_of(transfer, method),
                seed=seed,
                flags={**start, "strategy": method.strategy, **ends},
                options={**transfer.options, **method.options},
                encoder_of=cell_of(transfer, first) if first else "",
                forked=True,
            )


def cell_of(transfer: Transfer, method: Method) -> str:
    """Return the name of a cell's folder."""
    words = "".join(letter if letter.isalnum() else "-" for letter in method.name)
    return f"{transfer.name}-{words.strip('-')}".replace("--", "-")


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
    shared = {**_plain(transfer.flags), **_plain(transfer.options)}
    cell = _named(told["cells"], method.name) if told and told["settings"] == shared else None
    return cell if cell and cell["settings"] == _settings(method) else None


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
    for command in _commands(transfer):
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
        "source_settings": None if transfer.source_run is None else _settings(transfer.source_run),
        "source": transfer.source,
        "task": transfer.task,
        "metric": first.result.primary,
        "from_run": transfer.source_run is not None,
        "settings": {**_plain(transfer.flags), **_plain(transfer.options)},
        "sample": str(first.result.data["source"]).lower().startswith("sample"),
        "cells": cells,
    }


def describe_cell(method: Method, by_seed: Mapping[int, Finished]) -> dict[str, Any]:
    """Return scores over seeds beside the bounds; rows are those of the first seed."""
    results = [run.result for run in by_seed.values()]
    metric, scores = results[0].primary, [run.score for run in by_seed.values()]
    return {
        "name": method.name,
        "settings": _settings(method),
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


def _settings(method: Method) -> dict[str, Any]:
    return {**_plain(method.flags), **_plain(method.options)}


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


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
