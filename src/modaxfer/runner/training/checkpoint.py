"""Checkpoints of an unfinished run, in safetensors and JSON only, so that a killed run goes on as if unbroken."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

from modaxfer.contracts import Kept, Weights
from modaxfer.result import defined, write_atomically
from modaxfer.runner.tensors import write_tensors
from modaxfer.runner.training.vocabulary import Vocabulary

__all__ = ["Checkpoints", "Position", "pack", "restore", "stand", "unpack"]

LATEST, START = "latest.json", "start"
ROWS = "rows"
"""What stands before a tensor's name for the rows that its moments are of, where they are not of all."""


@dataclass(kw_only=True)
class Position:
    """How far training is."""

    phase: int = 0
    epoch: int = 0
    """Epoch that the next step belongs to, from 0."""
    step_in_epoch: int = 0
    step: int = 0
    """Optimiser steps done in this phase."""
    loss: float = 0.0
    """Smoothed training loss."""
    terms: dict[str, float] = field(default_factory=dict)
    """The same of each loss by name, before weights, and of what it logs beside it."""
    layers: dict[str, float] = field(default_factory=dict)
    """What the rate of each layer is multiplied by in this epoch, where it follows the gradients."""
    seconds: float = 0.0
    """Training time before the last interruption."""
    history: list[dict[str, Any]] = field(default_factory=list)
    kept: list[list[Any]] = field(default_factory=list)
    """Epoch and score, as text, of the epochs whose weights are kept, as a checkpoint has them."""


class Checkpoints:
    """Writes one checkpoint after the other into a folder; only the newest stays.

    Args:
        folder: ``RUN/.checkpoint``.
        writes: Whether this process is the one that writes; all processes read.
    """

    def __init__(self, folder: Path, *, writes: bool = True) -> None:
        self.folder, self.writes = folder, writes

    def save(
        self,
        position: Position,
        trainable: Mapping[str, nn.Parameter],
        optimiser: torch.optim.Optimizer | None,
        kept: Sequence[Kept],
        buffers: Mapping[str, torch.Tensor] | None = None,
        words: Mapping[str, Vocabulary] | None = None,
    ) -> None:
        """Write the tensors that training has moved, the optimiser's moments, the best epochs, the random state.

        `buffers` are what changes without a gradient; `words` are, by name, the tensors of which steps are given some
        rows alone: moments are kept of those.
        """
        if not self.writes:
            return
        tensors = {f"now.{name}": parameter.detach() for name, parameter in trainable.items()}
        for place, epoch in enumerate(kept):
            tensors |= {f"kept.{place}.{name}": tensor for name, tensor in epoch.weights.items()}
        for name, parameter in trainable.items():
            own = (words or {}).get(name)
            state = (
                optimiser.state.get(parameter if own is None else own.parameter, {}) if optimiser is not None else {}
            )
            tensors |= {f"moment.{name}.{key}": torch.as_tensor(value) for key, value in state.items()}
            tensors |= {f"{ROWS}.{name}": own.rows} if own is not None and state else {}
        tensors |= {f"buffer.{name}": tensor.detach() for name, tensor in (buffers or {}).items()}
        tensors["random"] = torch.get_rng_state()
        if torch.cuda.is_available():
            tensors["random_cuda"] = torch.cuda.get_rng_state()
        # With the epoch: the last step of one may be saved by the clock, and as its end, and neither over the other.
        name = f"{position.phase}-{position.step}-{position.epoch}"
        target = self.folder / name
        target.mkdir(parents=True, exist_ok=True)
        write_tensors(tensors, target / "state.safetensors")
        write_atomically(
            target / "position.json",
            pack(asdict(position) | {"kept": [[epoch.epoch, str(epoch.score)] for epoch in kept]}),
        )
        write_atomically(self.folder / LATEST, json.dumps({"name": name}))
        for old in self.folder.iterdir():
            if old.is_dir() and old != target:
                shutil.rmtree(old)

    def load(self) -> tuple[Position, dict[str, torch.Tensor]] | None:
        """Return the newest checkpoint, or None if there is none."""
        if not (self.folder / LATEST).is_file():
            return None
        folder = self.folder / json.loads((self.folder / LATEST).read_text(encoding="utf-8"))["name"]
        position = Position(**unpack((folder / "position.json").read_text(encoding="utf-8")))
        return position, load_file(folder / "state.safetensors")

    def begin(self, start: Weights) -> Mapping[str, torch.Tensor]:
        """Return the weights that the last phase began with: `start`, or of a resumed run what it began with then."""
        return self.once(START, lambda: start)

    def once(self, name: str, make: Callable[[], Mapping[str, torch.Tensor]]) -> Mapping[str, torch.Tensor]:
        """Return the tensors that `make` gives, or of a resumed run what it gave then.

        With several processes all of them call it, and `make` in each.
        """
        path = self.folder / f"{name}.safetensors"
        if path.is_file():
            stored: dict[str, torch.Tensor] = load_file(path)
            return stored
        made = make()
        if self.writes:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_tensors(made, path)
        return made

    def forget(self, beginning: str) -> None:
        """Remove what `once` has kept under names that begin so."""
        for path in self.folder.glob(f"{beginning}*.safetensors") if self.writes else ():
            path.unlink()

    def clear(self) -> None:
        """Remove all checkpoints; the run is finished."""
        if self.writes and self.folder.exists():
            shutil.rmtree(self.folder)


def pack(values: Mapping[str, Any]) -> str:
    """Return values as JSON, which has no number that is not finite: they are text at the top, and null below it."""
    named = {
        key: str(value) if isinstance(value, float) and not isfinite(value) else value for key, value in values.items()
    }
    return json.dumps(defined(named), allow_nan=False)


def unpack(text: str, *numbers: str) -> dict[str, Any]:
    """Return what `pack` made of values; those called `numbers` may be infinite."""
    values: dict[str, Any] = json.loads(text)
    return values | {key: float(values[key]) for key in numbers if values.get(key) is not None}


def restore(
    state: Mapping[str, torch.Tensor],
    trainable: Mapping[str, nn.Parameter],
    optimiser: torch.optim.Optimizer,
    position: Position,
    buffers: Mapping[str, torch.Tensor] | None = None,
    words: Mapping[str, Vocabulary] | None = None,
) -> list[Kept]:
    """Put a checkpoint's tensors back in place and return the best epochs so far.

    See `Checkpoints.save`; the rows of which moments were kept need not be those that steps are given now.
    """
    with torch.no_grad():
        for name, parameter in trainable.items():
            parameter.copy_(state[f"now.{name}"])
            moments, had, own = _below(state, f"moment.{name}."), state.get(f"{ROWS}.{name}"), (words or {}).get(name)
            if own is not None:
                own.read()
            if moments:
                optimiser.state[parameter if own is None else own.parameter] = {
                    key: value if key == "step" else _of_rows(value.to(parameter), had, own, parameter)
                    for key, value in moments.items()
                }
        for name, buffer in (buffers or {}).items():
            buffer.copy_(state[f"buffer.{name}"])
    torch.set_rng_state(state["random"])
    if "random_cuda" in state:
        torch.cuda.set_rng_state(state["random_cuda"])
    return [
        Kept(epoch=epoch, score=float(score), weights=_below(state, f"kept.{place}."))
        for place, (epoch, score) in enumerate(position.kept)
    ]


def _of_rows(
    moment: torch.Tensor, had: torch.Tensor | None, own: Vocabulary | None, parameter: torch.Tensor
) -> torch.Tensor:
    """Return a moment of the rows that steps are given, of one that is of the rows that they `had`, or of all."""
    if had is not None:
        moment = torch.zeros_like(parameter).index_copy_(0, had.to(parameter.device), moment)
    return moment if own is None else moment[own.rows]


def stand(state: Mapping[str, torch.Tensor], tensors: Mapping[str, nn.Parameter]) -> None:
    """Put a checkpoint's values of `tensors` back in place."""
    with torch.no_grad():
        for name, parameter in tensors.items():
            parameter.copy_(state[f"now.{name}"])


def _below(state: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
