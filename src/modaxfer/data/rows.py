"""The rows of one split on their way from file to task, and the ledger of those that did not get through."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from modaxfer.errors import GIVEN, DataError, place_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modaxfer.contracts import Label

__all__ = ["Fault", "Ledger", "Rows", "TooFewRowsError"]

_LARGE = {pa.string(): pa.large_string(), pa.binary(): pa.large_binary()}
_MOST_BYTES = 2**31 - 1
"""What offsets of 32 bits can reach."""

Fault = tuple[str, str]
"""Reason a row is unusable (a key of ``data.dropped``) and the detail for people."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Conformed inputs of one split with their labels; position i means the same row everywhere."""

    table: pa.Table
    """Input columns, then the columns that are kept for grouping."""
    labels: Sequence[Label]
    numbers: np.ndarray
    """int64 ``[rows]``: row number in the file, from 1."""
    split: str
    """Split that the data put the row in; with the number it makes the row id, wherever the row goes."""
    file: str
    media: Mapping[str, Sequence[bytes]]
    """By media field, a digest of each row's encoded bytes; empty until they were read."""
    digests: Sequence[bytes] = ()
    """16 bytes per row, equal for equal inputs; empty until they were computed."""
    named: Sequence[str] = ()
    """Id of each row, where rows of several splits stand together; empty where split and number make it."""

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def take(self, indices: np.ndarray) -> Rows:
        """Return the rows at `indices`, in that order."""
        return replace(
            self,
            table=_large(self.table).take(pa.array(indices, pa.int64())),
            labels=[self.labels[index] for index in indices],
            numbers=self.numbers[indices],
            media={name: [values[index] for index in indices] for name, values in self.media.items()},
            digests=[self.digests[index] for index in indices] if self.digests else (),
            named=[self.named[index] for index in indices] if self.named else (),
        )

    def ids(self) -> list[str]:
        """Return one id per row, such as ``test-17``: split and row number as the data gave them."""
        return list(self.named) or [f"{self.split}-{number}" for number in self.numbers]

    @staticmethod
    def joined(parts: Sequence[Rows]) -> Rows:
        """Return the rows of several splits one behind the other; each keeps its id."""
        media = {name: [value for part in parts for value in part.media[name]] for name in parts[0].media}
        return replace(
            parts[0],
            table=pa.concat_tables([part.table for part in parts], promote_options="permissive"),
            labels=[label for part in parts for label in part.labels],
            numbers=np.concatenate([part.numbers for part in parts]),
            media=media,
            digests=[digest for part in parts for digest in part.digests],
            named=[name for part in parts for name in part.ids()],
        )


_SHOWN, _WIDEST = 3, 240
"""Rows that a message names, and characters that it gives to each."""


class TooFewRowsError(DataError):
    """Fewer usable rows than a task needs; where only a part was read, more may help."""


def _large(table: pa.Table) -> pa.Table:
    """Return `table` with text and bytes of 2 GiB and more in a type that can hold them in one piece."""
    for place, field in enumerate(table.schema):
        large = _LARGE.get(field.type)
        if large is not None and table.column(place).nbytes > _MOST_BYTES:
            table = table.set_column(place, field.with_type(large), table.column(place).cast(large))
    return table


class Ledger:
    """Counts dropped rows per reason and names each of them.

    Args:
        policy: ``drop`` or ``fail``: what `refuse_if_asked` does when a row was unusable.
    """

    def __init__(self, policy: str) -> None:
        self._policy = policy
        self._bad: list[str] = []
        self._reasons: dict[str, Counter[str]] = {}
        self._first: dict[str, list[str]] = {}
        self.dropped: Counter[str] = Counter()
        self.lines: list[str] = []
        self.notes: list[str] = []
        """What a reader of the scores should know of the rows, one sentence each."""

    def drop(self, rows: Rows, faults: Mapping[int, Fault], *, bad: bool = True) -> Rows:
        """Note every row in `faults` and return the others.

        Args:
            rows: Rows of one split.
            faults: By position, why the row cannot stay.
            bad: False for rows that are fine but that the task's own policy takes out; those are never refused.
        """
        if not faults:
            return rows
        reasons = self._reasons.setdefault(rows.split, Counter())
        first = self._first.setdefault(rows.split, [])
        for position, (reason, detail) in sorted(faults.items()):
            self.dropped[reason] += 1
            reasons[reason] += 1
            line = f"{_place(rows, position)}: {detail}"
            self.lines.append(line)
            if len(first) < _SHOWN:
                first.append(line)
            if bad:
                self._bad.append(line)
        left = np.asarray([position for position in range(len(rows)) if position not in faults], dtype=np.int64)
        kept = rows.take(left)
        if bad and (gone := _classes(rows.labels) - _classes(kept.labels)):
            names = f"{len(gone)} classes have" if len(gone) > _SHOWN else f"class {', '.join(sorted(gone))} has"
            self.notes.append(f"{names} no row left in {rows.split}: {self.account(rows.split)}")
        return kept

    def account(self, split: str) -> str:
        """Return how many rows of `split` were dropped, why, and the first of them; empty where none was."""
        reasons = self._reasons.get(split)
        if not reasons:
            return ""
        counts = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        shown = [_brief(line) for line in self._first[split]]
        more = f"; and {reasons.total() - len(shown)} more" if reasons.total() > len(shown) else ""
        return f"rows dropped: {counts}: {'; '.join(shown)}{more}"

    def refuse_if_asked(self) -> None:
        """End here if the policy is ``fail`` and a row was bad.

        Raises:
            DataError: Counts the bad rows and names the first ones.
        """
        if self._policy == "drop" or not self._bad:
            return
        more = ("...",) if len(self._bad) > 5 else ()
        raise DataError(
            f"unusable rows: {len(self._bad)}", got="; ".join((*self._bad[:5], *more)),
            fix="repair or remove them, or let them be dropped with --on-bad-row drop",
        )  # fmt: skip


def _place(rows: Rows, position: int) -> str:
    number = int(rows.numbers[position])
    return place_of(rows.file, number) if rows.file.endswith(GIVEN) else f"{Path(rows.file).name} row {number}"


def _brief(line: str) -> str:
    """Return a row's fault without the advice that holds for every row."""
    fault, _, advice = line.partition(" Fix: ")
    line = f"{fault.rstrip('.')}; {advice}" if advice.startswith("did you mean") else fault
    return f"{line[:_WIDEST]}..." if len(line) > _WIDEST else line.rstrip(".")


def _classes(labels: Sequence[Label]) -> set[str]:
    parts = (part for label in labels for part in (label if isinstance(label, tuple) else (label,)))
    return {part for part in parts if isinstance(part, str)}
