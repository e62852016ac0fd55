"""A phase trained by gradient: epochs, validation, early stopping, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from signal import SIGTERM
from typing import Any

import numpy as np
import torch
from torch import nn

from modaxfer.contracts import Kept
from modaxfer.errors import DivergedError
from modaxfer.heads.uncertainty import UncertaintyWeights, weighed
from modaxfer.plan import Part, Phase, Sharing
from modaxfer.runner.model.transfer import ModelParameter
from modaxfer.runner.processes.signals import StoppedError, pending, shielded
from modaxfer.runner.rows.batches import micro_batches
from modaxfer.runner.rows.mixing import mixed_batches, steps_of
from modaxfer.runner.session import TaskSession
from modaxfer.runner.training.after import snapshot
from modaxfer.runner.training.checkpoint import Checkpoints, Position, restore
from modaxfer.runner.training.lane import Lane, StepModule, trainable_parameters
from modaxfer.runner.training.movement import Movement
from modaxfer.runner.training.optimiser import make_optimiser, schedule, set_rates

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
    best_score: float | None
    """Validation score of the best epoch, turned so that greater is better; None where it was never defined."""
    frozen_layers: int
    """Layers read from the cache instead of computed in each epoch."""
    seconds: float
    rows: int
    """Training rows seen, over all epochs."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)


def train_phase(
    sessions: Sequence[TaskSession],
    phase: Phase,
    number: int,
    checkpoints: Checkpoints,
    trained: dict[str, nn.Parameter],
    sharing: Sharing | None = None,
) -> tuple[PhaseReport, list[Kept]]:
    """Run `phase` on all tasks, leave the best epoch's weights in their models, and return it with other good ones.

    Args:
        sessions: One per task; several share an encoder.
        phase: What moves, how fast and for how long.
        number: Place of the phase in the plan.
        checkpoints: Where an interrupted phase is found and kept.
        trained: All parameters that phases so far have trained; this phase's are added.
        sharing: How several tasks are mixed and weighed.

    Raises:
        DivergedError: The loss is not finite.
        RunFailedError: Tensors did not move as the phase says.
    """
    return _GradientPhase(sessions, phase, number, checkpoints, trained, sharing or Sharing()).run()


class _GradientPhase:
    def __init__(
        self,
        sessions: Sequence[TaskSession],
        phase: Phase,
        number: int,
        checkpoints: Checkpoints,
        trained: dict[str, nn.Parameter],
        sharing: Sharing,
    ) -> None:
        self.session, self.phase, self.checkpoints, self.sharing = sessions[0], phase, checkpoints, sharing
        self.trainable = trainable_parameters(sessions, phase)
        self.lanes = [Lane(session) for session in sessions]
        self.module = StepModule([session.model for session in sessions], self._loss_weights())
        trained |= {name: parameter.tensor for name, parameter in self.trainable.items()}
        self.trained = trained
        self.optimiser = make_optimiser(self.trainable, phase, self.session.train)
        self.lengths = [lane.lengths for lane in self.lanes]
        self.steps_per_epoch = sum(
            steps_of([len(own) for own in self.lengths], self.session.batch_size, sharing.temperature)
        )
        self.total = max(1, round(phase.epochs * self.steps_per_epoch))
        self.at = Position(phase=number)
        self.kept: list[Kept] = []
        self.started = self.saved = time.monotonic()

    def run(self) -> tuple[PhaseReport, list[Kept]]:
        session = self.session
        movement = Movement(self.module)
        self._resume()
        self.model, self.prepared = session.accelerator.prepare(self.module, self.optimiser)
        try:
            self._epochs(movement)
        finally:
            # A search over learning rates goes on where one diverged.
            session.accelerator.unwrap_model(self.model, keep_fp32_wrapper=False)
        movement.check(self.module, self.at.step)
        # The next phase looks for checkpoints as soon as it begins, in every process.
        session.accelerator.wait_for_everyone()
        self._take_best()
        self.at.seconds += time.monotonic() - self.started
        return self._report(), self.kept

    def _epochs(self, movement: Movement) -> None:
        session, checked = self.session, False
        with session.progress.bar(f"training ({self.phase.name})", self.total * session.batch_size) as self.advance:
            while self.at.step < self.total and not self._stale():
                try:
                    self._epoch()
                except StoppedError:
                    self._save()
                    raise
                if not checked:
                    movement.check(self.module, self.at.step)
                    checked = True

    def _loss_weights(self) -> UncertaintyWeights | None:
        """Return learned weights of the tasks' losses where they are asked for, trained like a head."""
        if self.sharing.weighting != "uncertainty" or len(self.lanes) == 1:
            return None
        weights = UncertaintyWeights(len(self.lanes)).to(self.session.computer.device)
        depth = self.session.model.depth
        for name, parameter in weights.named_parameters():
            self.trainable[f"weights.{name}"] = ModelParameter(
                tensor=parameter, part=Part.HEAD, layer=depth, depth=depth
            )
        return weights

    def _epoch(self) -> None:
        session = self.session
        batches = mixed_batches(
            self.lengths,
            session.batch_size,
            temperature=self.sharing.temperature,
            seed=session.seed,
            phase=self.at.phase,
            epoch=self.at.epoch,
        )
        for lane in self.lanes:
            lane.session.model.train_above(lane.entry.layer)
        # One process alone stops after any step; several stop after one that all have agreed upon.
        with nullcontext() if session.accelerator.num_processes == 1 else shielded():
            for lane_number, rows in batches[self.at.step_in_epoch :]:
                if self.at.step >= self.total:
                    break
                with shielded():
                    self._step(lane_number, rows)
                self._save_by_the_clock()
        found = {lane.session.task_id: lane.validate() for lane in self.lanes}
        with shielded():
            self.at.epoch, self.at.step_in_epoch = self.at.epoch + 1, 0
            self._judge(found)
        self._save()

    def _step(self, number: int, rows: np.ndarray) -> None:
        session, accelerator, lane = self.session, self.session.accelerator, self.lanes[number]
        set_rates(self.optimiser, schedule(self.at.step, self.total, session.train.warmup))
        passes = micro_batches(
            rows,
            lane.lengths,
            max_tokens=session.train.max_tokens,
            at_least=session.train.accumulation,
            rank=accelerator.process_index,
            world=accelerator.num_processes,
        )
        total_weight = lane.total_weight(rows)
        # A process without rows still takes part in the exchange of gradients, with one row that weighs nothing.
        shares = [(chosen, 1.0) for chosen in passes] or [(rows[:1], 0.0)]
        loss = 0.0
        for place, (chosen, share) in enumerate(shares):
            last = place == len(shares) - 1
            with nullcontext() if last else accelerator.no_sync(self.model):
                loss += self._backward(number, chosen, share / total_weight, share * len(chosen) / len(rows))
        loss, stop = self._agreed(loss)
        if session.train.clip_norm:
            accelerator.clip_grad_norm_(
                [parameter.tensor for parameter in self.trainable.values()], session.train.clip_norm
            )
        self.prepared.step()
        self.prepared.zero_grad(set_to_none=True)
        self._record(loss)
        if stop:
            raise StoppedError(stop)

    def _backward(self, number: int, chosen: np.ndarray, scale: float, share: float) -> float:
        """Add the gradient of one forward pass and return its share of the step's loss."""
        lane, accelerator = self.lanes[number], self.session.accelerator
        batch = lane.batch(chosen)
        logits, log_variance = self.model(number, batch, lane.entry.layer)
        loss = lane.loss(logits, chosen, scale)
        total = loss
        if log_variance is not None:
            # The share of a process without rows is zero, and so is its loss.
            total = share * weighed(loss / share if share else loss, log_variance)
        # Gradients are averaged over processes, so that each one's share has to count as many times.
        accelerator.backward(total * accelerator.num_processes)
        return float(loss.detach())

    def _agreed(self, loss: float) -> tuple[float, int]:
        """Return the step's loss over all processes, and the signal that any of them was sent, 0 where none was.

        Nothing that can fail for another process's sake comes after it: a step is done by all, or by none.
        """
        stop = 0
        if self.session.accelerator.num_processes > 1:
            told = torch.tensor([loss, pending()], dtype=torch.float64, device=self.session.computer.device)
            loss, stop = self.session.accelerator.reduce(told, "sum").tolist()
            stop = pending() or (SIGTERM if stop else 0)
        if not math.isfinite(loss):
            raise DivergedError(
                f"the loss is {loss} at step {self.at.step + 1}", fix="lower --learning-rate, or use --precision fp32"
            )
        return loss, int(stop)

    def _record(self, loss: float) -> None:
        session = self.session
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

    def _judge(self, found: dict[str, dict[str, Any]]) -> None:
        """Take note of an epoch by what validation has `found` for each task, and of its weights if it is the best."""
        session = self.session
        # Tasks of different metrics meet in their skill; a single one is judged by its own metric.
        alone = len(found) == 1
        score = sum(values.pop("judged" if alone else "skill") for values in found.values()) / len(found)
        shown = [_shown(lane, found[lane.session.task_id], named=not alone) for lane in self.lanes]
        for values in found.values():
            values.pop("skill" if alone else "judged")
        told: dict[str, Any] = next(iter(found.values())) if alone else found
        self.at.history.append({"epoch": self.at.epoch, "loss": self.at.loss, "validation": told})
        session.log.write(phase=self.phase.name, step=self.at.step, epoch=float(self.at.epoch), validation=told)
        session.progress.say(
            f"  epoch {self.at.epoch}: training loss {self.at.loss:.3f}, validation {', '.join(shown)}"
        )
        if self.at.best_score is None or score > self.at.best_score:
            self.at.best_score, self.at.best_epoch, self.at.stale_epochs = score, self.at.epoch, 0
        else:
            self.at.stale_epochs += 1
        self._keep(score)

    def _keep(self, score: float) -> None:
        """Keep the weights of this epoch if it is among the best; of equal ones the earlier is the better."""
        most = self.phase.keep
        if len(self.kept) < most or score > self.kept[-1].score:
            own = Kept(epoch=self.at.epoch, score=score, weights=snapshot(self.trainable))
            self.kept = sorted([*self.kept, own], key=lambda kept: -kept.score)[:most]

    def _stale(self) -> bool:
        patience = self.session.train.patience
        return bool(patience) and self.at.stale_epochs >= patience

    def _take_best(self) -> None:
        with torch.no_grad():
            for name, tensor in self.kept[0].weights.items() if self.kept else ():
                self.trainable[name].tensor.copy_(tensor)

    def _resume(self) -> None:
        found = self.checkpoints.load()
        if found is None or found[0].phase != self.at.phase:
            return
        self.at, state = found
        self.kept = restore(state, self.trained, self.optimiser, self.at)
        self.session.progress.say(f"  resumed after step {self.at.step:,} of {self.total:,}")

    def _save_by_the_clock(self) -> None:
        minutes = self.session.train.checkpoint_minutes
        if minutes and time.monotonic() - self.saved > 60 * minutes:
            self._save()

    def _save(self) -> None:
        spent = time.monotonic() - self.started
        self.started = self.saved = time.monotonic()
        self.at.seconds += spent
        with shielded():
            self.checkpoints.save(self.at, self.trained, self.optimiser, self.kept)

    def _report(self) -> PhaseReport:
        epochs = self.at.step / self.steps_per_epoch
        best = self.at.best_score
        return PhaseReport(
            name=self.phase.name,
            trainable=sum(parameter.tensor.numel() for parameter in self.trainable.values()),
            steps=self.at.step,
            epochs=round(epochs, 3),
            best_epoch=self.at.best_epoch,
            best_score=best if best is not None and math.isfinite(best) else None,
            frozen_layers=min(lane.entry.layer for lane in self.lanes),
            seconds=round(self.at.seconds, 3),
            rows=round(epochs * sum(len(own) for own in self.lengths)),
        )


def _shown(lane: Lane, values: dict[str, Any], *, named: bool) -> str:
    primary = lane.session.primary
    value = "undefined" if values[primary] is None else f"{values[primary]:.3f}"
    return f"{lane.session.task_id} {primary} {value}" if named else f"{primary} {value}"
