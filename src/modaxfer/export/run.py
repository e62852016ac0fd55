"""A run to a folder that others can use: written, compared with the run, and only then put in its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from modaxfer.encoders.saving import new_folder
from modaxfer.errors import ConfigError, OutputExistsError, RunFailedError
from modaxfer.export.card import write_card
from modaxfer.export.folders import write_adapter, write_encoder, write_transformers
from modaxfer.export.graph import require_onnx, write_graph
from modaxfer.export.parity import HeldOut, compared, held_out
from modaxfer.export.subject import Subject, refuse_uncarried
from modaxfer.result import Result
from modaxfer.runner.model.description import ModelDescription
from modaxfer.runner.progress import Progress
from modaxfer.version import __version__

__all__ = ["FORMS", "MOST", "export_run"]

MOST = 1e-3
"""Largest difference of probabilities to the run that a form may have; eight bits are told, not held to it."""

ROWS = 64

FORMS: Mapping[str, Callable[[Subject, Path], list[str]]] = {
    "transformers": write_transformers,
    "peft": write_adapter,
    "pipeline": write_encoder,
}
"""Forms by name, but for ``onnx``, which needs rows to be traced by."""


def export_run(
    run: Path,
    to: str,
    output: Path | None = None,
    *,
    int8: bool = False,
    rows: int = ROWS,
    trust_remote_code: bool = False,
    progress: Progress | None = None,
) -> tuple[Path, dict[str, Any]]:
    """Write the model of `run` in the form `to`, and return its folder and what ``export.json`` says.

    Args:
        run: A run's folder.
        to: ``transformers``, ``peft``, ``onnx`` or ``pipeline``.
        output: A new folder; None = ``RUN-FORM`` beside the run.
        int8: Of ONNX: keep the weights of matrix products in 8 bits.
        rows: Most held-out rows that it is compared on.
        trust_remote_code: Allow code that comes with the run's checkpoint, to load it here.
        progress: Where to tell what is written.

    Raises:
        ConfigError: There is no such form, or it has no 8 bits.
        RefusedError: The model cannot have this form, with the reason.
        OutputExistsError: There is something in the folder.
        MissingPackageError: The extra ``export`` is not installed.
        RunFailedError: What was written differs from the run.
    """
    progress = progress or Progress(enabled=False)
    folder = output or run.with_name(f"{run.resolve().name}-{to}{'-int8' if int8 else ''}")
    _refuse(run, to, folder, int8=int8, trust_remote_code=trust_remote_code)
    subject = _opened(run, trust_remote_code=trust_remote_code)
    held = held_out(subject, rows)
    with new_folder(folder) as made:
        notes = _written(subject, made, to, held, int8=int8)
        measured = compared(subject, made, held)
        _hold(measured["difference"], int8=int8)
        told = {
            "schema": 1,
            "form": to,
            "int8": int8,
            "run": run.resolve().name,
            "modaxfer": __version__,
            "notes": notes,
        } | measured
        (made / "export.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
        write_card(Result.load(run), run, made, told)
    for line in notes:
        progress.say(line)
    return folder, told


def _refuse(run: Path, to: str, folder: Path, *, int8: bool, trust_remote_code: bool) -> None:
    """Refuse what can be seen before weights are loaded."""
    if to not in (*FORMS, "onnx"):
        raise ConfigError(
            "there is no such form of export", got=to, allowed=[*FORMS, "onnx"], fix="choose one with --to"
        )
    if int8 and to != "onnx":
        raise ConfigError("8 bits are a choice of ONNX", got=f"--to {to} --int8", fix="say --to onnx --int8")
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise OutputExistsError("the folder of the export is not empty", got=folder, fix="name a new one with --output")
    if to == "onnx":
        require_onnx()
    refuse_uncarried(ModelDescription.read(run, trust_remote_code=trust_remote_code))


def _opened(run: Path, *, trust_remote_code: bool) -> Subject:
    """Load the run's model, to compute in float32 on the processor whatever it was trained in."""
    from modaxfer.runner.predict.predictor import Predictor

    predictor = Predictor(run, device="cpu", trust_remote_code=trust_remote_code, exact=True)
    return Subject(run=run, predictor=predictor)


def _written(subject: Subject, folder: Path, to: str, held: HeldOut, *, int8: bool) -> list[str]:
    if to == "onnx":
        return write_graph(subject, folder, held.examples, eight_bits=int8)
    return FORMS[to](subject, folder)


def _hold(difference: float, *, int8: bool) -> None:
    if difference > MOST and not int8:
        raise RunFailedError(
            "what was exported differs from the run, so nothing is kept", got=f"{difference:.2g}",
            allowed=f"up to {MOST:g}", fix="choose another form",
        )  # fmt: skip
