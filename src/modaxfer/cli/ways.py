"""Which bridge joins an encoder and a task, and why; no row and no weight is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modaxfer.cli.output import print_details, print_json
from modaxfer.encoders.checkpoints import ResolvedEncoder, resolve
from modaxfer.errors import RefusedError, UnknownNameError
from modaxfer.registry import Entry, registry
from modaxfer.runner.request.request import pick_way, reason_of, source_of
from modaxfer.spec import TABLE, Field

if TYPE_CHECKING:
    from modaxfer.spec import TaskSpec

__all__ = ["print_way", "way_between"]


def print_way(encoder: str, task: str, *, as_json: bool) -> None:
    """Print what `way_between` says.

    Raises:
        UnknownNameError: There is no such encoder or task.
    """
    way = way_between(encoder, task)
    if as_json:
        print_json(way)
        return
    print_details(f"{way['encoder']} on {way['task']}", {k: v for k, v in way.items() if k not in ("encoder", "task")})


def way_between(encoder: str, task: str) -> dict[str, Any]:
    """Choose a bridge as a run would that names none.

    Args:
        encoder: A registered encoder, also as ``name:size``, or what `modaxfer.encoders.checkpoints.resolve` takes: a
            checkpoint, a hub id, a folder.
        task: A registered task.

    Returns:
        ``encoder``, ``task``, ``fields``, ``source`` (kinds of the fields), ``takes`` (kinds the encoder takes),
        and either ``bridge``, ``sink`` (where it ends), ``trained``, ``why`` and ``summary``, or ``refused``, the
        reason.

    Raises:
        UnknownNameError: There is no such encoder or task.
        CheckpointUnavailableError: The encoder is no registered one, and its config cannot be had.
    """
    end, entry = _encoder(encoder), registry().get("task", task)
    fields = _fields(entry.spec)
    way: dict[str, Any] = {
        "encoder": end.id if isinstance(end, Entry) else f"{end.id} ({end.checkpoint})",
        "task": entry.id,
        "fields": [f"{field.name} ({field.signal})" for field in fields],
        "source": source_of(fields),
        "takes": [signal.kind for signal in end.spec.inputs],
    }
    try:
        bridge = pick_way(fields, end, None)
    except RefusedError as error:
        return way | {"refused": str(error)}
    return way | {
        "bridge": registry().shown(bridge),
        "sink": bridge.spec.sink,
        "trained": "yes, with the model" if bridge.spec.trained else "no",
        "why": reason_of(fields, bridge),
        "summary": bridge.spec.summary,
    }


def _encoder(name: str) -> ResolvedEncoder | Entry:
    """Return the registered encoder, for which nothing need be looked up, or what `name` resolves to."""
    try:
        return registry().get("encoder", name.partition(":")[0])
    except UnknownNameError:
        return resolve(name)


def _fields(task: TaskSpec) -> tuple[Field, ...]:
    """Return the fields of `task`; one that names none has a table of all columns."""
    return task.fields or (Field(name="all columns", signal=TABLE),)
