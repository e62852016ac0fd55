"""Adaptation while predicting: SAR (Niu et al. 2023), sharpness-aware and reliable entropy minimisation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from modaxfer.errors import ConfigError, RefusedError
from modaxfer.registry import problem_spec
from modaxfer.result import Result
from modaxfer.runner.evaluation.estimates import LARGEST
from modaxfer.runner.model.description import ModelDescription
from modaxfer.runner.rows.encode import Computer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modaxfer.contracts import Batch
    from modaxfer.runner.model.transfer import TransferModel

__all__ = ["BATCH", "Sar", "adaptation_told", "affines_of", "refuse_unadaptable"]

BATCH = 64
"""Rows per step, in their order."""
RATE, MOMENTUM = 0.001, 0.9
"""Of SGD: the paper's for a ViT with layer norms."""
RADIUS = 0.05
"""How far sharpness is looked for."""
RELIABLE = 0.4
"""Rows whose entropy is above this share of ``ln K`` take no part."""
COLLAPSED = 0.2 / math.log(1000)
"""Where the moving average of the entropy falls below this share of ``ln K``, the model goes back to where it began.
The authors' code has 0.2 for the 1,000 classes of ImageNet."""
LEFT_OUT = 0.25
"""Share of the layers, from the top, that stay: the last 3 of 12, and the final norm."""


def refuse_unadaptable(adapt: str | None, run: Path, *, trust_remote_code: bool = False) -> None:
    """Refuse to adapt the model of a run that adaptation has nothing to do for, before its weights are loaded.

    Args:
        adapt: Name of the adaptation; None refuses nothing.
        run: Its folder.
        trust_remote_code: Allow code that comes with its checkpoint.

    Raises:
        ConfigError: There is no adaptation of this name.
        DataError: There is no model.
        RefusedError: Its problem has not one class per row, or nothing of it was trained by gradient.
    """
    if adapt is None:
        return
    if adapt != "sar":
        raise ConfigError("there is no such adaptation", got=adapt, allowed="sar", fix="--adapt sar, or none")
    described, result = ModelDescription.read(run, trust_remote_code=trust_remote_code), Result.load(run)
    spec = problem_spec(described.problem)
    if spec.link != "softmax" or spec.ragged:
        raise RefusedError(
            "SAR makes predictions surer, which needs one class per row",
            got=f"--adapt sar, problem {spec.name}",
            allowed="binary, multiclass",
            fix="leave --adapt out",
        )
    if not any(phase.get("steps") for phase in result.training.get("phases", ())):
        raise RefusedError(
            "this run has fitted a head in closed form to features of an encoder that stood still: nothing of it was"
            " trained by steps, and there is nothing to go on with",
            got=f"--adapt sar, strategy {result.strategy}",
            fix="leave --adapt out, or take a run of lora or full",
        )


def affines_of(model: TransferModel) -> dict[str, nn.Parameter]:
    """Return scales and shifts of the layer norms in the layers that are adapted, by name.

    Raises:
        RefusedError: There are none.
    """
    norms = {id(p) for module in model.modules() if isinstance(module, nn.LayerNorm | nn.GroupNorm)
             for p in module.parameters(recurse=False)}  # fmt: skip
    found = {
        name: parameter.tensor
        for name, parameter in model.model_parameters()
        if id(parameter.tensor) in norms and 0 <= parameter.layer < parameter.depth - _left_out(parameter.depth)
    }
    if not found:
        raise RefusedError(
            "SAR moves scales and shifts of layer norms, and this model has none below its last layers",
            got="--adapt sar",
            fix="leave --adapt out",
        )
    return found


def _left_out(depth: int) -> int:
    return max(1, round(LEFT_OUT * depth))


class Sar:
    """A model that goes on learning, without labels, from the rows that it predicts.

    Args:
        model: It; left as it was when `adapting` ends.
        computer: Where and in which arithmetic; float16, which needs gradients to be scaled, becomes float32.
        classes: How many there are.

    Raises:
        RefusedError: The model has no layer norms to adapt.
    """

    def __init__(self, model: TransferModel, computer: Computer, classes: int) -> None:
        self._model, self._parameters = model, list(affines_of(model).values())
        self._computer = Computer(computer.device, "fp32") if computer.precision == "fp16" else computer
        self._unit = math.log(classes)
        self._begun = [parameter.detach().clone() for parameter in self._parameters]
        self._average: float | None = None
        self.rows = 0
        """That took part."""
        self.resets = 0

    @contextmanager
    def adapting(self) -> Iterator[Sar]:
        """Let the layer norms learn, and put everything back at the end."""
        open_before = {id(one) for one in self._model.parameters() if one.requires_grad}
        self._model.eval()
        self._model.requires_grad_(False)
        for parameter in self._parameters:
            parameter.requires_grad_(True)
        self._optimiser = torch.optim.SGD(self._parameters, lr=RATE, momentum=MOMENTUM)
        try:
            yield self
        finally:
            self._back()
            for one in self._model.parameters():
                one.grad = None
                one.requires_grad_(id(one) in open_before)

    def __call__(self, batch: Batch) -> torch.Tensor:
        """Return float32 logits ``[rows, classes]`` of a batch, as the model is; then learn from it."""
        outputs = self._logits(batch)
        first = _entropy(outputs)
        reliable = first < RELIABLE * self._unit
        count = int(reliable.sum())
        if not count:
            return outputs.detach()
        self.rows += count
        steps = self._climb(first[reliable].mean())
        # Rows are chosen anew where the loss is highest.
        second = _entropy(self._logits(batch))[reliable]
        chosen = second[second < RELIABLE * self._unit]
        gradients = torch.autograd.grad(chosen.mean(), self._parameters) if len(chosen) else None
        with torch.no_grad():
            for parameter, step in zip(self._parameters, steps, strict=True):
                parameter.sub_(step)
        if gradients is not None:
            self._descend(gradients, float(chosen.mean().detach()))
        return outputs.detach()

    def _logits(self, batch: Batch) -> torch.Tensor:
        with torch.enable_grad(), self._computer.arithmetic():
            return self._model(batch).float()  # type: ignore[no-any-return]

    def _climb(self, loss: torch.Tensor) -> list[torch.Tensor]:
        """Go `RADIUS` up the gradient (Foret et al. 2021), and return the steps."""
        found = torch.autograd.grad(loss, self._parameters)
        norm = torch.stack([one.norm() for one in found]).norm()
        steps = [RADIUS * one / (norm + 1e-12) for one in found]
        with torch.no_grad():
            for parameter, step in zip(self._parameters, steps, strict=True):
                parameter.add_(step)
        return steps

    def _descend(self, gradients: Sequence[torch.Tensor], entropy: float) -> None:
        """Take a step, unless the model has become so sure that it may have collapsed: then it begins again."""
        self._average = entropy if self._average is None else 0.9 * self._average + 0.1 * entropy
        for parameter, gradient in zip(self._parameters, gradients, strict=True):
            parameter.grad = gradient
        self._optimiser.step()
        if self._average < COLLAPSED * self._unit:
            self._back()
            self._optimiser.state.clear()
            self._average = None
            self.resets += 1

    def _back(self) -> None:
        with torch.no_grad():
            for parameter, value in zip(self._parameters, self._begun, strict=True):
                parameter.copy_(value)


def adaptation_told(sar: Sar, logits: torch.Tensor, classes: Sequence[str]) -> tuple[str, ...]:
    """Return what a reader of adapted predictions has to know, a line each; that they may have collapsed, if so.

    Args:
        sar: What adapted.
        logits: Of all rows, ``[rows, classes]``.
        classes: Their names.
    """
    rows, times = len(logits), "once" if sar.resets == 1 else f"{sar.resets} times"
    told = [
        f"predictions are adapted to these rows (SAR): {sar.rows:,} of {rows:,} rows took part, the model was reset"
        f" {times}; the first {min(BATCH, rows)} are as without, and another order of rows gives others"
    ]
    counts = logits.argmax(1).bincount(minlength=len(classes))
    largest = int(counts.argmax())
    share = float(counts[largest]) / rows
    if share > LARGEST:
        told.append(
            f"adapted predictions may have collapsed: {share:.0%} of the rows are predicted to be {classes[largest]};"
            " compare with those without --adapt"
        )
    return tuple(told)


def _entropy(logits: torch.Tensor) -> torch.Tensor:
    """Return the entropy of each row's prediction, ``[rows]``, in nats."""
    logs = logits.log_softmax(1)
    return -(logs.exp() * logs).sum(1)
