"""``modaxfer recommend``."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from modaxfer.cli.command import Command
from modaxfer.cli.options import QUIET, config_options_but, config_options_of, settings
from modaxfer.cli.output import WIDE, print_json, print_lines, print_table
from modaxfer.config import RunConfig
from modaxfer.runner.recommend.question import SHARED, Choices

if TYPE_CHECKING:
    from modaxfer.advice import Recommendation

__all__ = ["recommend_command"]

OTHERS = tuple(item.name for item in dataclasses.fields(RunConfig) if item.name not in SHARED)


@click.command("recommend", cls=Command)
@config_options_of(Choices)
@config_options_but(*OTHERS)
@click.option("--config", "path", metavar="FILE", help="YAML file with these settings; flags go over it.")
@click.option("--resume", is_flag=True, help="Go on with the recommendation in the output folder, as it was asked for.")
@QUIET
@WIDE
@click.option("--json", "as_json", is_flag=True, help="Print recommend.json.")
def recommend_command(path: str | None, resume: bool, quiet: bool, as_json: bool, **values: Any) -> None:
    """Say which encoder and strategy to train a task with, what to expect, what it costs, and how sure that is.

    \b
    modaxfer recommend --data reviews.csv --text review --label stars
    modaxfer recommend --task legal-sentiment --encoder bert --encoder vit --budget 30

    Every candidate encodes at most 2,000 training rows once; a tenth of the budget of short runs, judged on validation
    rows, decides between the best. Test rows are never read. The same command again goes on where it was broken off.
    """  # noqa: D301 - click's mark for lines kept as they are
    from modaxfer.advice import recommend

    made = recommend(path, resume=resume, quiet=quiet, **settings(values))
    if as_json:
        print_json(made.found)
    else:
        _print(made)


def _print(made: Recommendation) -> None:
    from modaxfer.reports.recommend import (
        candidate_rows,
        changes,
        headline,
        option_rows,
        reasons,
        refusals,
        source_lines,
        told,
    )

    found = made.found
    print_table(*candidate_rows(found), spare=("prior", "native", "bridge"))
    print_lines()
    print_table(*option_rows(found))
    for reason, names in refusals(found).items():
        print_lines(f"refused: {', '.join(names)}: {reason}")
    print_lines(f"\n{headline(found)}.")
    for line in reasons(found):
        print_lines(f"  {line}")
    print_lines("What would change this:")
    for line in changes(found):
        print_lines(f"  {line}")
    for line in source_lines(found):
        print_lines(line)
    print_lines(f"{'; '.join(told(found))}.")
    if made.plan["command"]:
        print_lines(f"\n  {made.plan['command']}\n")
    print_lines(f"report   {made.folder / 'recommend.html'}")
