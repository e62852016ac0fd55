"""What a run says of itself before anything is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from modaxfer.contracts import TaskData
from modaxfer.encoders.runs import lineage
from modaxfer.runner.model.description import TowerDescription
from modaxfer.runner.progress import Progress
from modaxfer.runner.request.pretrained import made_alike
from modaxfer.runner.request.resolved import ResolvedTask

__all__ = ["announce", "describe"]


def announce(tasks: Sequence[ResolvedTask], warnings: Sequence[str], progress: Progress) -> None:
    """Say what was resolved, of which rows, and what there is to be warned of, a line each."""
    say = progress.say
    for resolved in tasks:
        for name, value in describe(resolved).items():
            say(f"{name:<11}{value}")
        for reason in [one for tower in resolved.towers for one in _reasons(tower)]:
            say(f"{'':<11}{reason}")
        _announce_rows(resolved.data, say)
        if resolved.source is not None:
            say(f"{'source':<11}{resolved.source.task_id}")
            _announce_rows(resolved.source.data, say)
    for warning in warnings:
        progress.warn(warning)


def _announce_rows(data: TaskData, say: Callable[[str], None]) -> None:
    rows = ", ".join(f"{count:,} {name}" for name, count in data.rows.items())
    say(f"{'data':<11}{data.source}: {rows} rows (fingerprint {data.fingerprint[:12]})")
    if data.unlabelled is not None:
        say(f"{'unlabelled':<11}{data.unlabelled.source}{_left_out(data.unlabelled.dropped)}")
    dropped = ", ".join(f"{count} {reason}" for reason, count in data.dropped.items())
    example = f", e.g. {data.dropped_rows[0]}" if data.dropped_rows else ""
    if dropped:
        say(f"{'dropped':<11}{dropped}{example}")


def _left_out(dropped: Mapping[str, int]) -> str:
    told = ", ".join(f"{count:,} {reason}" for reason, count in dropped.items())
    return f" (left out: {told})" if told else ""


def describe(resolved: ResolvedTask) -> dict[str, Any]:
    """Return the choices of `resolved` as plain values, for people."""
    before = resolved.towers if resolved.config.weights == "pretrained" else ()
    trained = [tower.encoder.trained for tower in before if tower.encoder.trained is not None]
    return {
        "task": resolved.task_id,
        **({"problem": resolved.task.posed} if resolved.task.posed else {}),
        "encoder": " + ".join(described.encoder.id for described in resolved.towers),
        "checkpoint": " + ".join(described.encoder.checkpoint for described in resolved.towers),
        **({"trained": " + ".join(map(lineage, trained))} if trained else {}),
        "bridge": " + ".join(described.bridge.id for described in resolved.towers),
        "strategy": resolved.strategy.id + (f" ({bound} bound)" if (bound := resolved.config.bound) else ""),
    }


def _reasons(tower: TowerDescription) -> list[str]:
    """Return why the checkpoint was taken, and how rows are made because of it."""
    alike = made_alike(tower.encoder, tower.bridge)
    kept = {key: value for key, value in alike.items() if getattr(tower.bridge_options, key, None) == value}
    told = ", ".join(f"{key}={value}" for key, value in kept.items())
    made = [f"{tower.bridge.name} as in its pretraining: {told}"] if told else []
    return [*([f"{tower.encoder.checkpoint} is {tower.encoder.why}"] if tower.encoder.why else []), *made]
