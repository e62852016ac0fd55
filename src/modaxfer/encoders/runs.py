"""Runs as encoders: ``--encoder RUN`` stands for what the run in that folder trained. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modaxfer.encoders.stored import StoredEncoder
from modaxfer.errors import CheckpointUnavailableError, DataError, RefusedError
from modaxfer.json_file import read_json, well_formed
from modaxfer.result import Result, instead_of_run, require_folder

__all__ = [
    "DESCRIPTION",
    "SCHEMA",
    "RunEncoder",
    "description_of",
    "find_run",
    "first_checkpoint",
    "lineage",
    "read_description",
    "runs_below",
    "whole_name",
]

DESCRIPTION, SCHEMA = "model.json", 2

WHICH = "#"
"""``RUN#0`` or ``RUN#vit`` is one encoder of a run that fused several."""


@dataclass(frozen=True, kw_only=True)
class RunEncoder:
    """The encoder that a completed run trained."""

    name: str
    """Absolute path of the run's folder, with ``#N`` where it has several encoders."""
    stored: StoredEncoder
    trained: Mapping[str, Any]
    """``run``, ``task``, ``strategy``, ``seed``, ``fingerprints`` (of the rows, by task), ``checkpoint``, ``revision``
    and ``sha256`` it was trained from, and ``from``: the same of the run before, where that checkpoint was one."""
    model: Path
    """The run's ``model/``."""


def find_run(name: str) -> RunEncoder | None:
    """Return the encoder that `name`, a run's folder or ``FOLDER#WHICH``, stands for; None where it is no such folder.

    Of a run of several tasks it is the one that they share.

    Raises:
        CheckpointUnavailableError: The run is not finished, or it failed.
        RefusedError: It has several encoders and none is named, or another than those.
        DataError: Its files are damaged, or of another version.
    """
    found = _split(name)
    if found is None:
        return None
    folder, which = found
    result = _completed(folder)
    home = folder / str(next(iter(result.tasks.values()))["run"]) if result.tasks else folder
    path = description_of(home)
    values = read_description(home)
    with well_formed(path):
        model = path.parent
        towers = [
            StoredEncoder.of(model / "towers" / str(place), tower, values.get("files") or {})
            for place, tower in enumerate(values["towers"])
        ]
        place = _chosen(folder, which, towers)
        trained = _history(folder, result, towers[place], place if len(towers) > 1 else None)
    whole = str(folder.resolve()) + (f"{WHICH}{place}" if len(towers) > 1 else "")
    return RunEncoder(name=whole, stored=towers[place], trained=trained, model=model)


def whole_name(name: str) -> str | None:
    """Return `name` with an absolute path where it is ``FOLDER#WHICH``; else None."""
    found = _split(name)
    return f"{found[0].resolve()}{WHICH}{found[1]}" if found is not None and found[1] else None


def lineage(trained: Mapping[str, Any]) -> str:
    """Say what an encoder was trained on before, the latest first: ``lora on a (runs/1), after full on b (runs/0)``."""
    steps: list[str] = []
    step: Any = trained
    while isinstance(step, Mapping):
        strategy = str(step.get("strategy")).rpartition("/")[2]
        steps.append(f"{strategy} on {step.get('task')} ({step.get('run')})")
        start, step = step.get("checkpoint"), step.get("from")
    return ", after ".join(steps) + f"; at first {start}"


def first_checkpoint(encoder: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what says of which checkpoint an encoder once came, however many runs lie between.

    Args:
        encoder: `modaxfer.result.Result.encoder`.
    """
    while isinstance(before := encoder.get("from"), Mapping):
        encoder = before
    return encoder


def _is_run(folder: Path) -> bool:
    """Return whether `folder` is that of a run, finished or not, and no checkpoint."""
    return not (folder / "config.json").is_file() and any(
        (folder / name).is_file() for name in ("result.json", "config.yaml")
    )


def runs_below(folder: Path) -> list[str]:
    """Return the runs that lie in `folder`, by path."""
    return sorted(str(path) for path in folder.iterdir() if path.is_dir() and _is_run(path)) if folder.is_dir() else []


def description_of(run: Path) -> Path:
    """Return the path of the file that describes the model of `run`.

    Raises:
        DataError: There is no such folder, or no model in it.
    """
    require_folder(run)
    path = run / "model" / DESCRIPTION
    if not path.is_file():
        raise DataError("no trained model here", file=run, fix=_instead_of(run))
    return path


def _instead_of(folder: Path) -> str:
    """Say what to name instead of a folder without a model, by what is in it, or what it is in."""
    if (folder / "tasks").is_dir():
        return f"name one of its tasks: {', '.join(sorted(str(task) for task in (folder / 'tasks').iterdir()))}"
    if (folder / "export.json").is_file():
        return f"this is an export, which answers without modaxfer: `python {folder / 'pipeline.py'} ROW`"
    if runs := runs_below(folder):
        return f"name one of the runs in it: {', '.join(runs[:5])}{', ...' if len(runs) > 5 else ''}"
    return instead_of_run(folder)


def read_description(run: Path) -> dict[str, Any]:
    """Return what the ``model.json`` of `run` says.

    Raises:
        DataError: There is none, or it is of another schema.
    """
    path = description_of(run)
    values = read_json(path)
    if values.get("schema") != SCHEMA:
        raise DataError(
            "model of another schema",
            file=path,
            got=values.get("schema"),
            allowed=SCHEMA,
            fix=f"train it again: `modaxfer train --config {run / 'config.yaml'} --output NEW`",
        )
    if "objective" in values:  # older runs call it so
        values["criterion"] = values.pop("objective")
    return values


def _split(name: str) -> tuple[Path, str] | None:
    whole = Path(name).expanduser()
    if whole.is_dir():
        return (whole, "") if _is_run(whole) else None
    base, mark, which = name.rpartition(WHICH)
    folder = Path(base).expanduser()
    return (folder, which) if mark and base and folder.is_dir() and _is_run(folder) else None


def _completed(folder: Path) -> Result:
    """Return the result of a run that is done.

    Raises:
        CheckpointUnavailableError: It is not.
    """
    again = f"`modaxfer train --resume --output {folder}` goes on with it"
    if not (folder / "result.json").is_file():
        raise CheckpointUnavailableError("the run is not finished, so its encoder is not", got=folder, fix=again)
    result = Result.load(folder)
    if result.status != "completed":
        raise CheckpointUnavailableError(
            "the run failed, so its encoder is not trained to the end", got=f"{folder}: {result.error}", fix=again
        )
    return result


def _chosen(folder: Path, which: str, towers: Sequence[StoredEncoder]) -> int:
    """Return the number of the encoder that `which` names, by number, id or short name."""
    if not which and len(towers) == 1:
        return 0
    names = [{str(place), tower.id, tower.id.rpartition("/")[2]} for place, tower in enumerate(towers)]
    found = [place for place, known in enumerate(names) if which in known]
    if len(found) == 1:
        return found[0]
    raise RefusedError(
        f"the run has {len(towers)} encoders" if len(towers) > 1 else "the run has no such encoder",
        got=f"{folder}{WHICH}{which}" if which else folder,
        allowed=[f"{folder}{WHICH}{place} ({tower.id})" for place, tower in enumerate(towers)],
        fix="name one of them",
    )


def _history(folder: Path, result: Result, stored: StoredEncoder, place: int | None) -> dict[str, Any]:
    """Return what is known of how a run's encoder came to be; see `RunEncoder.trained`."""
    own = result.encoder if place is None else result.encoder["parts"][place]
    parts = {task: Result.load(folder / told["run"]) for task, told in result.tasks.items()} or {result.task: result}
    return {
        "run": str(folder.resolve()),
        "task": result.task,
        "strategy": result.strategy,
        "seed": result.seed,
        "fingerprints": {task: str(part.data["fingerprint"]) for task, part in parts.items()},
        "checkpoint": stored.checkpoint,
        "revision": stored.revision,
        "sha256": stored.sha256,
        **({"from": dict(own["from"])} if own.get("from") else {}),
    }
