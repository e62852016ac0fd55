"""Which plugins took part in a run: those whose code or data it used, with the ids of what it used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from modaxfer.plan import Component, Phase, Plan
from modaxfer.registry import BUILTIN, KINDS, blame_of, problem_spec, registry
from modaxfer.runner.request.request import source_of
from modaxfer.runner.request.resolved import ResolvedTask

__all__ = ["joined", "took_part"]

Used = tuple[str, str, str]
"""Namespace, kind and id."""


def took_part(tasks: Sequence[ResolvedTask], training: Mapping[str, Any] | None = None) -> tuple[dict[str, Any], ...]:
    """Return the plugins that a run of `tasks` used, the framework first, as a result has them under ``plugins``.

    Args:
        tasks: Of the run, as resolved.
        training: What it says of its training, where it came so far: the classical heads that were chosen.
    """
    everyone = [*tasks, *(resolved.source for resolved in tasks if resolved.source is not None)]
    strategy: Used = (tasks[0].strategy.plugin, "strategy", tasks[0].strategy.id)
    used = [strategy, *chain.from_iterable(map(_of_task, everyone)), *_of_plan(tasks[0].plan), *_everywhere()]
    for phase in (training or {}).get("phases", ()):
        used += _named("classical head", str(phase.get("head")))
    known = {record.namespace: record for record in registry().plugins}
    ids: dict[str, dict[str, list[str]]] = {BUILTIN: {}}
    for namespace, kind, name in used:
        own = ids.setdefault(namespace, {}).setdefault(kind, [])
        if name not in own:
            own.append(name)
    return tuple(
        {
            "namespace": namespace,
            "distribution": known[namespace].distribution,
            "version": known[namespace].version,
            "ids": brought,
        }
        for namespace, brought in ids.items()
        if namespace in known
    )


def joined(parts: Iterable[Sequence[Any]]) -> tuple[dict[str, Any], ...]:
    """Return the plugins that took part in any of several results, each once, with what it brought to all of them."""
    found: dict[str, dict[str, Any]] = {}
    for plugin in chain.from_iterable(parts):
        own = found.setdefault(plugin["namespace"], {**plugin, "ids": defaultdict(list)})["ids"]
        for kind, names in plugin["ids"].items():
            own[kind] += [name for name in names if name not in own[kind]]
    return tuple({**plugin, "ids": dict(plugin["ids"])} for plugin in found.values())


def _of_task(resolved: ResolvedTask) -> Iterator[Used]:
    """Yield what belongs to one task: rows, encoders and bridges, how it is scored."""
    checkpoints = {entry.id: entry for entry in registry().all("checkpoint")}
    yield from _named("task", resolved.task_id)
    yield from _named("problem", resolved.task.target.problem)
    for name in resolved.metrics:
        yield from _named("metric", name)
    for tower in resolved.towers:
        yield from _named("encoder", tower.encoder.id)
        if tower.encoder.checkpoint in checkpoints:
            yield from _named("checkpoint", tower.encoder.checkpoint)
        yield tower.bridge.plugin, "bridge", tower.bridge.id
        if resolved.config.bridge is None:
            yield from _picked(source_of(tower.fields), tower.bridge.spec.sink)
    if resolved.parent is None:
        yield from _head(resolved)


def _head(resolved: ResolvedTask) -> Iterator[Used]:
    plan = resolved.plan
    if any(phase.solver is None for phase in plan.phases):
        own = plan.head or problem_spec(resolved.task.target.problem).head
        yield from _named("head", own if plan.fusion is None else plan.fusion.head)


def _of_plan(plan: Plan) -> Iterator[Used]:
    """Yield what a plan names."""
    for phase in plan.phases:
        yield from _of_phase(phase)
    for end in plan.after:
        yield from _component("end", end)
    if plan.correct is not None:
        yield from _component("correction", plan.correct)


def _of_phase(phase: Phase) -> Iterator[Used]:
    if phase.solver is not None:
        yield _used("solver", phase.solver.target)
    else:
        for term in phase.losses:
            yield from _component("loss", term)
        yield from _component("combiner", phase.combine)
        yield from _component("validator", phase.validator)
        if phase.measure is not None:
            yield from _component("measure", phase.measure)
    for stream in phase.streams.values():
        for extra in stream.extras:
            yield from _component("extra", extra)
        for text in dict.fromkeys([*stream.transforms, *(one for view in stream.views for one in view.transforms)]):
            yield from _named("augmentation", text.partition("=")[0])


def _everywhere() -> Iterator[Used]:
    """Yield what takes part in every run: reports are rendered of it, and observers watch it."""
    for entry in registry().all("report"):
        yield entry.plugin, "report", entry.id
    for namespace, event in registry().observers():
        yield namespace, "observer", event


def _picked(source: str, sink: str) -> Iterator[Used]:
    namespace = registry().picked_by(source, sink)
    if namespace:
        yield namespace, "pick_bridge", f"{source} to {sink}"


def _component(kind: str, component: Component) -> Iterator[Used]:
    yield _used(kind, component.target)


def _used(kind: str, target: str) -> Used:
    found = blame_of(target, kind)
    return found.plugin, found.kind, found.id


def _named(kind: str, name: str) -> Iterator[Used]:
    """Yield the entry of this name; nothing for what is not registered, as a task of the user's own rows."""
    assert kind in KINDS, kind
    found = [entry for entry in registry().all(kind) if name in (entry.id, entry.name)]
    own = [entry for entry in found if entry.id == name or entry.plugin == BUILTIN] or found
    if own:
        yield own[0].plugin, kind, own[0].id
