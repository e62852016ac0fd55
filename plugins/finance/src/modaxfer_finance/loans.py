"""Two tables of loans under the same column names, so that one can be the source of the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from modaxfer.data import read_data, require_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from modaxfer.data import Tables

__all__ = ["home_equity", "loan_default"]

_PURPOSES = {
    "DebtCon": "debt consolidation",
    "DEBTCONSOLIDATION": "debt consolidation",
    "HomeImp": "home improvement",
    "HOMEIMPROVEMENT": "home improvement",
}
"""Others are written small."""


def home_equity(folder: Path) -> Tables:
    """Return the home equity loans in `folder`, split by split; months of history become years.

    Raises:
        DataError: A column is missing.
    """
    return _renamed(
        folder,
        {
            "amount": ("loan", _same),
            "purpose": ("reason", _purpose),
            "years_employed": ("yoj", _same),
            "years_of_history": ("clage", lambda months: months / 12),
            "earlier_default": ("derog", lambda reports: "yes" if reports > 0 else "no"),
        },
    )


def loan_default(folder: Path) -> Tables:
    """Return the loans in `folder`, split by split.

    Raises:
        DataError: A column is missing.
    """
    return _renamed(
        folder,
        {
            "amount": ("loan_amnt", _same),
            "purpose": ("loan_intent", _purpose),
            "years_employed": ("person_emp_length", _same),
            "years_of_history": ("cb_person_cred_hist_length", _same),
            "earlier_default": ("cb_person_default_on_file", lambda known: "yes" if known == "Y" else "no"),
        },
    )


def _renamed(folder: Path, columns: Mapping[str, tuple[str, Callable[[Any], Any]]]) -> Tables:
    """Return each column made of another, cell by cell; what is missing stays missing."""

    def told(table: pa.Table) -> pa.Table:
        require_columns(table, [*(name for name, _ in columns.values()), "label"])
        made = {
            name: pa.array([None if _missing(cell) else tell(cell) for cell in table.column(own).to_pylist()])
            for name, (own, tell) in columns.items()
        }
        # Metadata says which file it was read from.
        return pa.table({**made, "label": table.column("label")}).replace_schema_metadata(table.schema.metadata)

    return {split: told(table) for split, table in read_data(folder).items()}


def _missing(cell: object) -> bool:
    return cell is None or cell != cell


def _same(cell: Any) -> Any:
    return cell


def _purpose(cell: str) -> str:
    return _PURPOSES.get(cell, cell.lower())
