"""Heads and adapters, made once before any weight is loaded: what cannot be built or read is refused here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from modaxfer.contracts import PARTS
from modaxfer.encoders.adapters import rehearse_adapter
from modaxfer.encoders.checkpoints import ResolvedEncoder
from modaxfer.encoders.load import outline
from modaxfer.errors import RefusedError
from modaxfer.heads.build import head_of, rehearse_head
from modaxfer.plan import AdapterSpec, Reads
from modaxfer.problems.conformity import require_criterion
from modaxfer.runner.model.description import TowerDescription
from modaxfer.runner.request.patterns import refuse_unfitting

if TYPE_CHECKING:
    from modaxfer.contracts import Criterion
    from modaxfer.runner.request.resolved import ResolvedTask

__all__ = ["rehearse"]

_REHEARSED: set[tuple[str, str, str, bool]] = set()
"""Adapters that can be attached, by the encoder's class and config: a sweep asks for the same in most of its cells."""


def rehearse(tasks: Sequence[ResolvedTask]) -> None:
    """Make head and adapters once, and look whether the encoders have the layers that are read.

    Args:
        tasks: Of one run; they share encoders and plan.

    Raises:
        ConfigError: The head does not take what it is given, or cannot be saved.
        PluginError: The criterion of a plugin's problem is not complete.
        RefusedError: The encoders, the plan and the options do not fit together.
    """
    for described in tasks[0].towers:
        _refuse_layer(described)
    _refuse_long(tasks)
    _refuse_several(tasks[0])
    for resolved in tasks:
        outputs = _criterion(resolved).outputs
        if resolved.parent is None:
            _rehearse_head(resolved, outputs)
    for described in tasks[0].towers:
        stored = described.encoder.stored
        if stored is not None and stored.adapter is not None:  # That of the run that trained it.
            _rehearse_adapter(described.encoder, stored.adapter, merged=True)
    _refuse_fused_tokens(tasks[0])
    refuse_unfitting(tasks[0].plan, tasks[0].towers)
    adapter = tasks[0].plan.adapter
    for described in tasks[0].towers if adapter is not None else ():
        assert adapter is not None, "asked above"
        _rehearse_adapter(described.encoder, adapter)


def _criterion(resolved: ResolvedTask) -> Criterion:
    """Return the criterion that will be learned; a plugin's that is not complete is refused here."""
    criterion = resolved.criterion
    require_criterion(resolved.task.target.problem, criterion)
    return criterion


def _rehearse_head(resolved: ResolvedTask, outputs: int) -> None:
    """Make the head at the size of plain features and ask it: what cannot be built, asked or saved is refused."""
    hidden = [described.encoder.hidden_size for described in resolved.towers]
    segments = 1 if resolved.plan.fusion is None else max(1, resolved.plan.fusion.segments)
    widths = [segments * size for size in hidden]
    with torch.random.fork_rng(devices=()):
        problem, dropout = resolved.task.target.problem, resolved.options.train.dropout
        head = head_of(resolved.plan, problem, widths, outputs, dropout, hidden=hidden)
        parts = any(described.readout.pooling in PARTS for described in resolved.towers)
        rehearse_head(head, widths, hidden, outputs, parts=parts)


def _refuse_fused_tokens(resolved: ResolvedTask) -> None:
    """Refuse a loss that reads tokens or layers of one encoder where there are several, of different widths."""
    of_one = {Reads.TOKENS, Reads.LAYERS}
    names = [term.name for phase in resolved.plan.phases for term in phase.losses if of_one & term.reads]
    if names and len(resolved.towers) > 1:
        raise RefusedError(
            f"a loss of strategy {resolved.strategy.name} reads tokens or layers, which several encoders do not share",
            got=f"{', '.join(names)} with {len(resolved.towers)} encoders",
            allowed="1 encoder, or losses that read outputs and pooled vectors",
            fix="name one --encoder, or choose another strategy (`modaxfer list strategies`)",
        )


def _refuse_several(resolved: ResolvedTask) -> None:
    """Refuse a solver that reads the features of one encoder where there are several."""
    names = [phase.name for phase in resolved.plan.phases if phase.solver is not None and not phase.solver.several]
    if names and len(resolved.towers) > 1:
        raise RefusedError(
            f"strategy {resolved.strategy.name} solves for a head on the features of one encoder",
            got=f"{len(resolved.towers)} encoders, phase {', '.join(names)}",
            allowed="1 encoder, or a solver that takes several (Solver.several)",
            fix="name one --encoder, or choose another strategy (`modaxfer list strategies`)",
        )


def _rehearse_adapter(encoder: ResolvedEncoder, adapter: AdapterSpec, *, merged: bool = False) -> None:
    """Attach an adapter once, without the encoder's weights; what has gone well is not tried again in this process."""
    asked = (encoder.spec.target, repr(vars(encoder.config)), repr(adapter), merged)
    if asked in _REHEARSED and not encoder.trust_remote_code:
        return
    rehearse_adapter(outline(encoder), adapter, merged=merged)
    _REHEARSED.add(asked)


def _refuse_layer(described: TowerDescription) -> None:
    layer, depth = described.encoder_options.layer, described.encoder.depth
    if layer is not None and layer > depth:
        raise RefusedError(
            f"{described.encoder.spec.name} has no such layer to read",
            got=f"encoder.layer={layer}",
            allowed=f"0 to {depth}",
            fix="correct the value",
        )


def _refuse_long(tasks: Sequence[ResolvedTask]) -> None:
    wanted = tasks[0].options.encoder.long
    about = {"head_tail": ("text",), "mean_of_windows": ("text", "audio")}
    sinks = {described.bridge.spec.sink for resolved in tasks for described in resolved.towers}
    if wanted != "head" and not sinks.intersection(about[wanted]):
        heard = ", or encoder.long=mean_of_windows" if "audio" in sinks else ""
        raise RefusedError(
            f"encoder.long={wanted} is for encoders that read {' or '.join(about[wanted])}",
            got=f"encoder.long={wanted} with {', '.join(sorted(sinks))}",
            fix=f"leave it out{heard}, or choose a text encoder such as bert",
        )
