"""The losses of a phase with their own parameters: trained and kept with it, and thrown away when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import torch
from torch import nn

from modaxfer.contracts import LossContext
from modaxfer.contracts.source_head import no_source_head
from modaxfer.losses.build import Term, build_combiner, build_terms
from modaxfer.plan import Part, Phase
from modaxfer.runner.model.transfer import ModelParameter
from modaxfer.runner.session import TaskSession
from modaxfer.runner.training.checkpoint import Checkpoints
from modaxfer.runner.training.streams import Sessions, stream_encoder, stream_facts

__all__ = ["PhaseLosses"]


class PhaseLosses:
    """What a phase is trained on.

    Args:
        phase: Names the losses and their combiner.
        sessions: The run's tasks.
        number: Place of the phase in the plan.
        checkpoints: Where the model that the phase starts from is kept, if a loss asks for it.
        trained: All parameters that this phase or one before it trains.
    """

    def __init__(
        self,
        phase: Phase,
        sessions: Sessions,
        number: int,
        checkpoints: Checkpoints,
        trained: Mapping[str, nn.Parameter],
    ) -> None:
        opened = {name: sessions[stream.role, stream.task] for name, stream in phase.streams.items()}
        first = next(iter(opened.values()))
        context = LossContext(
            streams={name: stream_facts(phase.streams[name], session) for name, session in opened.items()},
            seed=first.seed,
            start=lambda name: _start(opened[name], trained, checkpoints, f"began-{number}-{name}"),
            class_weight=first.train.class_weight,
            label_smoothing=first.train.label_smoothing,
            encoder=lambda name: stream_encoder(name, phase.streams[name], opened[name]),
            source_head=lambda: _source_head(first),
        )
        self.terms: dict[str, Term] = build_terms(phase, context, number)
        self.combiner: Any = build_combiner(phase, self.terms)
        joint = any(term.spec.joint and not term.spec.rowless for term in self.terms.values())
        self.whole = joint or getattr(self.combiner, "whole", False)
        """Whether losses need all rows of a step at once."""
        self.parameters: dict[str, ModelParameter] = {}
        """Parameters of the losses' own, by name."""
        self.buffers: dict[str, torch.Tensor] = {}
        """What they hold beside that."""
        for name, term in self.terms.items():
            self._note(f"losses.{name}", term.module, term.spec.learning_rate, first)
        self._note("combiner", self.combiner, None, first)

    def loss(self, found: Mapping[str, float], progress: float) -> float:
        """Return the losses that were `found`, by name, added up by the weights of their terms."""
        values = [
            term.weight(progress) * found[name] for term in self.terms.values() for name in term.names if name in found
        ]
        return sum(values)

    def _note(self, name: str, module: nn.Module, rate: float | None, session: TaskSession) -> None:
        module.to(session.computer.device)
        depth = session.model.depth
        for own, tensor in module.named_parameters():
            if tensor.requires_grad:
                self.parameters[f"{name}.{own}"] = ModelParameter(
                    tensor=tensor, part=Part.HEAD, layer=depth, depth=depth, rate=rate
                )
        self.buffers |= {f"{name}.{own}": buffer for own, buffer in module.named_buffers()}


def _source_head(session: TaskSession) -> nn.Module:
    """Return a copy of the source's head that can be trained: another learning rate begins with it anew."""
    if session.source_head is None:
        no_source_head()
    return deepcopy(session.source_head).requires_grad_(True)


def _start(session: TaskSession, trained: Mapping[str, nn.Parameter], checkpoints: Checkpoints, name: str) -> nn.Module:
    """Return a frozen copy of the model as the phase begins, or as it began in the run that is resumed."""
    moved = {id(tensor) for tensor in trained.values()}
    now = {own: tensor for own, tensor in session.model.named_parameters() if id(tensor) in moved}
    model = deepcopy(session.model)
    model.load_state_dict(checkpoints.once(name, lambda: now), strict=False)
    return model.requires_grad_(False).eval()
