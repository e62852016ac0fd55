"""``modaxfer evaluate``, ``predict`` and ``report``: what can be done with a saved run."""

from __future__ import annotations

import json
import math
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modaxfer.cli.command import Command
from modaxfer.cli.options import QUIET
from modaxfer.cli.output import print_json, print_lines, print_table
from modaxfer.cli.predictions import json_lines, require_writable, write_csv, write_predictions
from modaxfer.config import RunConfig, build
from modaxfer.encoders.runs import description_of, read_description
from modaxfer.errors import ConfigError, DataError
from modaxfer.escaping import json_text
from modaxfer.result import Result

if TYPE_CHECKING:
    from modaxfer.data.given import Given
    from modaxfer.runner.predict.predictor import Predictor
    from modaxfer.runner.progress import Progress

TRUST = click.option(
    "--trust-remote-code",
    is_flag=True,
    help="Run code that comes with the run's checkpoint. Only for authors you trust.",
)

__all__ = ["evaluate_command", "predict_command", "report_command"]


@click.command("evaluate", cls=Command)
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("file", required=False)
@click.option(
    "--label",
    metavar="COL",
    multiple=True,
    help="Label column of FILE; default the one of the training data. May be repeated.",
)
@click.option(
    "--group-by",
    metavar="COL",
    help="Column of FILE by whose values the primary score is shown, the worst first; the model need not read it.",
)
@click.option("--device", metavar="X", default="auto", help="Where to compute. One of auto, cpu, cuda, mps.")
@TRUST
@QUIET
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate_command(
    run: Path,
    file: str | None,
    label: tuple[str, ...],
    group_by: str | None,
    device: str,
    trust_remote_code: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Score the model in the folder RUN: on the labelled rows of FILE, or on its test split again.

    FILE is a table (csv, tsv, jsonl, json, parquet) with the columns that the model reads and its labels, or a folder
    of class folders with images or sounds; - reads a table from standard input. Without FILE a run of several tasks
    that share one encoder is scored on all of them.
    """
    _check_ahead(run, file, device)
    from modaxfer.runner.predict.evaluate import evaluate_tasks
    from modaxfer.runner.progress import Progress

    if file is not None:
        from modaxfer.runner.predict.predictor import Predictor

        predictor = Predictor(run, device=device, trust_remote_code=trust_remote_code)
        _evaluate_rows(run, predictor, file, label, group_by, as_json, Progress(not quiet))
        return
    for option, column in (("--label", label), ("--group-by", group_by)):
        if column:
            what = f"{option} names a column of FILE, and no FILE is given"
            raise ConfigError(what, got=column, fix="name the file too")
    found = evaluate_tasks(run, Progress(not quiet), device=device, trust_remote_code=trust_remote_code)
    if as_json:
        print_json(next(iter(found.values())) if len(found) == 1 else found)
        return
    for task, evaluation in found.items():
        _print_scores(evaluation, "test", "" if len(found) == 1 else task)


def _evaluate_rows(
    run: Path,
    predictor: Predictor,
    file: str,
    label: tuple[str, ...],
    group_by: str | None,
    as_json: bool,
    progress: Progress,
) -> None:
    from modaxfer.runner.predict.score import score_rows

    data = _given(file, predictor) if file == "-" else Path(file)
    evaluation = score_rows(run, data, label=label or None, group_by=group_by, predictor=predictor, progress=progress)
    for line in evaluation["warnings"]:
        progress.say(f"warning: {line}")
    if as_json:
        print_json(evaluation)
        return
    _print_scores(evaluation, "new rows", "")
    left_out = ", ".join(f"{count} {reason}" for reason, count in evaluation["dropped"].items())
    drawn = evaluation["resampled"]
    over = f"; intervals over {drawn['units']} groups with {drawn['by']}" if drawn["by"] else ""
    progress.say(f"{evaluation['rows']} rows scored{over}" + (f"; left out: {left_out}" if left_out else ""))


def _print_scores(evaluation: Mapping[str, Any], column: str, title: str) -> None:
    from modaxfer.reports.scores import told_once

    found = evaluation["metrics"]
    rows = [
        (name, _number(found[name]), f"[{_number(low)}, {_number(high)}]", _number(evaluation["stored"].get(name)))
        for name in told_once(found)
        for low, high in [evaluation["intervals"][name]]
    ]
    print_table(["metric", column, "95 % interval", "stored"], rows, title=title)
    _print_beside(evaluation)


def _print_beside(evaluation: Mapping[str, Any]) -> None:
    """Print what calibration does to the rows, and whom the model serves worst, where these are known."""
    if calibration := evaluation.get("calibration"):
        raw, made = calibration["raw"], calibration["calibrated"]
        print_lines()
        print_table(["score", "raw", "calibrated"], [(name, _number(raw[name]), _number(made[name])) for name in raw])
    if groups := evaluation.get("groups"):
        table, worst = groups["test"], groups["worst"]
        names = sorted(table, key=lambda name: name != worst)
        rows = [
            (name, table[name]["rows"], _number(table[name]["score"]), f"[{_number(low)}, {_number(high)}]")
            for name in names
            for low, high in [table[name]["interval"]]
        ]
        print_lines()
        print_table([groups["by"], "rows", groups["metric"], "95 % interval"], rows)


@click.command("predict", cls=Command)
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("file")
@click.option(
    "--output",
    metavar="FILE",
    help="Write here instead (csv, tsv, json, jsonl or parquet).",
    type=click.Path(path_type=Path),
)
@click.option(
    "--adapt",
    type=click.Choice(["sar"]),
    help="Adapt the model to these rows as they come, for this call alone: sar (Niu et al. 2023).",
)
@click.option(
    "--threshold",
    metavar="X",
    type=float,
    help="Calibrated score from which on the second of two classes is predicted, or a label; default that of the run.",
)
@click.option("--raw", is_flag=True, help="Give scores of the model as it was trained, before they are calibrated.")
@click.option("--device", metavar="X", default="auto", help="Where to compute. One of auto, cpu, cuda, mps.")
@TRUST
@QUIET
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def predict_command(
    run: Path,
    file: str,
    output: Path | None,
    adapt: str | None,
    threshold: float | None,
    raw: bool,
    device: str,
    trust_remote_code: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Predict the rows of FILE with the model in the folder RUN; - reads a table from standard input.

    FILE is a table (csv, tsv, jsonl, json, parquet); for a model that reads one image or sound also such a file, or a
    folder with them; for one that reads one text a txt, which is one text. Beside each row stand its prediction and a
    score per class; a row that cannot be read has the reason instead.
    """
    if output is not None:
        require_writable(output, file)
    _check_ahead(run, file, device)
    from modaxfer.runner.predict.predictor import Predictor
    from modaxfer.runner.predict.records import flat
    from modaxfer.runner.predict.sar import refuse_unadaptable
    from modaxfer.runner.predict.threshold import refuse_threshold
    from modaxfer.runner.progress import Progress

    refuse_threshold(threshold, run)
    refuse_unadaptable(adapt, run, trust_remote_code=trust_remote_code)
    predictor, progress = Predictor(run, device=device, trust_remote_code=trust_remote_code), Progress(not quiet)
    made = predictor.predict_rows(_given(file, predictor), progress, adapt=adapt, raw=raw, threshold=threshold)
    for line in made.warnings:
        progress.say(f"warning: {line}")
    table = flat(made)
    if output is not None:
        write_predictions(table, output)
        progress.say(f"{len(made.predictions) - len(made.reasons)} predictions in {output}")
    elif as_json:
        for record in json_lines(table):
            print_lines(json_text(record), whole=True)
    else:
        write_csv(table, sys.stdout)


def _check_ahead(run: Path, file: str | None, device: str) -> None:
    """Refuse what can be seen before torch is imported, which takes seconds.

    Raises:
        ConfigError: There is no such device.
        DataError: There is no run, no model in it, or no such file.
    """
    build(RunConfig, {"device": device})
    if file is None:
        Result.load(run)  # of several tasks too
    else:
        description_of(run)
        if file != "-" and not Path(file).expanduser().exists():
            raise DataError("there is no such file", got=file, fix=_instead_of_file(run, file))


def _instead_of_file(run: Path, file: str) -> str:
    """Return what to do where FILE is none: rows themselves, such as a text, come through standard input."""
    towers = read_description(run)["towers"]
    names = list(dict.fromkeys(field["name"] for tower in towers for field in tower["fields"]))
    if len(names) > 1 or not any(map(str.isspace, file)) or Path(file).suffix:
        return "check the path; - reads standard input"
    row = shlex.quote(json.dumps({names[0]: file}, ensure_ascii=False))
    return f"check the path, or pipe a row: `echo {row} | modaxfer predict {shlex.quote(str(run))} -`"


def _given(file: str, predictor: Predictor) -> Given:
    from modaxfer.runner.predict.given import find_rows, piped_rows

    fields = predictor.described.fields
    return piped_rows(sys.stdin.buffer.read(), fields) if file == "-" else find_rows(Path(file), fields)


@click.command("report", cls=Command)
@click.argument("run", type=click.Path(path_type=Path))
def report_command(run: Path) -> None:
    """Render report.html, README.md and figures of the folder RUN again."""
    from modaxfer.reports import write_reports

    for path in write_reports(Result.load(run), run):
        print_lines(path, whole=True)


def _number(value: float | None) -> str:
    from modaxfer.reports.scores import number

    if value is None or math.isnan(value):
        return "undefined"
    # Of an error in the target's unit, thousands are read and decimals are not.
    return f"{value:.4f}" if abs(value) < 100 else number(value)
