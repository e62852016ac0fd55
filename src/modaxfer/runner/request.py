"""What a config names: strategy, task, encoder and its checkpoint, and a way between them. Imports nothing heavy.

Most mistakes end here, and a user should not wait for torch to be told of a wrong name or of a hub that is away.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from modaxfer.config import RunConfig
from modaxfer.encoders.checkpoints import ResolvedEncoder, resolve
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.registry import Entry, registry
from modaxfer.runner.scratch import refuse_idle_baseline
from modaxfer.spec import Field, TaskSpec

__all__ = ["Request", "find_task", "pick_way", "read_request", "source_of"]

MEDIA = ("image", "audio")
"""Kinds of which most encoders take one per row, while texts and columns go together."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """The registered things that a config names; no row and no weight has been read."""

    strategy: Entry
    task_id: str
    task: TaskSpec
    encoder: ResolvedEncoder


def read_request(config: RunConfig) -> Request:
    """Find what `config` names.

    Raises:
        ConfigError: Something is missing from the request.
        UnknownNameError: A name is not registered.
        DataError: The user's own files cannot be a task.
        CheckpointUnavailableError: The weights cannot be had.
        RefusedError: No bridge leads from the task to the encoder.
    """
    _require(config)
    strategy = registry().get("strategy", config.strategy)
    task_id, task = find_task(config)
    encoder = resolve(
        config.encoder[0],
        checkpoint=config.checkpoint,
        revision=config.revision,
        trust_remote_code=config.trust_remote_code,
    )
    refuse_idle_baseline(config, (encoder.spec,))
    if task.fields:
        pick_way(task.fields, encoder, config.bridge)
    return Request(strategy=strategy, task_id=task_id, task=task, encoder=encoder)


def pick_way(fields: tuple[Field, ...], encoder: ResolvedEncoder, wanted: str | None) -> Entry:
    """Return the bridge from `fields` to `encoder`: the one asked for, else the default of its first input with one.

    Raises:
        RefusedError: There is none.
    """
    source = source_of(fields)
    kinds = set(source.split("+"))
    # A strip of patches is as long as its text needs; a picture always costs its full size.
    sinks = sorted((signal.kind for signal in encoder.spec.inputs), key=lambda kind: kind != "patches")
    if wanted is not None:
        bridge = registry().get("bridge", wanted)
        if not kinds <= bridge.spec.sources or bridge.spec.sink not in sinks:
            raise RefusedError(
                f"bridge {bridge.id} does not lead from {source} to what {encoder.spec.name} takes",
                got=f"{bridge.spec.source} to {bridge.spec.sink}",
                allowed=f"{source} to {' or '.join(sinks)}",
                fix=f"see `modaxfer list bridges --from {source}`",
            )
        return bridge
    for sink in sinks:
        found = registry().pick_bridge(source, sink)
        if found is not None:
            return found
    reachable = sorted({entry.spec.sink for entry in registry().all("bridge") if kinds <= entry.spec.sources})
    raise RefusedError(
        f"no bridge leads from {source} to what the encoder {encoder.spec.name} takes",
        got=f"{source} task, encoder of {' or '.join(sinks)}",
        allowed=f"an encoder of {' or '.join(reachable)}"
        if reachable
        else f"nothing yet: no bridge starts at {source}",
        fix="choose another encoder (`modaxfer list encoders`), or install a plugin that brings the bridge",
    )


def source_of(fields: tuple[Field, ...]) -> str:
    """Describe the kinds of `fields` as `modaxfer_pick_bridge` is told them: ``image+text``, ``image+image``."""
    kinds = [field.signal.kind for field in fields]
    several = [kind for kind in MEDIA if kinds.count(kind) > 1]
    return "+".join(sorted([*set(kinds), *several]))


def find_task(config: RunConfig) -> tuple[str, TaskSpec]:
    """Return id and spec of the task, registered or made from the user's own files."""
    if config.data is not None:
        from modaxfer.tasks.own import task_from_files

        return "own/" + Path(config.data).stem, task_from_files(config)
    entry = registry().get("task", config.task[0])
    return entry.id, entry.spec


def _require(config: RunConfig) -> None:
    missing = [name for name in ("encoder", "strategy") if not getattr(config, name)]
    if not config.task and config.data is None:
        missing.append("task")
    if missing:
        flags = [f"--{name}" for name in missing]
        raise ConfigError(
            f"{' and '.join(flags)} missing",
            fix="for example `modaxfer train --encoder bert --strategy lora --task legal-sentiment`; "
            "--data FILE with --label COL takes your own rows instead of --task",
        )
    if config.task and config.data is not None:
        raise ConfigError("--task and --data exclude each other", got=f"{config.task[0]} and {config.data}")
    if len(config.encoder) > 1 or len(config.task) > 1:
        what = "encoders" if len(config.encoder) > 1 else "tasks"
        raise RefusedError(
            f"strategy {config.strategy} takes one encoder and one task",
            got=f"{len(config.encoder) if what == 'encoders' else len(config.task)} {what}",
            allowed="1",
            fix=f"name one of the {what}",
        )
