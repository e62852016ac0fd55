"""What a run says of itself before anything is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from modaxfer.contracts import TaskData
from modaxfer.runner.request.resolve import ResolvedTask, describe

__all__ = ["announce"]


def announce(tasks: Sequence[ResolvedTask], warnings: Sequence[str], say: Callable[[str], None]) -> None:
    """Say what was resolved, of which rows, and what there is to be warned of, a line each."""
    for resolved in tasks:
        for name, value in describe(resolved).items():
            say(f"{name:<11}{value}")
        _announce_rows(resolved.data, say)
        if resolved.source is not None:
            say(f"{'source':<11}{resolved.source.task_id}")
            _announce_rows(resolved.source.data, say)
    for warning in warnings:
        say(f"warning: {warning}")


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
