"""Splits: what is held out, so that no group stands on two sides and every class is on both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from modaxfer.data.rows import TooFewRowsError
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

__all__ = ["folds", "group_rows", "hold_out", "sample"]

_MOST = 1.5
"""Rows held out for the sake of rare strata, as a multiple of what is asked for."""


def group_rows(keys: Sequence[Sequence[Hashable]], rows: int) -> np.ndarray:
    """Return int ``[rows]``: the group of each row, numbered from 0 as groups first appear.

    Args:
        keys: Columns of `rows` values each. Two rows that agree in one of the columns are in one group, and so are
            rows that are linked through others. None agrees with nothing.
        rows: Number of rows.
    """
    graph = coo_array((rows, rows), dtype=np.int8)
    for column in keys:
        first: dict[Hashable, int] = {}
        pairs = (row if value is None else first.setdefault(value, row) for row, value in enumerate(column))
        linked = np.fromiter(pairs, dtype=np.int64, count=rows)
        graph = graph + coo_array((np.ones(rows, dtype=np.int8), (np.arange(rows), linked)), shape=(rows, rows))
    return np.asarray(connected_components(graph, directed=False)[1])


def hold_out(strata: np.ndarray, groups: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Choose whole groups that together hold about `fraction` of every stratum.

    Groups with the same composition are interchangeable. Compositions are visited in random order, and from each as
    many groups are taken as bring the share of what was visited so far nearest to `fraction` in every stratum (error
    diffusion). Every stratum that at least two groups have is on both sides in the end, as long as that does not take
    half as many rows again as `fraction` asks for: of many rare strata some are then not held out.

    Args:
        strata: bool ``[rows, strata]``, see `modaxfer.data.targets.strata`.
        groups: int ``[rows]`` group numbers from 0.
        fraction: Share to hold out, between 0 and 1.
        seed: Seed of the choice.

    Returns:
        Sorted positions of the rows held out.

    Raises:
        DataError: The rows form too few groups.
    """
    random = np.random.default_rng(seed)
    contents = np.zeros((groups.max() + 1, strata.shape[1]))
    np.add.at(contents, groups, strata)
    sizes = np.bincount(groups)
    most = max(1, round(_MOST * fraction * len(groups)))
    chosen = _diffuse(contents, fraction, random)
    _release(chosen, sizes, most, random)
    # Classes of two or three rows must not take train's last rows to be tested.
    _cover(contents, chosen, random, sizes, most - int(sizes[chosen].sum()))
    if not chosen.any() or chosen.all():
        raise TooFewRowsError(
            "too few groups of rows to hold some out", got=f"{len(contents)} groups of rows that belong together",
            fix="add rows, or give the splits yourself",
        )  # fmt: skip
    return np.flatnonzero(chosen[groups])


def sample(strata: np.ndarray, size: int, least: int, seed: int) -> np.ndarray:
    """Choose `size` rows at random, in the proportions of `strata`.

    Args:
        strata: bool ``[rows, strata]``.
        size: Rows to choose; all where there are no more.
        least: Rows of every stratum to take where it has them and `size` allows.
        seed: Seed of the choice.

    Returns:
        Sorted positions.
    """
    if size >= len(strata):
        return np.arange(len(strata))
    random = np.random.default_rng(seed)
    _, kind, counts = np.unique(strata, axis=0, return_inverse=True, return_counts=True)
    kind = kind.reshape(-1)  # numpy 2.0 keeps the second axis
    exact = counts * size / counts.sum()
    quota = np.minimum(counts, np.maximum(np.floor(exact).astype(int), least))
    while quota.sum() > size:
        quota[np.argmax(quota)] -= 1
    while quota.sum() < size:
        quota[np.argmax(np.where(quota < counts, exact - quota, -np.inf))] += 1
    picks = [random.permutation(np.flatnonzero(kind == index))[:amount] for index, amount in enumerate(quota)]
    return np.sort(np.concatenate(picks))


def folds(strata: np.ndarray, groups: np.ndarray, count: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return `count` pairs of (training, validation) positions; each row is in one validation part, no group is torn.

    Stratified where every row has one stratum (`sklearn.model_selection.StratifiedGroupKFold`), else `GroupKFold`.

    Raises:
        DataError: There are fewer groups, or fewer rows of a stratum, than folds.
    """
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    rarest = int(strata.sum(axis=0).min())
    distinct = len(np.unique(groups))
    stratified = bool((strata.sum(axis=1) == 1).all())
    if distinct < count or (stratified and rarest < count):
        got = f"{count} folds, {distinct} groups, {rarest} rows of the rarest class"
        raise DataError("too few rows for this many folds", got=got, fix="ask for fewer folds")
    kind = StratifiedGroupKFold if stratified else GroupKFold
    splitter = kind(n_splits=count, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(len(strata)), strata.argmax(axis=1), groups))


def _diffuse(contents: np.ndarray, fraction: float, random: np.random.Generator) -> np.ndarray:
    kinds, kind, counts = np.unique(contents, axis=0, return_inverse=True, return_counts=True)
    kind = kind.reshape(-1)  # As in `sample`.
    total = contents.sum(axis=0)
    weight = 1 / np.maximum(total, 1)
    chosen = np.zeros(len(contents), dtype=bool)
    wanted, held = np.zeros(len(total)), np.zeros(len(total))
    for index in random.permutation(len(kinds)):
        content, count = kinds[index], counts[index]
        wanted = wanted + fraction * count * content
        # Least squares in the number of groups taken, then clipped to what there is and what train must keep.
        best = round(float((weight * content) @ (wanted - held) / ((weight * content) @ content)))
        present = content > 0
        spare = int(((total - held)[present] - 1).min() // content[present].max())
        taken = max(0, min(best, count, spare))
        held = held + taken * content
        chosen[random.permutation(np.flatnonzero(kind == index))[:taken]] = True
    return chosen


def _release(chosen: np.ndarray, sizes: np.ndarray, most: int, random: np.random.Generator) -> None:
    """Let groups go again, at random, until `most` rows are held out: of many small strata each was rounded up."""
    if sizes[chosen].sum() > most:
        order = random.permutation(np.flatnonzero(chosen))
        # One group stays, however large.
        chosen[order[1:][np.cumsum(sizes[order])[1:] > most]] = False


def _cover(contents: np.ndarray, chosen: np.ndarray, random: np.random.Generator, sizes: np.ndarray, room: int) -> None:
    """Add the smallest group of every stratum that is missing on the held-out side, if another one stays behind.

    Of more such strata than `room` has rows for, which ones is a matter of chance.
    """
    order = random.permutation(len(contents))
    order = order[np.argsort(contents[order].sum(axis=1), kind="stable")]
    having = [order[contents[order, stratum] > 0] for stratum in range(contents.shape[1])]
    missing = [groups for groups in having if len(groups) > 1 and not chosen[groups].any()]
    if len(missing) > room:
        missing = [missing[place] for place in random.permutation(len(missing))]
    for groups in missing:
        after = contents[~chosen].sum(axis=0)
        for group in () if chosen[groups].any() else groups:
            if sizes[group] <= room and (after - contents[group])[contents[group] > 0].min() > 0:
                chosen[group] = True
                room -= sizes[group]
                break
