"""What a run whose frozen layers are cut over processes cannot do, refused before weights are loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modaxfer.errors import RefusedError
from modaxfer.plan import SUM, SUPERVISED, Part, Phase
from modaxfer.runner.request.resolved import ResolvedTask

__all__ = ["refuse_whole_bodies"]

BODY = {Part.BODY, Part.NORM, Part.EMBEDDINGS}
"""Parts of an encoder that its checkpoint has; its layers are of these."""


def refuse_whole_bodies(tasks: Sequence[ResolvedTask], *, stage: bool) -> None:
    """Refuse what writes frozen layers as a whole, or what may run them more often in one process than in another.

    Args:
        tasks: As they were resolved; all share the plan.
        stage: Whether a source stage comes first.

    Raises:
        RefusedError: There is such.
    """
    first = tasks[0]
    reasons = [*_of_request(tasks, stage=stage), *_of_plan(first)]
    reasons += [reason for phase in first.plan.phases if phase.solver is None for reason in _of_phase(phase)]
    if reasons:
        raise RefusedError(
            "layers that are cut over processes (FSDP2) stay frozen, and all processes run them equally often",
            got=reasons,
            allowed="strategies that train a head, a bridge or an adapter on the labelled rows of one task: lora, "
            "adapter, frozen",
            fix="leave these out; or start it without shards (no MODAXFER_SHARD, no --use_fsdp), where every process "
            "has the whole model",
        )


def _of_request(tasks: Sequence[ResolvedTask], *, stage: bool) -> Iterator[str]:
    resolved, config = tasks[0], tasks[0].config
    if len(tasks) > 1:
        yield f"{len(tasks)} tasks"
    if stage or resolved.source is not None:
        yield f"--source-task {'+'.join(config.source_task)}: a source task"
    if resolved.hidden:
        yield "rows without labels"
    if config.tune is not None:
        yield "--tune: a search puts whole models back"
    if resolved.options.train.rates:
        yield "train.rates: a search puts whole models back"
    if config.standalone:
        yield "--standalone: the base weights are stored as a whole (`modaxfer export RUN` does it afterwards)"
    if config.weights != "pretrained" or not all(tower.encoder.spec.pretrained for tower in resolved.towers):
        yield "random weights, which are stored as a whole"
    if any(tower.encoder_options.parts for tower in resolved.towers):
        yield "encoder.long=mean_of_windows: rows have windows of their own number"


def _of_plan(resolved: ResolvedTask) -> Iterator[str]:
    plan = resolved.plan
    if plan.merge is not None:
        yield "merged runs: their weights are written into layers"
    if plan.privacy is not None:
        yield "--private: gradients of single rows"
    if plan.correct is not None:
        yield f"correction {plan.correct.name}"
    if plan.head_from_run or resolved.parent is not None:
        yield "a run that is gone on from as a whole"
    if any(proxy is not None for proxy in resolved.proxies):
        yield "bridge.align: a bridge is aligned by passes of its own"


def _of_phase(phase: Phase) -> Iterator[str]:
    body = sorted(str(part) for part in phase.parts & BODY)
    if body:
        yield f"phase {phase.name} trains {', '.join(body)}"
    if len(phase.drawn) > 1:
        yield f"phase {phase.name} draws several streams: {', '.join(phase.drawn)}"
    others = [term.name for term in phase.losses if term.target != SUPERVISED.target]
    if others or phase.combine != SUM:
        yield f"phase {phase.name} has losses beside the labels': {', '.join(others) or phase.combine}"
