"""Write the slices of scans as rows for ``modaxfer train --data``: ``python -m modaxfer_medical SCANS OUT``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from modaxfer.errors import ModaxferError
from modaxfer_medical.windows import PRESETS, window_of

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the scans, write a Parquet file per split and say what is in it; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m modaxfer_medical", description=__doc__.splitlines()[0])
    parser.add_argument("scans", type=Path, help="folder with scans.csv (file, label, ...) or a folder per class")
    parser.add_argument("output", type=Path, help="folder for the rows; must not hold any yet")
    parser.add_argument("--window", help=f"{', '.join(PRESETS)}, or CENTRE/WIDTH; default: what each file asks for")
    parser.add_argument("--slices", type=int, metavar="N", help="at most N of a scan, evenly spread; default: all")
    options = parser.parse_args(arguments)
    try:
        _write(options)
    except ModaxferError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    return 0


def _write(options: argparse.Namespace) -> None:
    from modaxfer.errors import ConfigError, OutputExistsError

    if options.slices is not None and options.slices < 1:
        raise ConfigError("--slices is a number of 1 or more", got=options.slices, fix="leave it out for all")
    window = window_of(options.window) if options.window else None
    if options.output.exists() and any(options.output.iterdir()):
        raise OutputExistsError("the folder is not empty", got=str(options.output), fix="name another")
    if not options.scans.is_dir():
        raise ConfigError("no such folder", got=str(options.scans), fix="name the folder that holds the scans")
    import pyarrow.parquet as pq

    from modaxfer_medical.scans import read_scans

    tables = read_scans(options.scans, window=window, slices=options.slices)
    options.output.mkdir(parents=True, exist_ok=True)
    for split, table in tables.items():
        pq.write_table(table, options.output / f"{split}.parquet")
        patients, scans = (len(table.column(name).unique()) for name in ("patient", "scan"))
        windows = ", ".join(table.column("window").unique().to_pylist()[:3])
        sys.stdout.write(f"{split}: {len(table)} slices of {scans} scans, {patients} patients; windows {windows}\n")
        unnamed = table.filter(_unnamed(table)).column("scan").unique()
        if len(unnamed):
            sys.stdout.write(f"{split}: {len(unnamed)} scans name no patient; each counts as one of its own\n")
    sys.stdout.write(
        f"modaxfer train --data {options.output} --image image --label label --group patient --encoder vit ...\n"
    )


def _unnamed(table: object) -> object:
    import pyarrow.compute as pc

    return pc.equal(table.column("patient"), table.column("scan"))  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main())
