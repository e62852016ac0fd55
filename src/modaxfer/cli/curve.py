"""``modaxfer curve``."""

from __future__ import annotations

from typing import Any

import click

from modaxfer.cli.command import Command
from modaxfer.cli.compare import MANY
from modaxfer.cli.completion import names_for
from modaxfer.cli.engines import engine_of, engine_options
from modaxfer.cli.options import QUIET, config_options_but, settings
from modaxfer.cli.output import WIDE, print_json, print_lines, print_table

__all__ = ["curve_command"]


@click.command("curve", cls=Command)
@click.option(
    "--encoder",
    metavar="E,E",
    help="Encoders; vit+bert is one curve with both.",
    shell_complete=names_for("encoder"),
    **MANY,
)
@click.option("--strategy", metavar="S,S", help="Strategies.", shell_complete=names_for("strategy"), **MANY)
@click.option("--task", metavar="T,T", help="Tasks.", shell_complete=names_for("task"), **MANY)
@click.option(
    "--shots",
    metavar="K,K",
    help="Labelled rows per class, and all; of numbers and sets of labels, rows. Default: 1,2,4,... and all.",
    **MANY,
)
@click.option("--seeds", metavar="N", help="Draws of each number of labels, from --seed on. Default: 3.")
@config_options_but("encoder", "strategy", "task", "seeds", "shots", "folds", "fold", "episodes", "episode")
@click.option("--config", "path", metavar="FILE", help="YAML file with these settings; flags go over it.")
@click.option("--resume", is_flag=True, help="Resume the curve in the output folder, as it was asked for.")
@click.option("--retry-failed", is_flag=True, help="Run cells again that failed before.")
@engine_options
@QUIET
@WIDE
@click.option("--json", "as_json", is_flag=True, help="Print curve.json.")
def curve_command(path: str | None, resume: bool, retry_failed: bool, quiet: bool, as_json: bool, **values: Any) -> int:
    """Score against number of labels, with a fitted power law, and what twice the labels would bring.

    \b
    modaxfer curve --encoder bert --strategy frozen,lora --task legal-sentiment --shots 2,4,8,16,all

    Each number of labels is a comparison in a folder of its own. The same command again runs only what is missing.
    Exit status: 0 where any curve has a score, else 1.
    """  # noqa: D301 - click's mark for lines kept as they are
    from modaxfer.curves import curve

    where = engine_of(values)
    made = curve(path, resume=resume, retry_failed=retry_failed, quiet=quiet, **where, **settings(values))
    if as_json:
        import json

        print_json(json.loads((made.folder / "curve.json").read_text(encoding="utf-8")))
    else:
        from modaxfer.reports.curve import curve_table, name_of

        columns, rows = curve_table(made.curves)
        if rows:
            print_table(columns, rows)
        for each in made.curves:
            print_lines(f"{each.task}, {name_of(each)}: {each.said}")
        print_lines(f"report   {made.folder / 'curve.html'}")
    return 0 if made.curves else 1
