"""``modaxfer explain``."""

from __future__ import annotations

from pathlib import Path

import click

from modaxfer.cli.command import Command
from modaxfer.cli.options import QUIET
from modaxfer.cli.output import print_json, print_lines, print_table
from modaxfer.config import RunConfig, build
from modaxfer.encoders.runs import description_of
from modaxfer.errors import ConfigError, DataError

__all__ = ["explain_command"]


@click.command("explain", cls=Command)
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("file", required=False)
@click.option("--row", "rows", metavar="N", type=int, multiple=True, help="Row from 1; may be repeated.")
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    default="validation",
    help="Where the rows are without FILE: in this split of the run's own task.",
    show_default=True,
)
@click.option("--label", metavar="CLASS", help="Ask about this class; default the one that is predicted.")
@click.option(
    "--neighbours", metavar="N", type=click.IntRange(0), default=5, help="Training rows beside.", show_default=True
)
@click.option(
    "--repeats",
    metavar="N",
    type=click.IntRange(1),
    default=5,
    help="Shuffles of each field, without FILE and --row.",
    show_default=True,
)
@click.option("--no-check", is_flag=True, help="Leave out random weights, which take most of the time.")
@click.option(
    "--output", metavar="DIR", type=click.Path(path_type=Path), help="Default: explanation, in the run's folder."
)
@click.option("--device", metavar="X", default="auto", help="Where to compute. One of auto, cpu, cuda, mps.")
@click.option(
    "--trust-remote-code",
    is_flag=True,
    help="Run code that comes with the run's checkpoint. Only for authors you trust.",
)
@QUIET
@click.option("--json", "as_json", is_flag=True, help="Print explanation.json.")
def explain_command(
    run: Path,
    file: str | None,
    rows: tuple[int, ...],
    split: str,
    label: str | None,
    neighbours: int,
    repeats: int,
    no_check: bool,
    output: Path | None,
    device: str,
    trust_remote_code: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Show why the model in the folder RUN says what it says of a row, and whether the explanation is to be believed.

    \b
    modaxfer explain RUN --row 3
    modaxfer explain RUN photo.png
    modaxfer explain RUN rows.csv --row 12 --label positive

    FILE is a table (csv, tsv, jsonl, json, parquet); for a model of one text (txt), picture or sound also such a file.
    Without FILE and --row, of a model of several fields, it says which of them the score on validation rows stands on.
    Writes explanation.html and explanation.json.
    """  # noqa: D301 - click's mark for lines kept as they are
    _check_ahead(run, file, device)
    from modaxfer.reports.explain import document, score_lines, summary, write
    from modaxfer.runner.explain.explain import Wishes, explain_run
    from modaxfer.runner.progress import Progress

    wishes = Wishes(
        data=None if file is None else Path(file),
        rows=rows,
        split=split,
        label=label,
        neighbours=neighbours,
        repeats=repeats,
        check=not no_check,
    )
    made = explain_run(run, wishes, Progress(not quiet), device=device, trust_remote_code=trust_remote_code)
    _, page = write(made, output or run / "explanation")
    if as_json:
        print_json(document(made))
        return
    for row in made.rows:
        print_lines("\n".join(summary(row)))
    if made.score is not None:
        title, columns, lines = score_lines(made.score)
        print_table(columns, lines, title)
    for note in made.notes:
        print_lines(f"note     {note}")
    print_lines(f"page     {page}")


def _check_ahead(run: Path, file: str | None, device: str) -> None:
    """Refuse what can be seen before torch is imported, which takes seconds.

    Raises:
        ConfigError: There is no such device.
        DataError: There is no run, no model in it, or no such file.
    """
    build(RunConfig, {"device": device})
    description_of(run)
    if file == "-":
        raise ConfigError("a row on standard input is not explained", got="-", fix="name a file")
    if file is not None and not Path(file).expanduser().exists():
        raise DataError("there is no such file", got=file, fix="check the path")
