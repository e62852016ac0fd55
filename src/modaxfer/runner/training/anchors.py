"""What parameters were before: as a phase began, and before anything was trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from modaxfer.contracts import TrainedParameter, Weights
from modaxfer.plan import Phase, Reads
from modaxfer.runner.model.transfer import ModelParameter
from modaxfer.runner.training.after import snapshot
from modaxfer.runner.training.checkpoint import Checkpoints
from modaxfer.runner.training.streams import Sessions, sessions_of
from modaxfer.runner.training.trainable import trainable_parameters

__all__ = ["reads_parameters", "run_start", "trained_parameters"]


def reads_parameters(phase: Phase) -> bool:
    """Return whether a loss of `phase` reads parameters."""
    return phase.solver is None and any(Reads.PARAMETERS in term.reads for term in phase.losses)


def run_start(sessions: Sessions, phases: Sequence[Phase], checkpoints: Checkpoints) -> Weights:
    """Return what the phases that read parameters train, as it is before the first phase; a resumed run reads it."""
    asking = [phase for phase in phases if reads_parameters(phase)]
    if not asking:
        return {}

    def made() -> Weights:
        found: dict[str, torch.Tensor] = {}
        for phase in asking:
            found |= snapshot(trainable_parameters(sessions_of(phase, sessions), phase))
        return found

    return checkpoints.once("run-start", made)


def trained_parameters(
    trainable: Mapping[str, ModelParameter], number: int, checkpoints: Checkpoints, first: Weights
) -> dict[str, TrainedParameter]:
    """Return what losses are given of the parameters of a phase.

    Args:
        trainable: By name, as the phase begins.
        number: Place of the phase in the plan.
        checkpoints: Where their values are kept for a run that is killed.
        first: See `run_start`.
    """
    # The first phase begins where the run does.
    shared = number == 0 and first.keys() >= trainable.keys()
    began = first if shared else checkpoints.once(f"phase-start-{number}", lambda: snapshot(trainable))
    made = {}
    for name, parameter in trainable.items():
        start = began[name].to(parameter.tensor.device)
        known = first.get(name, began[name])
        same = known is began[name] or known.shape != start.shape
        made[name] = TrainedParameter(
            part=parameter.part,
            layer=parameter.layer,
            depth=parameter.depth,
            now=parameter.tensor,
            phase_start=start,
            run_start=start if same else known.to(start.device),
        )
    return made
