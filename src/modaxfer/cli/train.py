"""``modaxfer train``."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modaxfer.cli.command import Command
from modaxfer.cli.libraries import heard
from modaxfer.cli.options import QUIET, config_options, settings
from modaxfer.cli.output import one_place, print_json, print_lines
from modaxfer.errors import ConfigError

if TYPE_CHECKING:
    from modaxfer.result import Result

__all__ = ["FIRST_WORDS", "train_command"]

FIRST_WORDS = """\
modaxfer: there is nothing to train yet. What most people want:

your own table, here with the labels in its column stars
  modaxfer train --encoder bert --strategy lora --data rows.csv --label stars
your own folder, with a folder of pictures or of sounds for each class
  modaxfer train --encoder vit --strategy lora --data photos/
a task that ships with modaxfer or a plugin (`modaxfer list tasks`)
  modaxfer train --encoder vit --strategy frozen --task digits

Read on: `modaxfer train --help` has every setting; `modaxfer recommend` says
which encoder and strategy to take; docs/how-to/your-own-data.md."""
"""What `modaxfer train` says to who asks for nothing; no line is longer than a narrow terminal."""


@click.command("train", cls=Command)
@config_options
@click.option("--config", "path", metavar="FILE", help="YAML file with these settings; flags go over it.")
@click.option("--resume", is_flag=True, help="Resume the unfinished run in the output folder.")
@click.option("--overwrite", is_flag=True, help="Replace the run in the output folder.")
@click.option(
    "--cell",
    is_flag=True,
    help="Run --config FILE as a cell of a comparison: go on with what lies in its folder, let settings be that play "
    "no part in it, and write what came of it to cell.json there. For schedulers.",
)
@QUIET
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def train_command(
    path: str | None, resume: bool, overwrite: bool, cell: bool, quiet: bool, as_json: bool, **values: Any
) -> int | None:
    """Train and evaluate an encoder on a task; several encoders with fusion, several tasks with multitask.

    \b
    modaxfer train --encoder vit --strategy lora --task legal-sentiment
    modaxfer train --encoder vit --encoder bert --strategy fusion --task fashion-products
    modaxfer train --encoder bert --strategy full --data reviews.csv --text review --label stars
    """  # noqa: D301 - click's mark for lines kept as they are
    given = settings(values)
    if not given and path is None:
        print_lines(FIRST_WORDS, err=True)
        return 2
    if cell:
        return _cell(path, {**given, "resume": resume, "overwrite": overwrite, "json": as_json}, quiet=quiet)
    from modaxfer.api import make_config, train

    said: list[Path] = []
    width, warned = shutil.get_terminal_size().columns, not quiet and one_place()

    def say(result: Result, folder: Path) -> None:
        """Say what was found before pages are drawn, which takes some seconds."""
        from modaxfer.reports.terminal import summary

        print_lines(summary(result, None, width, warned=warned))
        said.append(folder)

    config = make_config(path, **given)
    from modaxfer.runner.processes.launch import reports_here

    # Of processes that were started for a command it is the command that says what came of it.
    on_result = say if reports_here() and not as_json else None
    made = train(config, resume=resume, overwrite=overwrite, quiet=quiet, on_result=on_result)
    heard.write(made.folder)
    if not reports_here():
        return None
    if as_json:
        print_json(made.result.to_dict())
        return None
    from modaxfer.reports.terminal import places, summary

    print_lines(places(made.folder) if said else summary(made.result, made.folder, width, warned=warned))
    return None


def _cell(path: str | None, given: Mapping[str, Any], *, quiet: bool) -> int:
    """Return 0 where the cell was completed, 1 where it failed, 2 where it was refused."""
    beside = [name for name, value in given.items() if value and name != "trust_remote_code"]
    if path is None or beside:
        raise ConfigError(
            "--cell runs what one file asks for",
            got=beside or "no file",
            fix="name it alone: modaxfer train --config FILE --cell",
        )
    from modaxfer.cells import run_cell

    outcome = run_cell(path, trust_remote_code=bool(given.get("trust_remote_code")), quiet=quiet)
    print_lines(outcome.status if outcome.reason is None else f"{outcome.status}: {outcome.reason}", err=True)
    return {"completed": 0, "failed": 1}.get(outcome.status, 2)
