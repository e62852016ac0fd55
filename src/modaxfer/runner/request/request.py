"""What a config names: strategy, task, encoder and its checkpoint, and a way between them. Imports nothing heavy.

Most mistakes end here, and a user should not wait for torch to be told of a wrong name or of a hub that is away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from modaxfer.augmentations.sets import refuse_asked
from modaxfer.bridges.seen import signal_seen
from modaxfer.config import RunConfig, refuse_large_seeds
from modaxfer.encoders.checkpoints import ResolvedEncoder, resolve
from modaxfer.errors import ConfigError, RefusedError, UnknownNameError
from modaxfer.plan import Role
from modaxfer.registry import Entry, problem_name, registry
from modaxfer.runner.request.asked_scores import refuse_decisions, with_asked_scores
from modaxfer.runner.request.division import refuse_divisions
from modaxfer.runner.request.misplaced import refuse_misplaced
from modaxfer.runner.request.options import check_options
from modaxfer.runner.request.private import refuse_spending
from modaxfer.runner.request.scratch import refuse_idle_baseline
from modaxfer.runner.request.source import find_sources, refuse_idle_stage, refuse_unlabelled
from modaxfer.runner.request.tuned import refuse_untunable
from modaxfer.spec import Field, TaskSpec
from modaxfer.tracking import asked_trackers

__all__ = ["Request", "find_tasks", "pick_way", "pick_ways", "read_request", "reason_of", "source_of"]

MEDIA = ("image", "audio")
"""Kinds of which most encoders take one per row, while texts and columns go together."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """The registered things that a config names; no row and no weight has been read."""

    strategy: Entry
    tasks: tuple[tuple[str, TaskSpec], ...]
    """Id and spec of each task."""
    encoders: tuple[ResolvedEncoder, ...]
    source: tuple[str, TaskSpec] | None = None
    """Id and spec of the source task of a run that adapts."""
    before: tuple[tuple[str, TaskSpec], ...] = ()
    """Id and spec of each source task that is learned before the tasks."""

    @property
    def roles(self) -> Mapping[Role, Sequence[tuple[str, TaskSpec]]]:
        """Id and spec of each task, by what it is to the run."""
        return {Role.TARGET: self.tasks, Role.SOURCE: () if self.source is None else (self.source,)}


def read_request(config: RunConfig, rows: tuple[tuple[str, TaskSpec], ...] | None = None) -> Request:
    """Find what `config` names.

    Args:
        config: The request.
        rows: Id and spec of what stands in place of its tasks, where that is neither registered nor has labels.

    Raises:
        ConfigError: Something is missing from the request.
        UnknownNameError: A name is not registered.
        DataError: The user's own files cannot be a task.
        CheckpointUnavailableError: The weights cannot be had.
        RefusedError: No bridge leads from the task to the encoder, an augmentation does not fit the task, or what
            `--private` protects would be looked at again.
        MissingPackageError: A setting needs a package that is not installed.
    """
    _require(config)
    asked_trackers(config.track)
    strategy = registry().get("strategy", config.strategy)
    _refuse_crowds(config, strategy)
    refuse_spending(config, strategy)
    refuse_untunable(config, strategy)
    sources = find_sources(config, strategy)
    adapts = strategy.spec.adapts
    source, before = (sources[0] if adapts and sources else None), (() if adapts else sources)
    if adapts:
        refuse_idle_stage(config, strategy)
    refuse_unlabelled(config, strategy)
    tasks = find_tasks(config) if rows is None else rows
    refuse_divisions(config, [task for _, task in tasks])
    refuse_asked(config.augment, (*tasks, *(() if source is None else (source,))))
    # Before an encoder is looked up, for which Transformers is imported.
    ahead = _ways_ahead(config, tasks)
    check_options(config.set, strategy, None if ahead is None else [bridge for _, _, bridge in ahead])
    encoders = tuple(
        resolve(
            name,
            checkpoint=config.checkpoint,
            revision=config.revision,
            trust_remote_code=config.trust_remote_code,
            seen=_seen(ahead or (), place),
        )
        for place, name in enumerate(config.encoder)
    )
    specs = tuple(encoder.spec for encoder in encoders)
    refuse_idle_baseline(config, specs, adapts=adapts, from_run=strategy.spec.from_run)
    for _, task in (*tasks, *(() if source is None else (source,))):
        if task.fields:
            pick_ways(task.fields, encoders, config.bridge)
    return Request(strategy=strategy, tasks=tasks, encoders=encoders, source=source, before=before)


Ahead = tuple[int, tuple[Field, ...], Entry]
"""Place of an encoder, the fields that it reads, and the bridge from them to it."""


def _seen(ahead: Sequence[Ahead], place: int) -> tuple[str, ...]:
    """Return what the encoder in `place` will be shown, over all tasks."""
    shown = (
        signal_seen([field.signal.kind for field in fields], bridge.spec.sink)
        for number, fields, bridge in ahead
        if number == place
    )
    return tuple(dict.fromkeys(filter(None, shown)))


def _ways_ahead(config: RunConfig, tasks: tuple[tuple[str, TaskSpec], ...]) -> tuple[Ahead, ...] | None:
    """Return the ways that will be gone, where names alone say so; None where a checkpoint has to be read first."""
    try:
        encoders = tuple(registry().get("encoder", name.partition(":")[0]) for name in config.encoder)
    except UnknownNameError:
        return None
    if not all(encoder.spec.model_types for encoder in encoders) or not all(task.fields for _, task in tasks):
        return None
    return tuple(
        (place, fields, bridge)
        for _, task in tasks
        for place, (fields, bridge) in enumerate(pick_ways(task.fields, encoders, config.bridge))
    )


def pick_ways(
    fields: tuple[Field, ...], encoders: tuple[ResolvedEncoder | Entry, ...], wanted: str | None
) -> tuple[tuple[tuple[Field, ...], Entry], ...]:
    """Return, for each encoder, the fields it reads and the bridge from them to it.

    Every encoder reads the fields of its native kind. Fields of a kind that is no encoder's go together to the first
    that a bridge leads to, one that has nothing else to read before the others. An encoder that is left with nothing
    reads everything that a bridge brings to it.

    Raises:
        RefusedError: No bridge leads from a field to any encoder, or to an encoder from any field.
    """
    if len(encoders) == 1:
        return ((fields, pick_way(fields, encoders[0], wanted)),)
    shares = [[field for field in fields if field.signal.kind == encoder.spec.inputs[0].kind] for encoder in encoders]
    taken = {field.signal.kind for share in shares for field in share}
    for kind in dict.fromkeys(field.signal.kind for field in fields if field.signal.kind not in taken):
        alike = tuple(field for field in fields if field.signal.kind == kind)
        order = sorted(range(len(encoders)), key=lambda place: bool(shares[place]))
        near = [place for place in order if _leads(alike, encoders[place])]
        shares[near[0] if near else 0].extend(alike)
    for place, encoder in enumerate(encoders):
        if not shares[place]:
            shares[place] = [field for field in fields if _leads((field,), encoder)] or list(fields)
    ordered = [tuple(field for field in fields if field in share) for share in shares]
    if wanted is not None and not any(
        _fits(registry().get("bridge", wanted), share, encoder)
        for share, encoder in zip(ordered, encoders, strict=True)
    ):
        # None of them can use it: the answer is that of the first one.
        pick_way(ordered[0], encoders[0], wanted)
    return tuple((share, _picked(share, encoder, wanted)) for share, encoder in zip(ordered, encoders, strict=True))


def _picked(fields: tuple[Field, ...], encoder: ResolvedEncoder | Entry, wanted: str | None) -> Entry:
    """Return the bridge for one of several encoders: `wanted` where it fits, else the default."""
    fits = wanted is not None and _fits(registry().get("bridge", wanted), fields, encoder)
    return pick_way(fields, encoder, wanted if fits else None)


def _fits(bridge: Entry, fields: tuple[Field, ...], encoder: ResolvedEncoder | Entry) -> bool:
    kinds = {field.signal.kind for field in fields}
    return kinds <= bridge.spec.sources and bridge.spec.sink in {signal.kind for signal in encoder.spec.inputs}


def _leads(fields: tuple[Field, ...], encoder: ResolvedEncoder | Entry) -> bool:
    source = source_of(fields)
    return any(registry().pick_bridge(source, signal.kind) for signal in encoder.spec.inputs)


def pick_way(fields: tuple[Field, ...], encoder: ResolvedEncoder | Entry, wanted: str | None) -> Entry:
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
            near = next(filter(None, (registry().pick_bridge(source, sink) for sink in sinks)), None)
            raise RefusedError(
                f"bridge {bridge.id} does not lead from {source} to what {encoder.spec.name} takes",
                got=f"{bridge.spec.source} to {bridge.spec.sink}",
                allowed=f"{source} to {' or '.join(sinks)}",
                fix=f"leave --bridge out: {near.name} does" if near else f"see `modaxfer list bridges --from {source}`",
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


def reason_of(fields: tuple[Field, ...], bridge: Entry) -> str:
    """Say why `pick_way` chose `bridge` for `fields` where none was asked for: ``default for text to patches``."""
    found = registry().explain_bridge(source_of(fields), bridge.spec.sink)
    return found[1] if found is not None and found[0] == bridge else "asked for"


def source_of(fields: tuple[Field, ...]) -> str:
    """Describe the kinds of `fields` as `modaxfer_pick_bridge` is told them: ``image+text``, ``image+image``."""
    kinds = [field.signal.kind for field in fields]
    several = [kind for kind in MEDIA if kinds.count(kind) > 1]
    return "+".join(sorted([*set(kinds), *several]))


def find_tasks(config: RunConfig) -> tuple[tuple[str, TaskSpec], ...]:
    """Return id and spec of each task, registered or made from the user's own files.

    Raises:
        UnknownNameError: There is no such task, or a task's problem is unknown.
    """
    if config.data is not None:
        from modaxfer.tasks.own import task_from_files

        task = task_from_files(config)
        name = task.name if config.stream and not Path(config.data).exists() else Path(config.data).stem
        return ((f"own/{name}", with_asked_scores(task, config)),)
    entries = [registry().get("task", name) for name in config.task]
    posed = [(entry.id, _posed(entry.spec)) for entry in entries]
    if config.stream:
        from modaxfer.tasks.streams import streamed_task

        posed = [(name, streamed_task(task, config)) for name, task in posed]
    return tuple((name, with_asked_scores(task, config)) for name, task in posed)


def _posed(task: TaskSpec) -> TaskSpec:
    """Return `task` with its problem called as results call it: a plugin's by its id."""
    name = problem_name(task.target.problem)
    return task if name == task.target.problem else replace(task, target=replace(task.target, problem=name))


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
    refuse_large_seeds(config.seed, config.seeds)
    if config.task and config.data is not None:
        raise ConfigError(
            "--task and --data exclude each other",
            got=f"{config.task[0]} and {config.data}",
            fix="leave one of them out",
        )
    refuse_misplaced(config)
    refuse_decisions(config)
    if config.checkpoint is not None and len(config.encoder) > 1:
        raise ConfigError(
            "--checkpoint names weights for one encoder",
            got=config.encoder,
            fix="name checkpoints or folders as --encoder instead",
        )


def _refuse_crowds(config: RunConfig, strategy: Entry) -> None:
    """Refuse several encoders or tasks where the strategy takes one, and one encoder where it fuses several."""
    for what, names, many, other in (
        ("encoder", config.encoder, strategy.spec.many_encoders, "fusion"),
        ("task", config.task, strategy.spec.many_tasks, "multitask"),
    ):
        if len(names) > 1 and not many:
            raise RefusedError(
                f"strategy {strategy.name} takes one {what}",
                got=names,
                allowed="1",
                fix=f"name one of them, or use a strategy of several such as --strategy {other}",
            )
    if strategy.spec.many_encoders and len(config.encoder) < 2:
        raise RefusedError(
            f"strategy {strategy.name} fuses several encoders",
            got=config.encoder,
            allowed="two or more",
            fix="name a second --encoder, or use another strategy",
        )
    if len(set(config.task)) < len(config.task):
        raise ConfigError("a task is named twice", got=config.task, fix="name it once")
