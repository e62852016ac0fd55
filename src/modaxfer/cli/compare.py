"""``modaxfer compare``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from modaxfer.cli.command import Command
from modaxfer.cli.options import config_options_but, settings
from modaxfer.cli.output import print_json, print_lines, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modaxfer.api import Comparison
    from modaxfer.runner.compare.ledger import CellRecord

__all__ = ["compare_command"]

# A name is never `None`, so a flag that may be given several times or with commas is a tuple.
MANY: dict[str, Any] = {"multiple": True}


@click.command("compare", cls=Command)
@click.option("--encoder", metavar="E,E", help="Encoders; vit+bert is one cell with both.", **MANY)
@click.option("--strategy", metavar="S,S", help="Strategies.", **MANY)
@click.option("--task", metavar="T,T", help="Tasks; a+b is one cell with both.", **MANY)
@click.option("--seeds", metavar="N", help="How many seeds, from --seed on. Default: 1.")
@config_options_but("encoder", "strategy", "task", "seeds")
@click.option("--config", "path", metavar="FILE", help="YAML file with these settings; flags go over it.")
@click.option("--resume", is_flag=True, help="Resume the comparison in the output folder, as it was asked for.")
@click.option("--retry-failed", is_flag=True, help="Run cells again that failed before.")
@click.option("--json", "as_json", is_flag=True, help="Print compare.json.")
def compare_command(path: str | None, resume: bool, retry_failed: bool, as_json: bool, **values: Any) -> int:
    """Train a grid of encoders, strategies, tasks and seeds, one ordinary run per cell.

    \b
    modaxfer compare --encoder vit,bert --strategy full,lora --task legal-sentiment --seeds 2

    A cell that is refused or that fails is a row with its reason; the rest goes on. The same command again runs only
    what is missing: refused cells are asked again, failed ones only with --retry-failed. Without --output, the folder
    is named after the request. Exit status: 0 where any cell has a score, else 2 where all were refused, else 1.
    """  # noqa: D301 - click's mark for lines kept as they are
    from modaxfer.api import compare

    made = compare(path, resume=resume, retry_failed=retry_failed, **settings(values))
    if as_json:
        import json

        print_json(json.loads((made.folder / "compare.json").read_text(encoding="utf-8")))
    else:
        _print(made)
    return _status(made.cells)


def _print(made: Comparison) -> None:
    from modaxfer.reports.compare.rows import on_other_rows, reasons, summary_rows, tally

    columns, rows = summary_rows(made.cells)
    if rows:
        print_table(columns, rows)
    for note in on_other_rows(made.cells):
        print_lines(f"warning: {note}")
    for status, found in reasons(made.cells).items():
        print_lines(f"\n{status}")
        for reason, cells in found.items():
            print_lines(f"  {cells}: {reason}")
    again = "; --retry-failed runs the failed ones again" if any(cell.status == "failed" for cell in made.cells) else ""
    print_lines(f"\n{tally(made.cells)}{again}\nreport   {made.folder / 'compare.html'}")


def _status(cells: Sequence[CellRecord]) -> int:
    found = {cell.status for cell in cells}
    return 0 if "completed" in found else 1 if "failed" in found else 2
