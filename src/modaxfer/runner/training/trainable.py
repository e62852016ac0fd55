"""What a phase moves: parameters of its tasks' models, each once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from modaxfer.errors import RunFailedError
from modaxfer.plan import Parameters, Part, Phase
from modaxfer.runner.model.transfer import ModelParameter
from modaxfer.runner.session import TaskSession, models_of

__all__ = ["trainable_parameters"]


def trainable_parameters(sessions: Sequence[TaskSession], phase: Phase) -> dict[str, ModelParameter]:
    """Open every task's model for `phase` and return the trainable parameters by name, shared ones once.

    With several models, names of parameters that only one of them has start with its number.

    Raises:
        RunFailedError: A part that the phase trains owns no parameter in any of the models.
    """
    trainable = [model.set_trainable(phase) for model in models_of(sessions)]
    found = [parameter for own in trainable for parameter in own.values()]
    _refuse_empty_parts(phase, {parameter.part for parameter in found})
    _refuse_unfitting(phase, found)
    if len(trainable) == 1:
        return trainable[0]
    seen: set[int] = set()
    parameters: dict[str, ModelParameter] = {}
    for number, own in enumerate(trainable):
        for name, parameter in own.items():
            if id(parameter.tensor) not in seen:
                seen.add(id(parameter.tensor))
                parameters[f"{number}.{name}"] = parameter
                # Another task's model, set after this one, may have frozen what it does not read.
                parameter.tensor.requires_grad_(True)
    return parameters


def _refuse_empty_parts(phase: Phase, moving: set[Part]) -> None:
    """Refuse a phase of which a part would not move; embeddings and norms belong to the body, with or without them."""
    body = {Part.BODY, Part.NORM, Part.EMBEDDINGS}
    missing = phase.parts - body - moving
    if Part.BODY in phase.parts and not moving & body:
        missing |= {Part.BODY}
    if missing and phase.solver is None:
        raise RunFailedError(
            f"phase {phase.name} trains what this model does not have",
            got=sorted(missing),
            allowed=sorted(moving),
            fix="correct the plan of the strategy, or set from_layer lower",
        )


def _refuse_unfitting(phase: Phase, found: Iterable[ModelParameter]) -> None:
    """Refuse names that nothing which moves has: those of a head, a bridge or an adapter are known no sooner."""
    known = {(parameter.part, parameter.name) for parameter in found}
    for each in sorted(map(_as_parameters, phase.trainable), key=str):
        own = {each.part, Part.NORM} if each.part is Part.BODY else {each.part}
        if each.names != ("*",) and not any(part in own and each.fits(name) for part, name in known):
            raise RunFailedError(
                f"phase {phase.name} trains parameters that this model does not have",
                got=each,
                allowed=sorted(name for part, name in known if part in own)[:8] or "none of this part",
                fix="correct the patterns in the plan of the strategy, or set from_layer lower",
            )


def _as_parameters(moving: Part | Parameters) -> Parameters:
    return moving if isinstance(moving, Parameters) else Parameters(part=moving, names=("*",))
