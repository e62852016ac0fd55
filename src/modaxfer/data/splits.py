"""Splits: what is held out, so that no group stands on two sides and every class is on both."""

from __future__ import annotations

from itertools import chain, pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from modaxfer.data.rows import TooFewRowsError

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

__all__ = ["group_rows", "hold_out", "sample"]
_MOST = 1.5
"""Rows held out for the sake of rare strata, as a multiple of what is asked for."""

FEW = 256
"""Strata up to which sums run over all of them, so that a seed goes on choosing the rows that it always chose."""


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


def hold_out(strata: csr_array, groups: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Choose whole groups that together hold about `fraction` of every stratum.

    Groups with the same composition are interchangeable. Compositions are visited in random order, and from each as
    many groups are taken as bring the share of what was visited so far nearest to `fraction` in every stratum (error
    diffusion). Every stratum that at least two groups have is on both sides in the end, as long as that does not take
    half as many rows again as `fraction` asks for: of many rare strata some are then not held out.

    Args:
        strata: sparse bool ``[rows, strata]``, see `modaxfer.contracts.LabelType.strata`.
        groups: int ``[rows]`` group numbers from 0.
        fraction: Share to hold out, between 0 and 1.
        seed: Seed of the choice.

    Returns:
        Sorted positions of the rows held out.

    Raises:
        DataError: The rows form too few groups.
    """
    random = np.random.default_rng(seed)
    contents = _contents(strata, groups)
    sizes = np.bincount(groups)
    most = max(1, round(_MOST * fraction * len(groups)))
    chosen = _diffuse(contents, fraction, random)
    _release(chosen, sizes, most, random)
    # Classes of two or three rows must not take train's last rows to be tested.
    _cover(contents, chosen, random, sizes, most - int(sizes[chosen].sum()))
    if not chosen.any() or chosen.all():
        raise TooFewRowsError(
            "too few groups of rows to hold some out", got=f"{contents.shape[0]} groups of rows that belong together",
            fix="add rows, or give the splits yourself",
        )  # fmt: skip
    return np.flatnonzero(chosen[groups])


def sample(strata: csr_array, size: int, least: int, seed: int) -> np.ndarray:
    """Choose `size` rows at random, in the proportions of `strata`.

    Args:
        strata: sparse bool ``[rows, strata]``.
        size: Rows to choose; all where there are no more.
        least: Rows of every stratum to take where it has them and `size` allows.
        seed: Seed of the choice.

    Returns:
        Sorted positions.
    """
    if size >= strata.shape[0]:
        return np.arange(strata.shape[0])
    random = np.random.default_rng(seed)
    members = _alike(strata)[1]
    counts = np.array([len(rows) for rows in members])
    exact = counts * size / counts.sum()
    quota = np.minimum(counts, np.maximum(np.floor(exact).astype(int), least))
    while quota.sum() > size:
        quota[np.argmax(quota)] -= 1
    while quota.sum() < size:
        quota[np.argmax(np.where(quota < counts, exact - quota, -np.inf))] += 1
    picks = [random.permutation(rows)[:amount] for rows, amount in zip(members, quota, strict=True)]
    return np.sort(np.concatenate(picks))


def _contents(strata: csr_array, groups: np.ndarray) -> csr_array:
    """Return sparse int ``[groups, strata]``: how many rows of a stratum each group has."""
    rows = len(groups)
    member = csr_array((np.ones(rows, np.int64), (groups, np.arange(rows))), shape=(groups.max() + 1, rows))
    contents = csr_array(member @ strata.astype(np.int64))
    contents.sort_indices()
    return contents


def _alike(contents: csr_array) -> tuple[list[tuple[np.ndarray, np.ndarray]], list[np.ndarray]]:
    """Find rows of `contents` that are equal.

    Returns:
        The distinct ones, as places and values, in the order that their dense rows would be sorted in; and for each
        the positions of its equals.
    """
    found: dict[tuple[int, ...], list[int]] = {}
    starts, places, values = contents.indptr.tolist(), (-contents.indices).tolist(), contents.data.tolist()
    for row, (start, stop) in enumerate(pairwise(starts)):
        # Where two rows part, the one with an entry further left, or a larger one there, is the greater.
        key = tuple(chain.from_iterable(zip(places[start:stop], values[start:stop], strict=True)))
        found.setdefault(key, []).append(row)
    ordered = sorted(found.items())
    kinds = [(-np.array(key[::2], np.int64), np.array(key[1::2], float)) for key, _ in ordered]
    return kinds, [np.array(rows) for _, rows in ordered]


def _diffuse(contents: csr_array, fraction: float, random: np.random.Generator) -> np.ndarray:
    kinds, members = _alike(contents)
    total = contents.sum(axis=0).astype(float)
    weight = 1 / np.maximum(total, 1)
    chosen = np.zeros(contents.shape[0], dtype=bool)
    wanted, held = np.zeros(len(total)), np.zeros(len(total))
    for index in random.permutation(len(kinds)):
        (present, content), count = kinds[index], len(members[index])
        wanted[present] += fraction * count * content
        # Least squares in the number of groups taken, then clipped to what there is and what train must keep.
        places, amounts = (present, content) if len(total) > FEW else _dense(present, content, len(total))
        weighted = weight[places] * amounts
        best = round(float(weighted @ (wanted[places] - held[places]) / (weighted @ amounts)))
        spare = int((total[present] - held[present] - 1).min() // content.max())
        taken = max(0, min(best, count, spare))
        held[present] += taken * content
        chosen[random.permutation(members[index])[:taken]] = True
    return chosen


def _dense(places: np.ndarray, amounts: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    whole = np.zeros(width)
    whole[places] = amounts
    return np.arange(width), whole


def _release(chosen: np.ndarray, sizes: np.ndarray, most: int, random: np.random.Generator) -> None:
    """Let groups go again, at random, until `most` rows are held out: of many small strata each was rounded up."""
    if sizes[chosen].sum() > most:
        order = random.permutation(np.flatnonzero(chosen))
        # One group stays, however large.
        chosen[order[1:][np.cumsum(sizes[order])[1:] > most]] = False


def _cover(contents: csr_array, chosen: np.ndarray, random: np.random.Generator, sizes: np.ndarray, room: int) -> None:
    """Add the smallest group of every stratum that is missing on the held-out side, if another one stays behind.

    Of more such strata than `room` has rows for, which ones is a matter of chance.
    """
    order = random.permutation(len(chosen))
    order = order[np.argsort(contents.sum(axis=1)[order], kind="stable")]
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    columns, left = contents.tocsc(), contents[~chosen].sum(axis=0)
    having = [columns.indices[first:last] for first, last in pairwise(columns.indptr)]
    missing = [groups for groups in having if len(groups) > 1 and not chosen[groups].any()]
    if len(missing) > room:
        missing = [missing[place] for place in random.permutation(len(missing))]
    for groups in missing:
        for group in () if chosen[groups].any() else groups[np.argsort(rank[groups])]:
            own = slice(contents.indptr[group], contents.indptr[group + 1])
            present, content = contents.indices[own], contents.data[own]
            if sizes[group] <= room and (left[present] - content).min() > 0:
                chosen[group] = True
                left[present] -= content
                room -= sizes[group]
                break
