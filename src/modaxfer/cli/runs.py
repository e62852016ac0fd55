"""``modaxfer evaluate``, ``predict`` and ``report``: what can be done with a saved run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modaxfer.cli.output import print_json, print_lines, print_table
from modaxfer.errors import ConfigError
from modaxfer.escaping import csv_cell, json_text

if TYPE_CHECKING:
    from modaxfer.runner.saved.predict import Predicted

__all__ = ["evaluate_command", "predict_command", "report_command"]


@click.command("evaluate")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate_command(run: Path, as_json: bool) -> None:
    """Score the model in the folder RUN on its test split again, or the models of all tasks that share one encoder."""
    from modaxfer.runner.progress import Progress
    from modaxfer.runner.saved.evaluate import evaluate_tasks

    found = evaluate_tasks(run, Progress())
    alone = len(found) == 1
    if as_json:
        print_json(next(iter(found.values())) if alone else found)
        return
    for task, evaluation in found.items():
        rows = [
            (name, f"{value:.4f}", f"[{low:.4f}, {high:.4f}]", _number(evaluation["stored"][name]))
            for name, value in evaluation["metrics"].items()
            for low, high in [evaluation["intervals"][name]]
        ]
        print_table(["metric", "test", "95 % interval", "stored"], rows, title="" if alone else task)


@click.command("predict")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("file")
@click.option(
    "--output", metavar="FILE", help="Write here instead (csv, jsonl or parquet).", type=click.Path(path_type=Path)
)
@click.option("--device", metavar="X", default="auto", help="Where to compute. One of auto, cpu, cuda, mps.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines, with a score per class.")
def predict_command(run: Path, file: str, output: Path | None, device: str, as_json: bool) -> None:
    """Predict the rows of FILE with the model in the folder RUN; - reads csv or JSON lines from standard input.

    FILE is a table (csv, tsv, jsonl, json, parquet), or one image or sound for a model that reads one.
    """
    from modaxfer.runner.progress import Progress
    from modaxfer.runner.saved.given import read_input
    from modaxfer.runner.saved.predict import Predictor

    _refuse_output(output)
    predictor = Predictor(run, device=device)
    table, root = read_input(sys.stdin.read() if file == "-" else Path(file), predictor.saved, piped=file == "-")
    made = predictor.predict_table(table, root, Progress())
    if output is not None:
        _write(made, output)
        print_lines(f"{len(made.predictions)} predictions in {output}", err=True)
    elif as_json:
        for record in _records(made):
            print_lines(json_text(record))
    else:
        _print_csv(made)


@click.command("report")
@click.argument("run", type=click.Path(path_type=Path))
def report_command(run: Path) -> None:
    """Render report.html, README.md and figures of the folder RUN again."""
    from modaxfer.reports import write_reports
    from modaxfer.result import Result

    for path in write_reports(Result.load(run), run):
        print_lines(path)


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"


def _records(made: Predicted) -> list[dict[str, Any]]:
    if made.scores is None:
        return [{"prediction": value} for value in made.predictions]
    return [
        {"prediction": value, **{f"score:{name}": float(score) for name, score in zip(made.classes, row, strict=True)}}
        for value, row in zip(made.predictions, made.scores, strict=True)
    ]


def _print_csv(made: Predicted) -> None:
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["prediction", *([] if made.scores is None else ["score"])])
    for place, value in enumerate(made.predictions):
        shown = ";".join(value) if isinstance(value, list) else value
        shown = csv_cell(shown)
        writer.writerow([shown] if made.scores is None else [shown, f"{made.scores[place].max():.4f}"])


def _refuse_output(output: Path | None) -> None:
    if output is not None and output.suffix not in (".csv", ".jsonl", ".parquet"):
        raise ConfigError("predictions are written by file extension", got=output, allowed=".csv, .jsonl, .parquet")


def _write(made: Predicted, output: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame(_records(made))
    output.parent.mkdir(parents=True, exist_ok=True)
    temporary = output.with_name(f".{output.name}.tmp")
    if output.suffix == ".parquet":
        frame.to_parquet(temporary)
    elif output.suffix == ".jsonl":
        frame.to_json(temporary, orient="records", lines=True, force_ascii=False)
    else:
        frame.map(csv_cell).rename(columns=csv_cell).to_csv(temporary, index=False)
    temporary.replace(output)
