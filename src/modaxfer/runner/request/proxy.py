"""The task in an encoder's own modality that a trained bridge is moved towards; found before any weight is loaded."""

from __future__ import annotations

from dataclasses import dataclass

from modaxfer.config import EncoderOptions, RunConfig
from modaxfer.contracts import AlignedBridge, Alignment, Bridge, TaskData
from modaxfer.encoders.checkpoints import ResolvedEncoder
from modaxfer.errors import RefusedError
from modaxfer.registry import Entry, load_target, registry
from modaxfer.runner.model.bridge import build_bridge
from modaxfer.runner.request.request import source_of
from modaxfer.spec import EMBEDDINGS
from modaxfer.tasks.load import fields_of, load_task

__all__ = ["Proxy", "find_proxy"]


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """Rows that an encoder reads as it was made to, and how."""

    alignment: Alignment
    task_id: str
    data: TaskData
    """At most as many training rows as the alignment asks for."""
    kind: str
    """Signal kind of the rows, the encoder's own."""
    bridge: Bridge
    """Hands the rows on as they are."""


def find_proxy(bridge: Bridge, encoder: ResolvedEncoder, options: EncoderOptions, config: RunConfig) -> Proxy | None:
    """Return what `bridge` is to be aligned with; None where no alignment is asked for.

    Raises:
        MissingPackageError: The alignment needs a package that is not installed.
        UnknownNameError: No task has the proxy's name.
        RefusedError: The encoder has no input of its own, or the proxy's rows are of another kind.
        DataError: The proxy's rows cannot be had.
    """
    alignment = bridge.alignment() if isinstance(bridge, AlignedBridge) else None
    if alignment is None:
        return None
    task = registry().get("task", alignment.proxy)
    kind, native = _native(encoder, task)
    data = load_task(
        task.spec, data_dir=config.data_dir, seed=config.seed, limit=alignment.rows, on_bad_row=config.on_bad_row
    )
    made = build_bridge(
        native.spec.target,
        load_target(native.spec.options)() if native.spec.options else None,
        fields_of(task.spec, data),
        encoder.layout(kind, options),
        data.root,
    )
    return Proxy(alignment=alignment, task_id=task.id, data=data, kind=kind, bridge=made)


def _native(encoder: ResolvedEncoder, task: Entry) -> tuple[str, Entry]:
    """Return the encoder's own kind of signal, and the bridge that hands `task` on to it unchanged."""
    own = encoder.spec.inputs[0]
    if own == EMBEDDINGS:
        raise RefusedError(
            f"encoder {encoder.spec.name} has no input of its own, so there are no features to move towards",
            got="bridge.align",
            fix="leave bridge.align out, or choose an encoder of text, images or sounds",
        )
    source = source_of(task.spec.fields) or "table"
    native = registry().pick_bridge(source, own.kind)
    if source != own.kind or native is None or native.spec.source != native.spec.sink:
        raise RefusedError(
            f"the proxy task {task.name} is not what the encoder {encoder.spec.name} was made for",
            got=f"{source} task",
            allowed=f"one {own.kind} task",
            fix="name a task of the encoder's own kind: --set bridge.proxy=TASK (`modaxfer list tasks`)",
        )
    return own.kind, native
