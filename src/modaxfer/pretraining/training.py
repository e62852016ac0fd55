"""The steps of a pretraining: seeded by their number, validated on rows that are held out, resumed where killed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import torch
from torch import nn

from modaxfer.contracts import ObjectiveLoss, Row
from modaxfer.errors import DivergedError
from modaxfer.pretraining.ahead import ahead, prepared_rows
from modaxfer.pretraining.collapse import alarm, disused, spread
from modaxfer.pretraining.config import PretrainingConfig
from modaxfer.pretraining.drawing import Drawing
from modaxfer.pretraining.mixture import KIND, Turns
from modaxfer.runner.folder import CHECKPOINT
from modaxfer.runner.log import RunLog
from modaxfer.runner.processes.signals import StoppedError, shielded
from modaxfer.runner.progress import Progress
from modaxfer.runner.training.checkpoint import Checkpoints, Position, restore

__all__ = ["Trained", "Training", "autocast", "rate_at"]

LOGGED_STEPS = 20

FALLING = 0.2
"""Share of all steps in which a constant rate falls at the end (Hägele et al. 2024)."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What a pretraining came to."""

    history: Sequence[Mapping[str, Any]]
    """By look at the held-out rows: step, losses, spread."""
    warnings: Sequence[str]
    seconds: float


def rate_at(step: int, config: PretrainingConfig) -> float:
    """Return the factor on the learning rate at a step, counted from 0."""
    rising = max(1, round(config.warmup * config.steps))
    if step < rising:
        return (step + 1) / rising
    if config.schedule == "constant":
        return min(1.0, (config.steps - step) / max(1.0, FALLING * config.steps))
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, config.steps - rising)))


class Training:
    """Moves an encoder and what belongs to its objective.

    Args:
        encoder: What is kept in the end.
        objective: A `modaxfer.contracts.PretrainingObjective`.
        drawing: Which rows a step sees.
        validation: Rows that are held out.
        config: The request.
        folder: Where checkpoints and the log go.
        device: Where to compute.
        precision: ``fp32`` or ``bf16``.
        probes: Each gives a name and a function from the autocast to a number.
        progress: Where to tell how far it is.
    """

    def __init__(
        self,
        encoder: Any,
        objective: Any,
        drawing: Drawing | Turns,
        validation: Sequence[Row],
        config: PretrainingConfig,
        folder: Path,
        device: torch.device,
        precision: str,
        probes: Mapping[str, Callable[[Callable[[], Any]], float]],
        progress: Progress,
    ) -> None:
        self.module = nn.ModuleDict({"encoder": encoder, "objective": objective}).to(device)
        self.objective, self.drawing, self.validation = objective, drawing, validation
        self.config, self.device, self.precision, self.progress = config, device, precision, progress
        self.probes = probes
        self.parameters = dict(self.module.named_parameters())
        self.buffers = {f"objective.{name}": buffer for name, buffer in objective.named_buffers()}
        self.optimiser = _optimiser(self.parameters, config, device)
        self.checkpoints = Checkpoints(folder / CHECKPOINT)
        self.log = RunLog(folder / "log.jsonl", progress.say)
        self.at = Position()
        self.warnings: list[str] = []
        self.least: Mapping[str, float] = getattr(objective, "least", {})

    def run(self) -> Trained:
        """Train to the last step.

        Raises:
            DivergedError: The loss is not finite.
            StoppedError: A signal came; what is done so far is kept.
        """
        self._begin()
        self.started = self.saved = time.monotonic()
        every = self.config.validate_every or max(1, self.config.steps // 10)
        coming = ahead(self.objective, self.drawing, self.config, self.at.step, self.device)
        try:
            while self.at.step < self.config.steps:
                prepared = next(coming)
                with shielded():
                    self._step(prepared)
                    if self.at.step % every == 0 or self.at.step == self.config.steps:
                        self._look()
                if time.monotonic() - self.saved > 60 * self.config.checkpoint_minutes:
                    self._save()
        except StoppedError:
            self._save()
            raise
        finally:
            coming.close()
        self.at.seconds += time.monotonic() - self.started
        return Trained(history=self.at.history, warnings=self.warnings, seconds=round(self.at.seconds, 3))

    def _begin(self) -> None:
        found = self.checkpoints.load()
        if found is not None:
            self.at, state = found
            restore(state, self.parameters, self.optimiser, self.at, self.buffers)
            self.progress.say(f"  resumed after step {self.at.step:,} of {self.config.steps:,}")
            return
        with torch.no_grad():
            self.objective.begin(self.drawing.looked_at())
        self._look()

    def _step(self, prepared: Any) -> None:
        self.module.train()
        rate = self.config.learning_rate * rate_at(self.at.step, self.config)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        said = self._said(prepared)
        said.loss.backward()  # type: ignore[no-untyped-call]
        if self.config.clip_norm:
            nn.utils.clip_grad_norm_(self.parameters.values(), self.config.clip_norm)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.at.step += 1
        value = float(said.loss.detach())
        if not math.isfinite(value):
            raise DivergedError(
                f"the loss is not finite after step {self.at.step}", got=value, fix="lower --learning-rate"
            )
        self.at.loss = value if self.at.step == 1 else 0.95 * self.at.loss + 0.05 * value
        if self.at.step % LOGGED_STEPS == 0:
            numbers = {name: float(number.detach()) for name, number in said.numbers.items()}
            self.log.write(step=self.at.step, loss=value, rate=rate, **numbers)

    def _said(self, prepared: Any) -> ObjectiveLoss:
        moved = _moved(prepared, self.device)
        with autocast(self.device, self.precision):
            said: ObjectiveLoss = self.objective(moved)
        return said

    @torch.no_grad()
    def _look(self) -> None:
        """Look at the rows that are held out, and say how it stands."""
        self.module.eval()
        parts = _parted(self.validation, self.config.batch_size)
        told = [
            (rows[0].get(KIND), self._said(prepared_rows(self.objective, rows, self.config.seed, -place - 1)))
            for place, rows in enumerate(parts)
            if len(rows) > 1 or len(parts) == 1
        ]
        said = [each for _, each in told]
        line = {"step": self.at.step, "loss": _mean([float(each.loss) for each in said])}
        line |= _means([each.numbers for each in said])
        line |= _least_spread(told)
        cast = partial(autocast, self.device, self.precision)
        line |= {f"probe {name}": probe(cast) for name, probe in self.probes.items()}
        self.at.history.append(line)
        self.log.write(split="validation", **line)
        self.progress.say(f"  {self._told(line)}")
        for trouble in self._troubles(line) if self.at.step else ():
            self.warnings.append(f"after step {self.at.step:,}: {trouble}")
            self.progress.say(f"warning: {self.warnings[-1]}")

    def _troubles(self, line: dict[str, float]) -> Iterator[str]:
        if "spread" in line and (trouble := alarm(line, self.at.history[0])):
            yield trouble
        yield from (
            disused(name, line[name], least) for name, least in self.least.items() if line.get(name, least) < least
        )

    def _told(self, line: Mapping[str, float]) -> str:
        steps = self.config.steps
        losses = ", ".join(f"{name} {value:.3f}" for name, value in line.items() if name != "step")
        seconds = self.at.seconds + (time.monotonic() - self.started if self.at.step else 0.0)
        left = seconds / self.at.step * (steps - self.at.step) if self.at.step else 0.0
        pace = f"{self.at.step * self.config.batch_size / seconds:,.0f} rows/s" if self.at.step and seconds else ""
        parts = [losses, pace, f"{_shown(left)} left" if left else ""]
        return f"step {line['step']:,} of {steps:,}: {'; '.join(part for part in parts if part)}"

    def _save(self) -> None:
        now = time.monotonic()
        self.at.seconds += now - self.started
        self.started = self.saved = now
        with shielded():
            self.checkpoints.save(self.at, self.parameters, self.optimiser, (), self.buffers)


def _optimiser(
    parameters: Mapping[str, nn.Parameter], config: PretrainingConfig, device: torch.device
) -> torch.optim.Optimizer:
    """Return AdamW that pulls matrices alone to zero."""
    matrices = [each for each in parameters.values() if each.ndim > 1]
    others = [each for each in parameters.values() if each.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.98), fused=device.type in ("cpu", "cuda"))


@contextmanager
def autocast(device: torch.device, precision: str) -> Iterator[None]:
    """Compute matrix products in bfloat16 where `precision` is ``bf16``."""
    with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
        yield


def _moved(made: Any, device: torch.device) -> Any:
    if isinstance(made, Mapping):
        return {name: _moved(value, device) for name, value in made.items()}
    return made.to(device, non_blocking=True) if isinstance(made, torch.Tensor) else made


def _parted(rows: Sequence[Row], size: int) -> list[Sequence[Row]]:
    """Return batches of up to `size` rows, each of one kind."""
    alike = [list(group) for _, group in groupby(rows, key=lambda row: row.get(KIND))]
    return [group[start : start + size] for group in alike for start in range(0, len(group), size)]


def _least_spread(told: Sequence[tuple[Any, ObjectiveLoss]]) -> dict[str, float]:
    """Return how different vectors are; of several kinds of rows, of those that differ least among themselves."""
    kinds = dict.fromkeys(kind for kind, _ in told)
    vectors = [torch.cat([each.vectors.float().cpu() for kind, each in told if kind == own]) for own in kinds]
    measured = [spread(own) for own in vectors if len(own) > 1]
    return {name: min(each[name] for each in measured) for name in measured[0]} if measured else {}


def _means(numbers: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, float]:
    """Return by name the mean of what was said; of rows of several tasks, batches may say different things."""
    names = dict.fromkeys(name for each in numbers for name in each)
    return {name: _mean([float(each[name]) for each in numbers if name in each]) for name in names}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _shown(seconds: float) -> str:
    return (
        f"{seconds / 3600:.1f} h"
        if seconds > 5400
        else f"{seconds / 60:.0f} min"
        if seconds > 90
        else f"{seconds:.0f} s"
    )
