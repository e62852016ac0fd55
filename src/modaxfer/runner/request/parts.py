"""Tasks whose rows have parts, each with a prediction of its own: what a model reads of them, or a refusal."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from modaxfer.errors import RefusedError
from modaxfer.plan import SCORE, SUPERVISED, Labels
from modaxfer.registry import registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modaxfer.config import EncoderOptions
    from modaxfer.contracts import TaskData
    from modaxfer.encoders.checkpoints import ResolvedEncoder
    from modaxfer.plan import Plan
    from modaxfer.registry import Entry
    from modaxfer.runner.request.resolved import ResolvedTask
    from modaxfer.spec import Field

__all__ = ["parts_read", "refuse_plan", "refuse_way", "with_parts"]


def with_parts(resolved: ResolvedTask) -> ResolvedTask:
    """Return a task as it is; where each part of its rows is predicted, with towers that read parts.

    Raises:
        RefusedError: Its plan, its bridge or its encoder cannot.
    """
    if not registry().get("problem", resolved.task.target.problem).spec.ragged:
        return resolved
    refuse_plan(resolved.plan, resolved.strategy)
    (tower,) = resolved.towers
    refuse_way(tower.fields, tower.bridge, tower.encoder, tower.encoder_options)
    pooling, parts = parts_read(tower.fields, resolved.data)
    return replace(resolved, towers=(replace(tower, readout=replace(tower.readout, pooling=pooling, parts=parts)),))


def parts_read(fields: Sequence[Field], data: TaskData) -> tuple[str, int]:
    """Return how tokens become the parts of a row, and how many parts each row has; 0 where it has words.

    See `modaxfer.contracts.PARTS`. Rows of images and sounds have as many parts as the training rows have tags.

    Raises:
        RefusedError: The tags of an image are no square grid.
    """
    if fields[0].signal.kind == "words":
        return "words", 0
    count = len(data.targets["train"][0])
    if fields[0].signal.kind == "audio":
        return "stretches", count
    if math.isqrt(count) ** 2 != count:
        raise RefusedError(
            "the tags of an image must be a square grid, row by row", got=f"{count} tags per image",
            allowed="1, 4, 9, 16, ... tags", fix="tag the cells of a square grid",
        )  # fmt: skip
    return "cells", count


def refuse_way(fields: Sequence[Field], bridge: Entry, encoder: ResolvedEncoder, options: EncoderOptions) -> None:
    """Refuse a way on which nobody can say which tokens belong to which part of a row.

    Raises:
        RefusedError: The task has several fields, or the bridge or the encoder mixes its parts.
    """
    kinds = [field.signal.kind for field in fields]
    if len(kinds) > 1 or kinds[0] not in ("words", "image", "audio"):
        raise RefusedError(
            "the words of a text are tagged, the cells of an image, or the stretches of a sound",
            got=[f"{field.name} ({field.signal})" for field in fields],
            allowed="one field: words, image or audio",
            fix="name one column of lists of words with --text, or one of images or sounds",
        )
    if bridge.spec.trained or (kinds[0] != "words" and bridge.spec.sink != kinds[0]):
        raise RefusedError(
            f"bridge {bridge.id} does not say which tokens belong to which part of the {kinds[0]}",
            got=f"{bridge.spec.source} to {bridge.spec.sink}",
            allowed=f"a bridge that leaves {kinds[0]} as it is, or keeps words apart",
            fix="choose an encoder of the same signal",
        )
    if kinds[0] == "audio" and not encoder.spec.model_types:
        raise RefusedError(
            f"nothing is known of the order of the tokens that {encoder.spec.name} makes of a sound",
            got=encoder.checkpoint,
            allowed="an encoder whose tokens follow each other in time",
            fix="choose wav2vec2 or whisper",
        )
    if options.pooling is not None:
        raise RefusedError(
            "encoder.pooling makes one vector of a row, and each of its parts is tagged",
            got=f"encoder.pooling={options.pooling}",
            fix="leave it out",
        )


def refuse_plan(plan: Plan, strategy: Entry) -> None:
    """Refuse a plan with something that reads one vector of each row.

    Raises:
        RefusedError: It fuses encoders, solves a head, has losses beside the task's own, or streams of another kind.
    """
    streams = [stream for phase in plan.phases for stream in phase.streams.values()]
    beside = [term.name for phase in plan.phases for term in phase.losses if term != SUPERVISED]
    does = {
        "fuses the vectors of rows": plan.fusion is not None,
        "solves a head on vectors of rows": any(phase.solver is not None for phase in plan.phases),
        f"has losses that are not made for tags ({', '.join(beside)})": bool(beside),
        "draws from several streams": any(len(phase.streams) > 1 for phase in plan.phases),
        "hides labels, or adds to rows": any(stream.labels is not Labels.GIVEN or stream.extras for stream in streams),
        "makes rows again, whose parts are then others": any(
            any(stream.changes) or len(stream.views) > 1 for stream in streams
        ),
        "is judged by vectors of rows": any(phase.validator != SCORE or phase.measure for phase in plan.phases),
    }
    found = [what for what, there in does.items() if there]
    if found:
        raise RefusedError(
            f"strategy {strategy.name} cannot tag the parts of rows: it {found[0]}",
            got=strategy.id,
            allowed="strategies of one task and one encoder that train on its labelled rows by the task's own loss",
            fix=f"choose one of these, such as {', '.join(_plain())}",
        )


def _plain() -> list[str]:
    """Return the names of built-in strategies of one encoder and one task; what their plans say is theirs."""
    return [
        entry.spec.name
        for entry in registry().all("strategy")
        if entry.plugin == "modaxfer" and not (entry.spec.many_encoders or entry.spec.many_tasks or entry.spec.adapts)
    ]
