"""``modaxfer merge``."""

from __future__ import annotations

import shutil
from typing import Any

import click

from modaxfer.cli.command import Command
from modaxfer.cli.libraries import heard
from modaxfer.cli.output import print_json, print_lines

__all__ = ["merge_command"]


@click.command("merge", cls=Command)
@click.argument("runs", nargs=-1, metavar="RUN...")
@click.option("--output", metavar="DIR", help="Folder of the new run; made from the names where not given.")
@click.option("--method", metavar="X", default="average", help="One of average (default), task-arithmetic, ties, dare.")
@click.option("--weight", "weights", multiple=True, type=float, metavar="N", help="How much a run counts; one per run.")
@click.option("--scale", type=float, metavar="N", help="Factor on what is added to the checkpoint; else validation's.")
@click.option("--density", type=float, metavar="N", help="ties, dare: share of changes that is kept.")
@click.option("--overwrite", is_flag=True, help="Replace the run in the output folder.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def merge_command(
    runs: tuple[str, ...], output: str | None, method: str, overwrite: bool, as_json: bool, **given: Any
) -> None:
    """Join the weights of finished runs that started from one checkpoint, and score what comes out.

    The new run has the task of the first one, on whose validation rows the scale is chosen. It is a run like any other:
    `modaxfer predict` and --encoder take it. Heads are averaged over the runs that know the same classes.

    modaxfer merge runs/a runs/b --method ties --output runs/both
    """
    from modaxfer.api import train
    from modaxfer.runner.request.merged import merge_config

    options = {"method": method} | {name: value for name, value in given.items() if value not in (None, ())}
    if "weights" in options:
        options["weights"] = list(options["weights"])
    made = train(merge_config(runs, options, output), overwrite=overwrite)
    heard.write(made.folder)
    if as_json:
        print_json(made.result.to_dict())
        return
    from modaxfer.reports.terminal import summary

    print_lines(summary(made.result, made.folder, shutil.get_terminal_size().columns))
