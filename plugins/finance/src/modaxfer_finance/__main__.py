"""Say what speaks against each row of a table: ``python -m modaxfer_finance RUN ROWS --beside TRAIN``."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

from modaxfer.errors import DataError, ModaxferError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask a run and write a line for each reason; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m modaxfer_finance", description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="folder that modaxfer train wrote, of two classes")
    parser.add_argument("rows", type=Path, help="table file with the rows to explain")
    parser.add_argument("--beside", type=Path, help="table file with usual rows to compare with; default: ROWS")
    parser.add_argument("--against", metavar="CLASS", help="class that speaks against a row; default: the second")
    parser.add_argument("--most", type=int, default=4, metavar="N", help="reasons of a row at most; default: 4")
    parser.add_argument("--output", type=Path, help="csv file; default: standard output")
    options = parser.parse_args(arguments)
    try:
        lines = _reasons(options)
    except ModaxferError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    if options.output is None:
        csv.writer(sys.stdout).writerows(lines)
    else:
        with options.output.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(lines)
    return 0


def _reasons(options: argparse.Namespace) -> list[Sequence[object]]:
    import modaxfer
    from modaxfer.data import read_data
    from modaxfer_finance.reasons import reason_codes, reference_of

    run = modaxfer.load(options.run)
    classes = list(run.result.data.get("classes", ()))
    against = options.against or (classes[1] if len(classes) == 2 else "")
    if len(classes) != 2 or against not in classes:
        got = f"{against!r} of {classes}"
        raise DataError("reason codes are for two classes, one of which is bad", got=got, fix="name it with --against")
    rows = read_data(options.rows)["train"].to_pylist()
    beside = read_data(options.beside or options.rows)["train"].to_pylist()
    shown = [name for name in rows[0] if name in beside[0] and name != "label"]
    reference = reference_of(beside, shown)
    lines: list[Sequence[object]] = [("row", "field", "value", "instead", "points")]
    for number, reasons in enumerate(
        reason_codes(run, rows, reference, against=classes.index(against), most=options.most), start=1
    ):
        lines += [(number, one.field, one.value, one.instead, f"{one.points:.1f}") for one in reasons]
    return lines


if __name__ == "__main__":
    sys.exit(main())
