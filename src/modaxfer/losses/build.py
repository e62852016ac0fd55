"""The losses of a phase: built from its plan, called, and held to what they promise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from modaxfer.contracts import LossOutput, Step, WeighingLoss
from modaxfer.errors import ConfigError, HiddenTargetsError
from modaxfer.plan import Part, Ramp
from modaxfer.registry import build_target, calling, fault

if TYPE_CHECKING:
    from torch import nn

    from modaxfer.contracts import LossContext
    from modaxfer.plan import LossTerm, Phase

__all__ = ["Term", "build_combiner", "build_terms"]


@dataclass(frozen=True, kw_only=True)
class Term:
    """One loss of a phase, built."""

    spec: LossTerm
    streams: tuple[str, ...]
    """That it takes."""
    module: nn.Module

    @property
    def names(self) -> tuple[str, ...]:
        """What combiner and log know its losses by: one for each stream that it gives a loss for."""
        return tuple(dict.fromkeys(self.name(stream) for stream in self.streams)) or (self.spec.name,)

    def name(self, stream: str) -> str:
        """Return what its loss for `stream` is called; that of a joint term has no stream in its name."""
        several = len(self.streams) > 1 and not self.spec.joint
        return f"{self.spec.name}.{stream}" if several else self.spec.name

    def weight(self, progress: float) -> float:
        """Return what its losses are multiplied by after a share `progress` of the phase."""
        weight = self.spec.weight
        return weight(progress) if isinstance(weight, Ramp) else weight

    def total(self, stream: str, targets: torch.Tensor | None, rows: int) -> float:
        """Return what its summed loss over a step's `rows` is divided by."""
        module: Any = self.module
        if targets is not None and isinstance(module, WeighingLoss):
            return module.total(stream, targets)
        return float(rows)

    def __call__(self, step: Step) -> LossOutput:
        """Return the loss of `step`, of the shape that the term promises.

        Raises:
            HiddenTargetsError: It fails where labels are hidden, as if they were there.
            PluginFaultError: It fails, or is of another shape.
        """
        with calling(self.spec.target, f"loss {self.spec.name}"):
            try:
                made = self.module(step)
            except (AttributeError, TypeError) as error:
                hidden = [stream.name for stream in step.streams.values() if stream.targets is None]
                if not hidden:
                    raise
                told = f"loss {self.spec.name} fails with {type(error).__name__}: {error}; stream {', '.join(hidden)}"
                raise HiddenTargetsError(told) from error
        output = made if isinstance(made, LossOutput) else LossOutput(losses=made)
        wanted = () if self.spec.joint else (len(step.only.rows),)
        for name, values in {"": output.losses, **output.numbers}.items():
            self._check(name, values, wanted)
        return output

    def _check(self, name: str, values: Any, wanted: tuple[int, ...]) -> None:
        if isinstance(values, torch.Tensor) and tuple(values.shape) == wanted:
            return
        promised = "a single number" if self.spec.joint else "one number per row"
        raise fault(
            self.spec.target,
            f"does not give {promised}" + (f" as {name}" if name else ""),
            got=f"shape {list(values.shape)}" if isinstance(values, torch.Tensor) else type(values).__name__,
            allowed=f"shape {list(wanted)}, by the term's `joint`",
            kind=f"loss {self.spec.name}",
            at=type(self.module).forward,
        )


def build_terms(phase: Phase, context: LossContext, number: int = 0) -> dict[str, Term]:
    """Return the losses of `phase` by name, each drawn from a random state of its own.

    Args:
        phase: Names the losses.
        context: With all streams of the phase; each loss is told of those that it takes.
        number: Place of the phase in the plan.

    Raises:
        ConfigError: A loss does not take what it is given, or has parameters that nothing says a learning rate of.
    """
    terms = {}
    for place, spec in enumerate(phase.losses):
        streams = phase.streams_of(spec)
        own = replace(context, streams={name: context.streams[name] for name in streams or context.streams})
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(context.seed + 1_000_003 * (number + 1) + 1_009 * place)
            module = build_target(f"loss {spec.name}", spec.target, (own,), spec.options)
        _require_module(f"loss {spec.name}", spec.target, module)
        _refuse_rateless(f"loss {spec.name}", module, spec.learning_rate, phase)
        terms[spec.name] = Term(spec=spec, streams=streams, module=module)
    return terms


def build_combiner(phase: Phase, terms: Mapping[str, Term]) -> Any:
    """Return the combiner of `phase`, a `modaxfer.contracts.Combiner`.

    Raises:
        ConfigError: It does not take names, or has parameters and the head's learning rate is not given.
    """
    names = tuple(name for term in terms.values() for name in term.names)
    combiner = build_target("combiner", phase.combine.target, (names,), phase.combine.options)
    _require_module("combiner", phase.combine.target, combiner)
    _refuse_rateless("the combiner", combiner, None, phase)
    return combiner


def _require_module(who: str, target: str, made: Any) -> None:
    from torch import nn

    if not isinstance(made, nn.Module):
        raise fault(target, "is no module", got=type(made).__name__, allowed="an nn.Module", kind=who)


def _refuse_rateless(who: str, module: nn.Module, rate: float | None, phase: Phase) -> None:
    if rate is None and Part.HEAD not in phase.learning_rates and any(p.requires_grad for p in module.parameters()):
        raise ConfigError(
            f"{who} has parameters of its own, and no learning rate",
            got=f"phase {phase.name}, which does not train the head",
            fix="give the term a learning_rate",
        )
