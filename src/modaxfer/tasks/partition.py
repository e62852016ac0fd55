"""Which row stands in which split: leaks and duplicates out, missing splits carved from train, `limit` applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from modaxfer.data.cleaning import conflicts, few_distinct, find_duplicates
from modaxfer.data.near_copies import count_near_copies
from modaxfer.data.rows import TooFewRowsError
from modaxfer.data.splits import group_rows, hold_out, sample
from modaxfer.errors import DataError
from modaxfer.problems.labels.names import named, unseen
from modaxfer.registry import problem_of
from modaxfer.source_specs import StreamSource
from modaxfer.spec import SPLITS, SplitPolicy, TaskSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from scipy.sparse import csr_array

    from modaxfer.data.rows import Fault, Ledger, Rows
    from modaxfer.tasks.intake import Intake

__all__ = ["carve", "divide", "findings", "groups_of", "limited", "require_rows", "strata_of", "streamed_group"]

_FEWEST_ROWS = 10
"""Fewest labelled rows from which splits are made."""


def divide(spec: TaskSpec, intake: Intake, seed: int, ledger: Ledger) -> tuple[dict[str, Rows], tuple[str, ...]]:
    """Return the final splits, always three, and what a reader of the scores should know of them.

    Given splits are kept. Rows of train that the task's policy forbids there, and exact copies of a training row, are
    dropped; rows of validation and test are never dropped for being copies. In a table of few distinct rows equal rows
    are separate observations: they are kept and may be parted.

    Raises:
        DataError: Too few rows, one class only, a class too rare to be parted, or an empty split.
    """
    rows = _disjoint(intake.rows, spec.splits, ledger)
    coarse = few_distinct(rows["train"], intake.fields)
    if not coarse:
        rows["train"] = ledger.drop(rows["train"], find_duplicates(rows["train"]))
    ledger.refuse_if_asked()
    require_rows(spec, rows, intake.classes, ledger)
    for split, fraction in (("test", spec.splits.test_fraction), ("validation", spec.splits.validation_fraction)):
        if split not in rows:
            rows["train"], rows[split] = carve(spec, rows["train"], intake.classes, fraction, seed, coarse=coarse)
    rows = {split: rows[split] for split in SPLITS}
    return rows, findings(rows, intake, [split for split in SPLITS if split not in intake.rows], coarse=coarse)


def limited(
    rows: Mapping[str, Rows], spec: TaskSpec, classes: tuple[str, ...], limits: Mapping[str, int | None], seed: int
) -> dict[str, Rows]:
    """Keep so many rows of each split, chosen at random in the classes' shares; None keeps all.

    Every class keeps two rows of every split where it has them; the other splits may grow a little for that. Of a
    stream whole groups are kept, where it has any.

    Raises:
        DataError: The limit of training rows is smaller than the number of classes, or a limit than the groups.
    """
    least = limits["train"]
    if least is not None and least < len(classes):
        raise DataError(f"the limit is below the number of classes, {len(classes)}", got=least, fix="raise --limit")
    kept = dict(rows)
    for split, limit in limits.items():
        if limit is not None:
            kinds = strata_of(spec, rows[split], classes)
            size = limit if split == "train" else max(limit, 2 * kinds.shape[1])
            if group := streamed_group(spec):
                groups = group_rows([_values(rows[split], group)], len(rows[split]))
                kept[split] = rows[split].take(_whole_groups(kinds, groups, size, seed))
            else:
                kept[split] = rows[split].take(sample(kinds, size, least=2, seed=seed))
    return kept


def streamed_group(spec: TaskSpec) -> tuple[str, ...]:
    """Return the columns whose equal values a stream keeps together."""
    return next((source.group for source in spec.sources if isinstance(source, StreamSource)), ())


def _whole_groups(strata: csr_array, groups: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Return sorted positions of whole groups with at most `size` rows, in about the proportions of `strata`."""
    if size >= len(groups):
        return np.arange(len(groups))
    held = hold_out(strata, groups, size / len(groups), seed)
    order = np.random.default_rng(seed).permutation(np.unique(groups[held]))
    sizes = np.bincount(groups)[order]
    within = order[np.cumsum(sizes) <= size]
    if not len(within):
        raise TooFewRowsError(
            "the limit is smaller than a group, which is kept whole", got=f"{size} rows, groups of {sizes[0]} and more",
            fix="raise --limit, or leave --group out",
        )  # fmt: skip
    return np.flatnonzero(np.isin(groups, within))


def _disjoint(given: Mapping[str, Rows], policy: SplitPolicy, ledger: Ledger) -> dict[str, Rows]:
    rows = dict(given)
    if policy.disjoint:
        what = f"its {' and '.join(policy.disjoint)} also stands"
        _drop_twins(rows, lambda part: _values(part, policy.disjoint), what, ledger)
    if policy.disjoint_inputs:
        _drop_twins(rows, lambda part: part.digests, "its inputs also stand", ledger)
    return rows


def _drop_twins(rows: dict[str, Rows], keys: Callable[[Rows], Sequence[Hashable]], what: str, ledger: Ledger) -> None:
    """Drop rows of train (then validation) whose key stands in a later split; a key of None is nobody's twin."""
    for split, later in (("train", ("test", "validation")), ("validation", ("test",))):
        for other in later:
            if split not in rows or other not in rows:
                continue
            there = set(keys(rows[other]))
            faults: dict[int, Fault] = {
                position: (f"also_in_{other}", f"{what} in {other}")
                for position, key in enumerate(keys(rows[split]))
                if key is not None and key in there
            }
            rows[split] = ledger.drop(rows[split], faults, bad=False)


def _values(rows: Rows, columns: tuple[str, ...]) -> list[Hashable]:
    """Return one value per row; None where every column is null, which makes a row nobody's twin."""
    values = zip(*(rows.table.column(name).to_pylist() for name in columns), strict=True)
    return [None if all(part is None for part in value) else value for value in values]


def require_rows(spec: TaskSpec, rows: Mapping[str, Rows], classes: tuple[str, ...], ledger: Ledger) -> None:
    """Refuse splits without rows, too few training rows, and labels that never vary.

    Raises:
        DataError: Says what is missing, and which rows were dropped.
    """
    for split, part in rows.items():
        if not len(part):
            raise TooFewRowsError(
                f"no usable row is left in split {split}", file=part.file, got=ledger.account(split) or "no rows",
                fix="repair these rows, or name other columns if these are not the inputs or the label",
            )  # fmt: skip
    train = rows["train"]
    lost = f"; {account}" if (account := ledger.account("train")) else ""
    carving = len(rows) < len(SPLITS)
    if len(train) < (_FEWEST_ROWS if carving else 2):
        least = f"at least {_FEWEST_ROWS} labelled rows" if carving else "at least 2 labelled training rows"
        raise TooFewRowsError(
            "not enough rows", file=train.file, got=f"{len(train)}{lost}", allowed=least, fix="add rows"
        )
    lack = problem_of(spec.target.problem).labels.shortage(train.labels, classes, parted=carving)
    if lack is not None:
        raise TooFewRowsError(
            lack.what,
            file=train.file,
            column=spec.target.column,
            got=f"{lack.got}{lost}",
            fix=f"{'repair these rows, or ' if lost else ''}{lack.fix}",
        )


def carve(
    spec: TaskSpec, train: Rows, classes: tuple[str, ...], fraction: float, seed: int, *, coarse: bool
) -> tuple[Rows, Rows]:
    """Return the training rows that stay, and those that are held out: about `fraction` of each class, groups whole.

    Raises:
        DataError: The rows form too few groups.
    """
    held = hold_out(strata_of(spec, train, classes), groups_of(spec, train, coarse=coarse), fraction, seed)
    return train.take(np.setdiff1d(np.arange(len(train)), held)), train.take(held)


def groups_of(spec: TaskSpec, rows: Rows, *, coarse: bool) -> np.ndarray:
    """Return int ``[rows]``: the group of each row, from 0: what the task keeps together, and equal inputs.

    In a table so `coarse` that equal rows are separate observations these are no group.
    """
    policy = spec.splits
    keys: list[Sequence[Hashable]] = [_values(rows, columns) for columns in (policy.group, policy.disjoint) if columns]
    keys += [] if coarse else [rows.digests]
    return group_rows(keys, len(rows))


def strata_of(spec: TaskSpec, rows: Rows, classes: tuple[str, ...]) -> csr_array:
    """Return sparse bool ``[rows, strata]``: what every split should hold in equal shares."""
    labels = problem_of(spec.target.problem).labels
    return labels.strata(labels.encode(rows.labels, classes))


def _untested(rows: Mapping[str, Rows], classes: Sequence[str], made: Sequence[str]) -> list[str]:
    """Say which classes have too few rows to be in every split that was made from others."""
    asked = {split: {name for label in rows[split].labels for name in named(label)} for split in made}
    lacking = {split: [name for name in classes if name not in names] for split, names in asked.items()}
    return [
        f"no {split} row has the class {_few(names)}: too few rows to part" for split, names in lacking.items() if names
    ]


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{', '.join(names[:5])}{more}"


def findings(rows: Mapping[str, Rows], intake: Intake, made: Sequence[str], *, coarse: bool) -> tuple[str, ...]:
    """Return what a reader of the scores should know of the splits, one line each.

    Args:
        rows: The final splits.
        intake: What they were made of.
        made: Splits that the data did not bring.
        coarse: Whether equal rows are separate observations.
    """
    found = []
    if intake.constant:
        found.append(f"columns with one value throughout were left out: {', '.join(intake.constant)}")
    labels = {name for label in rows["train"].labels for name in named(label)}
    if absent := [name for name in intake.classes if name not in labels]:
        found.append(f"no training row has the class {', '.join(absent)}")
    found += _untested(rows, intake.classes, made)
    for split in ("validation", "test"):
        if strange := unseen(rows[split].labels, intake.classes):
            names = ", ".join(sorted({name for labels in strange.values() for name in labels}))
            found.append(
                f"{len(strange)} of {len(rows[split])} {split} rows have a class that no training row has ({names}): "
                "they are kept and count as errors"
            )
    if coarse:
        distinct = len(set(rows["train"].digests))
        found.append(
            f"only {distinct} distinct rows among {len(rows['train'])} training rows; equal rows were all kept"
        )
        return tuple(found)
    if clashes := conflicts(rows["train"]):
        found.append(f"inputs that stand in train with two or more different labels: {clashes}; they were kept")
    train = set(rows["train"].digests)
    shared = {split: sum(digest in train for digest in rows[split].digests) for split in ("validation", "test")}
    leaks = [
        f"{count} of {len(rows[split])} {split} rows have the same inputs as a training row"
        for split, count in shared.items()
        if count
    ]
    near = {split: count_near_copies(rows[split], rows["train"], intake.fields) for split in ("validation", "test")}
    leaks += [
        f"{count} of {len(rows[split])} {split} rows equal a training row but for letter case, spaces or punctuation"
        for split, count in near.items()
        if count
    ]
    return (*found, *leaks)
