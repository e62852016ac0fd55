"""``modaxfer compare``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from modaxfer.cli.command import Command
from modaxfer.cli.completion import names_for
from modaxfer.cli.engines import engine_of, engine_options
from modaxfer.cli.options import QUIET, config_options_but, settings
from modaxfer.cli.output import WIDE, print_json, print_lines, print_table
from modaxfer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modaxfer.opened import Comparison
    from modaxfer.runner.compare.ledger import CellRecord

__all__ = ["compare_command"]

# A name is never `None`, so a flag that may be given several times or with commas is a tuple.
MANY: dict[str, Any] = {"multiple": True}


@click.command("compare", cls=Command)
@click.argument("runs", nargs=-1, metavar="[RUN RUN...]")
@click.option(
    "--encoder",
    metavar="E,E",
    help="Encoders; vit+bert is one cell with both.",
    shell_complete=names_for("encoder"),
    **MANY,
)
@click.option("--strategy", metavar="S,S", help="Strategies.", shell_complete=names_for("strategy"), **MANY)
@click.option(
    "--task", metavar="T,T", help="Tasks; a+b is one cell with both.", shell_complete=names_for("task"), **MANY
)
@click.option("--seeds", metavar="N", help="How many seeds, from --seed on. Default: 1.")
@config_options_but("encoder", "strategy", "task", "seeds")
@click.option("--config", "path", metavar="FILE", help="YAML file with these settings; flags go over it.")
@click.option("--resume", is_flag=True, help="Resume the comparison in the output folder, as it was asked for.")
@click.option("--retry-failed", is_flag=True, help="Run cells again that failed before.")
@engine_options
@QUIET
@WIDE
@click.option("--json", "as_json", is_flag=True, help="Print compare.json.")
def compare_command(
    runs: tuple[str, ...],
    path: str | None,
    resume: bool,
    retry_failed: bool,
    quiet: bool,
    as_json: bool,
    **values: Any,
) -> int:
    """Train a grid of encoders, strategies, tasks and seeds, one ordinary run per cell; or compare finished runs.

    \b
    modaxfer compare --encoder vit,bert --strategy full,lora --task legal-sentiment --seeds 2
    modaxfer compare RUN RUN

    Both say which differences are evidence: the same test rows, drawn with seeds by the paired bootstrap, McNemar's
    test, p-values that hold together. Folders of runs, or of comparisons, are read; nothing is trained then, and with
    --output a page is written; --metric decides there in place of the primary metric.

    --jobs N runs N cells at once on this machine, --engine ray or slurm on others: each is modaxfer train --config
    CELL --cell, its words are in cells/CELL/cell.log, and one whose process died is run once more.

    A cell that is refused or that fails is a row with its reason; the rest goes on. The same command again runs only
    what is missing: refused cells are asked again, failed ones only with --retry-failed. Without --output, the folder
    is named after the request. Exit status: 0 where any cell has a score, else 2 where all were refused, else 1.
    """  # noqa: D301 - click's mark for lines kept as they are
    if runs:
        asked = settings(values) | {"config": path, "resume": resume, "retry_failed": retry_failed}
        return _compare_runs(runs, asked.pop("metric", ()), asked, as_json=as_json)
    from modaxfer.api import compare

    where = engine_of(values)
    made = compare(path, resume=resume, retry_failed=retry_failed, quiet=quiet, **where, **settings(values))
    if as_json:
        import json

        print_json(json.loads((made.folder / "compare.json").read_text(encoding="utf-8")))
    else:
        _print(made)
    return _status(made.cells)


def _compare_runs(runs: Sequence[str], metrics: Sequence[str], asked: Mapping[str, Any], *, as_json: bool) -> int:
    if len(metrics) > 1:
        raise ConfigError("one metric decides between finished runs", got=metrics, fix="give --metric once")
    given = [name for name, value in asked.items() if value and name != "output"]
    if given:
        raise ConfigError(
            "finished runs are compared as they are, and a grid is trained: not both",
            got=[*runs, *(f"--{name.replace('_', '-')}" for name in given)],
            fix="name folders alone (with --metric, --output, --json), or no folder",
        )
    from modaxfer.reports.compare.face import compare_runs

    made = compare_runs(runs, metric=next(iter(metrics), None), output=asked.get("output"))
    if as_json:
        print_json(made.found)
    else:
        _print_evidence(made.found)
    return 0


def _print_evidence(found: Mapping[str, Any]) -> None:
    from modaxfer.reports.compare.evidence import contender_rows, notes, over, pair_rows, verdict

    for place, task in enumerate(found["tasks"]):
        print_lines(f"{'' if place == 0 else chr(10)}{task['task']}: {over(task)}")
        for columns, rows in (contender_rows(task), pair_rows(task)):
            print_lines()
            print_table(columns, rows)
        print_lines(f"\n{verdict(task)}")
        for note in notes(task):
            print_lines(f"note: {note}")
    _print_ranks(found)


def _print_ranks(found: Mapping[str, Any]) -> None:
    from modaxfer.reports.compare.ranking import rank_rows, rank_words

    for note in found["notes"]:
        print_lines(f"note: {note}")
    if found["ranks"]:
        print_lines()
        print_table(*rank_rows(found["ranks"]))
        for words in rank_words(found["ranks"]):
            print_lines(words)


def _print(made: Comparison) -> None:
    from modaxfer.reports.compare.rows import on_other_rows, reasons, summary_rows, tally

    columns, rows = summary_rows(made.cells)
    if rows:
        print_table(columns, rows, spare=("bridge", "time", "majority", "chance"), group="task")
    for note in on_other_rows(made.cells):
        print_lines(f"warning: {note}")
    if made.evidence is not None:
        _print_verdicts(made.evidence.found)
    for status, found in reasons(made.cells).items():
        print_lines(f"\n{status}")
        for reason, cells in found.items():
            print_lines(f"  {cells}: {reason}")
    again = "; --retry-failed runs the failed ones again" if any(cell.status == "failed" for cell in made.cells) else ""
    print_lines(f"\n{tally(made.cells)}{again}\nreport   {made.folder / 'compare.html'}")


def _print_verdicts(found: Mapping[str, Any]) -> None:
    from modaxfer.reports.compare.evidence import notes, verdict

    print_lines()
    for task in found["tasks"]:
        print_lines(f"{task['task']}: {verdict(task)}")
        for note in notes(task):
            print_lines(f"  note: {note}")
    _print_ranks(found)


def _status(cells: Sequence[CellRecord]) -> int:
    found = {cell.status for cell in cells}
    return 0 if "completed" in found else 1 if "failed" in found else 2
