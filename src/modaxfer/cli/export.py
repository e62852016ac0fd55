"""``modaxfer export``."""

from __future__ import annotations

from pathlib import Path

import click

from modaxfer.cli.command import Command
from modaxfer.cli.options import QUIET
from modaxfer.cli.output import print_json, print_lines, print_table
from modaxfer.encoders.runs import description_of

__all__ = ["export_command"]


@click.command("export", cls=Command)
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--to", required=True, metavar="FORM", help="One of transformers, peft, onnx, pipeline.")
@click.option("--output", metavar="DIR", type=click.Path(path_type=Path), help="A new folder; default RUN-FORM.")
@click.option("--int8", is_flag=True, help="onnx: keep the weights of matrix products in 8 bits; says what that costs.")
@click.option("--rows", metavar="N", type=click.IntRange(min=2), default=64, help="Most held-out rows to compare on.")
@click.option(
    "--trust-remote-code",
    is_flag=True,
    help="Run code that comes with the run's checkpoint. Only for authors you trust.",
)
@QUIET
@click.option("--json", "as_json", is_flag=True, help="Print what export.json says.")
def export_command(
    run: Path, to: str, output: Path | None, int8: bool, rows: int, trust_remote_code: bool, quiet: bool, as_json: bool
) -> None:
    """Write the model in the folder RUN in a form that predicts without modaxfer, and measure it.

    transformers: a folder for AutoModelFor...Classification where the head fits it exactly, else encoder and head with
    a pipeline.py. peft: an adapter over its base. onnx: a graph for onnxruntime, any batch and length. pipeline:
    encoder, head and pipeline.py in any case. Each is compared with the run on held-out rows in a process of its own;
    one that differs by more than 0.001 is not kept.

    modaxfer export runs/a --to onnx --output model
    """
    description_of(run)
    from modaxfer.export.card import TITLES, table_row
    from modaxfer.export.run import export_run
    from modaxfer.runner.progress import Progress

    folder, told = export_run(
        run, to, output, int8=int8, rows=rows, trust_remote_code=trust_remote_code, progress=Progress(not quiet)
    )
    if as_json:
        print_json({"folder": str(folder), **told})
        return
    print_table(list(TITLES), [table_row(told)])
    print_lines(folder, whole=True)
