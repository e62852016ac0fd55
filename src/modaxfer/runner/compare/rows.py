"""The test rows that ways of training share, repeat by repeat: only what is scored on the same rows can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from modaxfer.errors import DataError
from modaxfer.metrics import Scored
from modaxfer.metrics.evidence import Split
from modaxfer.runner.compare.entries import Entry
from modaxfer.runner.evaluation.finished import Finished

__all__ = ["Contender", "Shared", "shared_rows"]

Repeat = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One way of training on one task, cut to the rows that all ways share."""

    name: str
    runs: tuple[Finished, ...]
    """One per repeat, as they were written."""
    repeats: tuple[Repeat, ...]
    """Seed, and number of the few-shot draw, of each."""
    splits: tuple[Split, ...]
    """Per repeat the rows in common."""
    scored: tuple[Scored, ...]
    """Per repeat what the run says of those."""


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What is compared on one task."""

    contenders: tuple[Contender, ...]
    same_rows: bool
    """Whether every repeat has the same rows."""
    notes: tuple[str, ...]
    """What was left out, one line each."""


def shared_rows(entries: Sequence[Entry]) -> Shared:
    """Cut the runs of one task to the rows that they have in common.

    Where every run has some rows in common with every other, those are taken, and repeats need not be the same. Where
    splits were carved by the seed, only repeats that every way of training has are taken, each with its own rows.

    Raises:
        DataError: Labels differ, or there is no row in common.
    """
    _require_labels(entries)
    named: dict[str, dict[Repeat, Finished]] = {}
    for entry in entries:
        if named.setdefault(entry.contender, {}).setdefault(entry.repeat, entry.run) is not entry.run:
            raise DataError(
                "two runs are the same way of training with the same seed",
                got=[str(named[entry.contender][entry.repeat].folder), str(entry.run.folder)],
                fix="leave one of them out",
            )
    notes: list[str] = []
    pools = {run.ids for found in named.values() for run in found.values()}
    by_seed = any(len({run.ids for run in found.values()}) > 1 for found in named.values())
    if by_seed:
        named = _common_repeats(named, notes)
    blocks = _blocks(named, by_seed)
    whole = max(len(ids) for ids in pools)
    fewest = min(map(len, blocks.values()))
    if len(pools) > 1 and fewest < whole and not by_seed:
        notes.append(f"runs were scored on different rows: compared on the {fewest:,} of {whole:,} that all have")
    elif by_seed:
        notes.append("each seed has a test split of its own: its runs are compared on those rows")
    together = {repeat: _clusters(named, ids) for repeat, ids in blocks.items()}
    cut = tuple(_cut(name, found, blocks, together) for name, found in named.items())
    return Shared(contenders=cut, same_rows=not by_seed, notes=tuple(notes))


def _common_repeats(
    named: Mapping[str, Mapping[Repeat, Finished]], notes: list[str]
) -> dict[str, dict[Repeat, Finished]]:
    common = set.intersection(*(set(found) for found in named.values()))
    if not common:
        raise DataError(
            "test splits were carved by the seed, and no seed is common to all runs of the task",
            got={name: [seed for seed, _ in found] for name, found in named.items()},
            fix="train them with the same --seed",
        )
    left = sorted({repeat for found in named.values() for repeat in found} - common)
    if left:
        notes.append(
            f"left out, since not every way of training has it: {', '.join(f'seed {seed}' for seed, _ in left)}"
        )
    return {name: {repeat: found[repeat] for repeat in sorted(common)} for name, found in named.items()}


def _blocks(named: Mapping[str, Mapping[Repeat, Finished]], by_seed: bool) -> dict[Repeat, tuple[str, ...]]:
    """Return the ids of the rows in common, by repeat; sorted, as those of a run are."""
    repeats = sorted({repeat for found in named.values() for repeat in found})
    runs = {repeat: [found[repeat] for found in named.values() if repeat in found] for repeat in repeats}
    everything = [run for found in runs.values() for run in found]
    blocks = {repeat: _in_common(found if by_seed else everything) for repeat, found in runs.items()}
    if not all(blocks.values()):
        raise DataError(
            "runs of one task have no test row in common",
            got=sorted({str(run.result.data.get("source")) for run in everything}),
            fix="score them on the same split: the same data, and the same --seed where the split is carved",
        )
    return blocks


def _in_common(runs: Sequence[Finished]) -> tuple[str, ...]:
    common = set(runs[0].ids).intersection(*(run.ids for run in runs[1:]))
    return tuple(name for name in runs[0].ids if name in common)


def _clusters(named: Mapping[str, Mapping[Repeat, Finished]], ids: tuple[str, ...]) -> np.ndarray | None:
    """Return which of the rows `ids` belong together, by the run that joins most of them.

    A part of a split may lack the row that links two others. All runs are drawn by one, or their differences would be
    of different draws.
    """
    runs = [run for found in named.values() for run in found.values() if set(ids) <= set(run.ids)]
    told = [run.clusters[_places(run, ids)] for run in runs if run.clusters is not None]
    return min(told, key=lambda numbers: len(np.unique(numbers)), default=None)


def _places(run: Finished, ids: tuple[str, ...]) -> np.ndarray:
    place = {row: number for number, row in enumerate(run.ids)}
    return np.array([place[row] for row in ids], np.int64)


def _cut(
    name: str,
    given: Mapping[Repeat, Finished],
    blocks: Mapping[Repeat, tuple[str, ...]],
    clusters: Mapping[Repeat, np.ndarray | None],
) -> Contender:
    found = dict(sorted(given.items()))
    splits, scored = [], []
    for repeat, run in found.items():
        rows, said = _places(run, blocks[repeat]), run.scored
        splits.append(Split(references=run.references[rows], clusters=clusters[repeat]))
        scored.append(
            Scored(predictions=said.predictions[rows], scores=None if said.scores is None else said.scores[rows])
        )
    return Contender(
        name=name, runs=tuple(found.values()), repeats=tuple(found), splits=tuple(splits), scored=tuple(scored)
    )


def _require_labels(entries: Sequence[Entry]) -> None:
    """Check that all runs know the same classes, and that the rows of the same name have the same answer."""
    first = entries[0].run
    for entry in entries[1:]:
        run = entry.run
        for what in ("problem", "classes"):
            if run.result.data.get(what) != first.result.data.get(what):
                raise DataError(
                    f"runs of {entry.task} differ in their {what}",
                    got=f"{first.result.data.get(what)} in {first.folder}, {run.result.data.get(what)} in {run.folder}",
                    fix="compare runs that learned the same labels",
                )
        known = {row: number for number, row in enumerate(first.ids)}
        both = [(known[row], number) for number, row in enumerate(run.ids) if row in known]
        wrong = [run.ids[b] for a, b in both if not np.array_equal(first.references[a], run.references[b])]
        if wrong:
            raise DataError(
                f"{len(wrong)} rows of {entry.task} have another answer in another run",
                file=run.folder / "predictions.parquet",
                got=wrong[:3],
                fix="the data changed between the runs: train one of them again",
            )
