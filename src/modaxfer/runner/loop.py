"""A phase trained by gradient: epochs, validation, early stopping, checkpoints."""

from __future__ import annotations

import math
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from modaxfer.errors import DivergedError
from modaxfer.heads.objective import balanced_weights
from modaxfer.plan import Phase
from modaxfer.registry import load_target
from modaxfer.runner.batches import micro_batches, training_batches
from modaxfer.runner.checkpoint import Checkpoints, Position, restore
from modaxfer.runner.features import enter
from modaxfer.runner.movement import Movement
from modaxfer.runner.optimiser import make_optimiser, schedule, set_rates
from modaxfer.runner.session import Session

__all__ = ["PhaseReport", "train_phase"]

LOGGED_STEPS = 10
"""A line in the log, and a look at the clock, every so many steps."""


@dataclass(frozen=True, kw_only=True)
class PhaseReport:
    """What a phase did."""

    name: str
    trainable: int
    """Parameters that moved."""
    steps: int
    epochs: float
    best_epoch: int
    frozen_layers: int
    """Layers read from the cache instead of computed in each epoch."""
    seconds: float
    rows: int
    """Training rows seen, over all epochs."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)


def train_phase(
    session: Session, phase: Phase, number: int, checkpoints: Checkpoints, touched: dict[str, nn.Parameter]
) -> PhaseReport:
    """Run `phase` on `session` and leave the best epoch's weights in the model.

    Args:
        session: The run.
        phase: What moves, how fast and for how long.
        number: Place of the phase in the plan.
        checkpoints: Where an interrupted phase is found and kept.
        touched: All parameters that phases so far have opened; this phase's are added.

    Raises:
        DivergedError: The loss is not finite.
        RunFailedError: Tensors did not move as the phase says.
    """
    return _GradientPhase(session, phase, number, checkpoints, touched).run()


class _GradientPhase:
    def __init__(
        self, session: Session, phase: Phase, number: int, checkpoints: Checkpoints, touched: dict[str, nn.Parameter]
    ) -> None:
        self.session, self.phase, self.checkpoints = session, phase, checkpoints
        self.opened = session.model.open_for(phase)
        self.entry, self.validation = enter(session, "train"), enter(session, "validation")
        touched |= {name: parameter for name, (parameter, _, _) in self.opened.items()}
        self.touched = touched
        self.optimiser = make_optimiser(self.opened, phase, session.model.encoder.depth, session.train)
        self.lengths = session.splits["train"].lengths
        self.targets = torch.from_numpy(session.splits["train"].targets)
        self.class_weight = self._class_weight()
        self.losses = [(load_target(term.target), term.weight) for term in phase.losses]
        self.steps_per_epoch = math.ceil(len(self.lengths) / session.batch_size)
        self.total = max(1, round(phase.epochs * self.steps_per_epoch))
        self.at = Position(phase=number)
        self.best: dict[str, torch.Tensor] = {}
        self.started = self.saved = time.monotonic()

    def run(self) -> PhaseReport:
        session = self.session
        movement = Movement(session.model)
        self._resume()
        self.model, self.prepared = session.accelerator.prepare(session.model, self.optimiser)
        checked = False
        with session.progress.bar(f"training ({self.phase.name})", self.total * session.batch_size) as self.advance:
            while self.at.step < self.total and not self._stale():
                self._epoch()
                if not checked:
                    movement.check(session.model, self.at.step)
                    checked = True
        session.accelerator.unwrap_model(self.model, keep_fp32_wrapper=False)
        movement.check(session.model, self.at.step)
        self._take_best()
        self.at.seconds += time.monotonic() - self.started
        return self._report()

    def _epoch(self) -> None:
        session = self.session
        batches = training_batches(
            self.lengths, session.batch_size, seed=session.seed, epoch=self.at.epoch + 1000 * self.at.phase
        )
        session.model.train_above(self.entry.layer)
        for rows in batches[self.at.step_in_epoch :]:
            if self.at.step >= self.total:
                break
            self._step(rows)
            if (
                session.train.checkpoint_minutes
                and time.monotonic() - self.saved > 60 * session.train.checkpoint_minutes
            ):
                self._save()
        self.at.epoch, self.at.step_in_epoch = self.at.epoch + 1, 0
        self._validate()
        self._save()

    def _step(self, rows: np.ndarray) -> None:
        session, accelerator = self.session, self.session.accelerator
        set_rates(self.optimiser, schedule(self.at.step, self.total, session.train.warmup))
        total_weight = float(self._weights(rows).sum())
        passes = micro_batches(
            rows,
            self.lengths,
            max_tokens=session.train.max_tokens,
            at_least=session.train.accumulation,
            rank=accelerator.process_index,
            world=accelerator.num_processes,
        )
        # A process without rows still takes part in the exchange of gradients, with one row that weighs nothing.
        shares = [(chosen, 1.0) for chosen in passes] or [(rows[:1], 0.0)]
        loss = 0.0
        for place, (chosen, share) in enumerate(shares):
            last = place == len(shares) - 1
            with nullcontext() if last else accelerator.no_sync(self.model):
                loss += self._backward(chosen, share / total_weight)
        if session.train.clip_norm:
            accelerator.clip_grad_norm_([p for p, _, _ in self.opened.values()], session.train.clip_norm)
        self.prepared.step()
        self.prepared.zero_grad(set_to_none=True)
        self._record(loss, len(rows))

    def _backward(self, chosen: np.ndarray, scale: float) -> float:
        """Add the gradient of one forward pass and return its share of the step's loss."""
        session = self.session
        batch = session.computer.place(self.entry.collate([self.entry.rows[row] for row in chosen]))
        targets = self.targets[chosen].to(session.computer.device)
        logits = self.model(batch, self.entry.layer)
        losses = session.objective.loss(logits, targets, self.class_weight, session.train.label_smoothing)
        loss = losses.sum() * scale
        for term, weight in self.losses:
            loss = loss + weight * term(session.model, batch, targets) * scale * len(chosen)
        # Gradients are averaged over processes, so that each one's share has to count as many times.
        session.accelerator.backward(loss * session.accelerator.num_processes)
        return float(loss.detach())

    def _weights(self, rows: np.ndarray) -> torch.Tensor:
        if self.class_weight is None or self.targets.ndim > 1:
            return torch.ones(len(rows))
        return self.class_weight.cpu()[self.targets[rows]]

    def _class_weight(self) -> torch.Tensor | None:
        session = self.session
        if session.train.class_weight is None:
            return None
        targets = session.splits["train"].targets
        return balanced_weights(session.problem, session.objective.classes, targets).to(session.computer.device)

    def _record(self, loss: float, rows: int) -> None:
        session = self.session
        if session.accelerator.num_processes > 1:
            loss = float(session.accelerator.reduce(torch.tensor(loss, device=session.computer.device), "sum"))
        if not math.isfinite(loss):
            raise DivergedError(
                f"the loss is {loss} at step {self.at.step + 1}", fix="lower --learning-rate, or use --precision fp32"
            )
        self.at.step, self.at.step_in_epoch = self.at.step + 1, self.at.step_in_epoch + 1
        self.at.loss = loss if self.at.step == 1 else 0.9 * self.at.loss + 0.1 * loss
        self.advance(session.batch_size)
        if self.at.step % LOGGED_STEPS == 0 or self.at.step in (1, self.total):
            rate = max(group["lr"] for group in self.optimiser.param_groups)
            session.log.write(
                phase=self.phase.name,
                step=self.at.step,
                epoch=self.at.step / self.steps_per_epoch,
                loss=self.at.loss,
                learning_rate=rate,
            )

    def _validate(self) -> None:
        session, split = self.session, self.session.splits["validation"]
        logits = session.logits(
            split, self.validation.layer, rows=self.validation.rows, collate=self.validation.collate
        )
        predictions, scores = session.objective.decode(logits)
        score = session.judge(split.targets, predictions, scores)
        loss = float(session.objective.loss(logits, torch.from_numpy(split.targets)).mean())
        value = session.value_of(score)
        shown = "undefined" if value is None else f"{value:.3f}"
        values = {session.primary: value, "loss": loss}
        self.at.history.append({"epoch": self.at.epoch, "loss": self.at.loss, "validation": values})
        session.log.write(phase=self.phase.name, step=self.at.step, epoch=float(self.at.epoch), validation=values)
        session.progress.say(
            f"  epoch {self.at.epoch}: training loss {self.at.loss:.3f}, validation {session.primary} {shown}"
        )
        if self.at.best_score is None or score > self.at.best_score:
            self.at.best_score, self.at.best_epoch, self.at.stale_epochs = score, self.at.epoch, 0
            self.best = {name: p.detach().to("cpu", copy=True) for name, (p, _, _) in self.opened.items()}
        else:
            self.at.stale_epochs += 1

    def _stale(self) -> bool:
        patience = self.session.train.patience
        return bool(patience) and self.at.stale_epochs >= patience

    def _take_best(self) -> None:
        with torch.no_grad():
            for name, tensor in self.best.items():
                self.opened[name][0].copy_(tensor)

    def _resume(self) -> None:
        found = self.checkpoints.load()
        if found is None or found[0].phase != self.at.phase:
            return
        self.at, state = found
        self.best = restore(state, self.touched, self.optimiser)
        self.session.progress.say(f"  resumed after step {self.at.step:,} of {self.total:,}")

    def _save(self) -> None:
        spent = time.monotonic() - self.started
        self.started = self.saved = time.monotonic()
        self.at.seconds += spent
        self.checkpoints.save(self.at, self.touched, self.optimiser, self.best)

    def _report(self) -> PhaseReport:
        epochs = self.at.step / self.steps_per_epoch
        return PhaseReport(
            name=self.phase.name,
            trainable=sum(parameter.numel() for parameter, _, _ in self.opened.values()),
            steps=self.at.step,
            epochs=round(epochs, 3),
            best_epoch=self.at.best_epoch,
            frozen_layers=self.entry.layer,
            seconds=round(self.at.seconds, 3),
            rows=round(epochs * len(self.lengths)),
        )
