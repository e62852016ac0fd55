"""Tables of loans under the same column names, so that one can be the source of the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from modaxfer.data import read_data, require_columns
from modaxfer_finance import packaged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from modaxfer.data import Tables

__all__ = ["credit_data_terms", "german_credit_terms", "home_equity", "lending_club_terms", "loan_default"]

_PURPOSES = {
    "DebtCon": "debt consolidation",
    "DEBTCONSOLIDATION": "debt consolidation",
    "HomeImp": "home improvement",
    "HOMEIMPROVEMENT": "home improvement",
}
"""Others are written small."""

_GERMAN_BANDS = {
    "<1 year": "under 1 year",
    "1-4 years": "1 to 4 years",
    "4-7 years": "4 to 7 years",
    ">=7 years": "7 years or more",
}
"""Who is unemployed has no time in a job."""


def home_equity(folder: Path) -> Tables:
    """Return the home equity loans in `folder`, split by split; months of history become years.

    Raises:
        DataError: A column is missing.
    """
    return _renamed(
        read_data(folder),
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
        read_data(folder),
        {
            "amount": ("loan_amnt", _same),
            "purpose": ("loan_intent", _purpose),
            "years_employed": ("person_emp_length", _same),
            "years_of_history": ("cb_person_cred_hist_length", _same),
            "earlier_default": ("cb_person_default_on_file", lambda known: "yes" if known == "Y" else "no"),
        },
    )


def german_credit_terms(folder: Path) -> Tables:
    """Return amount, duration and time in the job of the German loans in `folder`, split by split.

    Raises:
        DataError: A column is missing.
    """
    columns = {"amount": ("credit_amount", _same), "duration": ("duration", _same)}
    return _renamed(read_data(folder), {**columns, "employed": ("employment", _GERMAN_BANDS.get)})


def lending_club_terms(folder: Path | None = None) -> Tables:
    """Return the same of Lending Club's loans, in `folder` or out of the package that ships them.

    Raises:
        DataError: A column is missing.
        MissingPackageError: No folder is given, and the package is not installed.
    """
    columns = {"amount": ("funded_amnt", _same), "duration": ("term", lambda term: int(term.rpartition("_")[2]))}
    return _renamed(_given(folder, packaged.lending_club), {**columns, "employed": ("emp_length", _lending_club_band)})


def credit_data_terms(folder: Path | None = None) -> Tables:
    """Return the same of the loans of `credit-data`, in `folder` or out of the package that ships them.

    Raises:
        DataError: A column is missing.
        MissingPackageError: No folder is given, and the package is not installed.
    """
    columns = {"amount": ("Amount", _same), "duration": ("Time", _same)}
    return _renamed(_given(folder, packaged.credit_data), {**columns, "employed": ("Seniority", _band)})


def _given(folder: Path | None, package: Callable[[], Tables]) -> Tables:
    return package() if folder is None else read_data(folder)


def _lending_club_band(code: str) -> str | None:
    """Turn ``emp_lt_1``, ``emp_4``, ``emp_ge_10`` into a band; who said nothing (``emp_unk``) has none."""
    last = code.rpartition("_")[2]
    return None if last == "unk" else _band(0 if "_lt_" in code else int(last))


def _band(years: float) -> str:
    return next((band for most, band in _BANDS if years < most), "7 years or more")


_BANDS = ((1, "under 1 year"), (4, "1 to 4 years"), (7, "4 to 7 years"))


def _renamed(tables: Tables, columns: Mapping[str, tuple[str, Callable[[Any], Any]]]) -> Tables:
    """Return each column made of another, cell by cell; what is missing stays missing."""

    def told(table: pa.Table) -> pa.Table:
        require_columns(table, [*(name for name, _ in columns.values()), "label"])
        made = {
            name: pa.array([None if _missing(cell) else tell(cell) for cell in table.column(own).to_pylist()])
            for name, (own, tell) in columns.items()
        }
        # Metadata says which file it was read from.
        return pa.table({**made, "label": table.column("label")}).replace_schema_metadata(table.schema.metadata)

    return {split: told(table) for split, table in tables.items()}


def _missing(cell: object) -> bool:
    return cell is None or cell != cell


def _same(cell: Any) -> Any:
    return cell


def _purpose(cell: str) -> str:
    return _PURPOSES.get(cell, cell.lower())
