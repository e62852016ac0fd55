"""A phase trained by gradient: epochs, validation, early stopping, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import nullcontext
from signal import SIGTERM
from typing import Any

import torch
from torch import nn

from modaxfer.contracts import GradientCombiner, Kept, Weights
from modaxfer.errors import DivergedError
from modaxfer.plan import SCORE, Phase, Ramp, Refresh, Together
from modaxfer.runner.log import rounded, smoothed
from modaxfer.runner.processes.accelerate import expect_unused
from modaxfer.runner.processes.signals import StoppedError, pending, shielded
from modaxfer.runner.rows.mixing import Rows, epoch_steps, rows_trained, steps_per_epoch
from modaxfer.runner.session import models_of
from modaxfer.runner.training.after import snapshot
from modaxfer.runner.training.anchors import reads_parameters, trained_parameters
from modaxfer.runner.training.best import BestEpochs
from modaxfer.runner.training.checkpoint import Checkpoints, Position, restore, stand
from modaxfer.runner.training.exchange import average_gradients, prepare
from modaxfer.runner.training.feed import Moment
from modaxfer.runner.training.gradients import LossGradients
from modaxfer.runner.training.losses import PhaseLosses
from modaxfer.runner.training.model_flops import phase_flops
from modaxfer.runner.training.movement import FEW_STEPS, Movement
from modaxfer.runner.training.named_rows import vocabularies
from modaxfer.runner.training.optimiser import make_optimiser, schedule, set_rates
from modaxfer.runner.training.private import PrivateSteps, drawn_by_chance
from modaxfer.runner.training.report import PhaseReport
from modaxfer.runner.training.rhythm import rhythm_of
from modaxfer.runner.training.step import Chunk, StepModule
from modaxfer.runner.training.streams import (
    Sessions,
    StreamRows,
    coming,
    live_rows,
    open_streams,
    refresh_streams,
    sessions_of,
)
from modaxfer.runner.training.surgical import layer_factors
from modaxfer.runner.training.trainable import trainable_parameters
from modaxfer.runner.training.unfreezing import Unfreezing
from modaxfer.runner.training.validation import Judged, Validation
from modaxfer.runner.training.vocabulary import looked_up, of_named_rows, write

__all__ = ["train_phase"]

PHASE = 1_000_000
"""Keeps the epochs of different phases apart, where rows are changed in each."""

LOGGED_STEPS = 10
"""A line in the log, and a look at the clock, every so many steps."""


def train_phase(
    sessions: Sessions,
    phase: Phase,
    number: int,
    checkpoints: Checkpoints,
    trained: dict[str, nn.Parameter],
    first: Weights | None = None,
) -> tuple[PhaseReport, list[Kept]]:
    """Run `phase`, leave the best epoch's weights in the models, and return it with other good ones.

    Args:
        sessions: The run's tasks; they may share an encoder.
        phase: What moves, how fast and for how long, over which streams, by which losses.
        number: Place of the phase in the plan.
        checkpoints: Where an interrupted phase is found and kept.
        trained: All parameters that phases so far have trained; this phase's are added.
        first: What parameters were before the first phase, where losses read that; see
            `modaxfer.runner.training.anchors.run_start`.

    Raises:
        DivergedError: The loss is not finite.
        RunFailedError: Tensors did not move as the phase says, or a loss is not what it promises.
    """
    return _GradientPhase(sessions, phase, number, checkpoints, trained, first or {}).run()


class _GradientPhase:
    def __init__(
        self,
        sessions: Sessions,
        phase: Phase,
        number: int,
        checkpoints: Checkpoints,
        trained: dict[str, nn.Parameter],
        first: Weights,
    ) -> None:
        own = sessions_of(phase, sessions)
        self.session, self.phase, self.checkpoints, self.trained = own[0], phase, checkpoints, trained
        self.trainable = trainable_parameters(own, phase)
        trained |= {name: parameter.tensor for name, parameter in self.trainable.items()}
        self._stand(number)
        self.losses = PhaseLosses(phase, sessions, number, checkpoints, trained)
        self.streams = open_streams(phase, sessions, self.losses.terms)
        self.validation = Validation(phase, sessions)
        self.sessions = sessions
        refresh_streams(phase, sessions, self.streams, checkpoints, Refresh.PHASE, f"{number}")
        known = trained_parameters(self.trainable, number, checkpoints, first) if reads_parameters(phase) else None
        self.module = StepModule(models_of(own), self.losses.terms, self.losses.combiner, known)
        self.moving = self.trainable | self.losses.parameters
        self.words = vocabularies(phase, self.session, self.streams, self.module, self.trainable)
        stepped = of_named_rows(self.moving, self.words)
        self.tensors = [parameter.tensor for parameter in stepped.values()]
        # As they are and as they were best, and two moments of what is stepped.
        self.size = 2 * sum(each.tensor.nbytes for each in (*self.moving.values(), *stepped.values()))
        self.unfreezing = Unfreezing(self.trainable, phase)
        by_loss = isinstance(self.losses.combiner, GradientCombiner)
        self.gradients = LossGradients(self.tensors) if by_loss else None
        self.private = PrivateSteps.asked(self.session, self.module, self.moving, self.streams, number, checkpoints)
        self.optimiser = make_optimiser(stepped, phase, self.session.train)
        self.lengths = {name: stream.lengths for name, stream in self.streams.items()}
        self.steps_per_epoch = steps_per_epoch(phase.mixing, self.lengths, self.session.batch_size)
        self.total = max(1, round(phase.epochs * self.steps_per_epoch)) if phase.epochs else 0
        patience = self.session.train.patience
        self.rhythm = rhythm_of(phase, patience, self.steps_per_epoch, self.lengths, self.validation.rows)
        self.at = Position(phase=number)
        self.best = BestEpochs(phase.keep)
        self.risen = max((term.weight.until for term in phase.losses if isinstance(term.weight, Ramp)), default=0.0)
        self.started = self.saved = time.monotonic()

    def run(self) -> tuple[PhaseReport, list[Kept]]:
        session = self.session
        movement = Movement(self.module)
        self._resume()
        together = isinstance(self.phase.mixing, Together) and self.losses.whole
        expect_unused(session.accelerator, unused=len(self.streams) > 1 and not together)
        self.model, self.prepared = prepare(session, self.module, self.optimiser, self.tensors)
        try:
            with live_rows(self.streams, self.phase.epochs) as self.live, looked_up(self.words):
                self._epochs(movement)
        finally:
            # A search over learning rates goes on where one diverged.
            session.accelerator.unwrap_model(self.model, keep_fp32_wrapper=False)
        if self.total:
            movement.check(self.module, self.at.step, self._waiting())
        # The next phase looks for checkpoints as soon as it begins, in every process.
        session.accelerator.wait_for_everyone()
        self._take_best()
        self.at.seconds += time.monotonic() - self.started
        return self._report(), self.best.kept

    def _epochs(self, movement: Movement) -> None:
        session, checked = self.session, False
        with session.progress.bar(f"training ({self.phase.name})", self.total * session.batch_size) as self.advance:
            while not self._ended():
                try:
                    self._epoch()
                except StoppedError:
                    self._save()
                    raise
                if not checked:
                    movement.check(self.module, self.at.step, self._waiting())
                    checked = True

    def _epoch(self) -> None:
        session = self.session
        self._refresh()
        steps = epoch_steps(
            self.phase.mixing,
            self.lengths,
            session.batch_size,
            seed=session.seed if self.private is None else self.private.seed,
            phase=self.at.phase,
            epoch=self.at.epoch,
            by_chance=drawn_by_chance(self.phase),
        )
        for model in models_of(stream.session for stream in self.streams.values()):
            model.train_above(min(each.entry.layer for each in self.streams.values() if each.session.model is model))
        with shielded():
            last = self.at.step_in_epoch + self.total - self.at.step
            self.live.expect(coming(self.streams, steps[:last], self._moment))
        # One process alone stops after any step; several stop after one that all have agreed upon.
        with nullcontext() if session.accelerator.num_processes == 1 else shielded():
            for rows in steps[self.at.step_in_epoch :]:
                if self.at.step >= self.total:
                    break
                with shielded():
                    self._step(rows)
                self._save_by_the_clock()
        due = (self.at.epoch + 1) % self.rhythm.judged == 0 or self.at.step >= self.total
        judged = self.validation() if due else None
        with shielded():
            self.at.epoch, self.at.step_in_epoch = self.at.epoch + 1, 0
            if judged is not None:
                self._judge(judged)
        if self._ended() or self.rhythm.saves(self.at.epoch, self.size, time.monotonic() - self.saved):
            self._save()

    def _refresh(self) -> None:
        """Let the model as it is now say anew what it adds to rows; what it said before is of no use any more."""
        when = f"epoch-{self.at.phase}-{self.at.epoch}"
        refresh_streams(self.phase, self.sessions, self.streams, self.checkpoints, Refresh.EPOCH, when)
        # A resumed run begins where the last checkpoint was written, so not before this epoch.
        self.checkpoints.forget(f"known-epoch-{self.at.phase}-{self.at.epoch - 1}-")

    def _step(self, rows: Rows) -> None:
        session, accelerator = self.session, self.session.accelerator
        found: dict[str, float] = {}
        if self.private is not None:
            (own,) = rows.values()
            self.private(own, self._moment, self.at.step, self._progress)
        else:
            self._gradients(rows, found)
        self.unfreezing.hold(self._progress)
        if self.phase.auto_rgn and self.at.step_in_epoch == 0:
            self.at.layers = layer_factors(self.trainable.values())
        set_rates(self.optimiser, schedule(self.at.step, self.total, session.train.warmup), self.at.layers)
        loss, found, stop = self._agreed(found)
        if session.train.clip_norm and self.private is None:
            accelerator.clip_grad_norm_(self.tensors, session.train.clip_norm)
        self.prepared.step()
        write(self.words)
        self.prepared.zero_grad(set_to_none=True)
        self._record(loss, found)
        if stop:
            raise StoppedError(stop)

    def _gradients(self, rows: Rows, found: dict[str, float]) -> None:
        """Leave in each parameter the gradient of a step, and in `found` its losses and what they log beside."""
        accelerator = self.session.accelerator
        parts = [part for name, own in rows.items() for part in self.streams[name].parts(own)]
        passes = [parts] if self.losses.whole else [[part] for part in parts]
        for place, some in enumerate(passes):
            last = place == len(passes) - 1
            with nullcontext() if last and self.gradients is None else accelerator.no_sync(self.model):
                self._backward([self._chunk(part, rows) for part in some], found, last=last)
        if self.gradients is not None:
            self.gradients.combine(self.losses.combiner)
        elif self.session.sharded:
            average_gradients(self.tensors)

    def _chunk(self, part: StreamRows, rows: Rows) -> Chunk:
        return self.streams[part.stream].chunk(part, rows[part.stream], self._moment)

    @property
    def _moment(self) -> Moment:
        """When the next step is."""
        return Moment(PHASE * self.at.phase + self.at.epoch, self.at.step_in_epoch)

    def _backward(self, chunks: Sequence[Chunk], found: dict[str, float], *, last: bool) -> None:
        """Add the gradient of one forward pass, and its losses and numbers to what was `found` of the step."""
        accelerator = self.session.accelerator
        made = self.model(chunks, self._progress, last=last)
        if self.gradients is not None:
            self.gradients.add(made["weighed"])
        else:
            # Gradients are averaged over processes, so that each one's share has to count as many times.
            self.losses.combiner.backward(
                made["weighed"], lambda total: accelerator.backward(total * accelerator.num_processes)
            )
        for name, value in (made["losses"] | made["numbers"]).items():
            found[name] = found.get(name, 0.0) + float(value)

    @property
    def _progress(self) -> float:
        return self.at.step / self.total

    def _agreed(self, found: dict[str, float]) -> tuple[float, dict[str, float], int]:
        """Return the step's loss and what it is made of, over all processes, and the signal that any was sent, or 0.

        Nothing that can fail for another process's sake comes after it: a step is done by all, or by none.
        """
        stop = 0
        if self.session.accelerator.num_processes > 1:
            told = torch.tensor([*found.values(), pending()], dtype=torch.float64, device=self.session.computer.device)
            *values, stop = self.session.accelerator.reduce(told, "sum").tolist()
            found = dict(zip(found, values, strict=True))
            stop = pending() or (SIGTERM if stop else 0)
        loss = self.losses.loss(found, self._progress)
        if not math.isfinite(loss):
            raise DivergedError(
                f"the loss is {loss} at step {self.at.step + 1}", fix="lower --learning-rate, or use --precision fp32"
            )
        return loss, found, int(stop)

    def _record(self, loss: float, found: dict[str, float]) -> None:
        session = self.session
        self.at.step, self.at.step_in_epoch = self.at.step + 1, self.at.step_in_epoch + 1
        self.total = session.steps(self.at.step, self.total)
        self.at.loss = loss if self.at.step == 1 else smoothed(self.at.loss, loss)
        self.at.terms |= {name: smoothed(self.at.terms.get(name, value), value) for name, value in found.items()}
        self.advance(session.batch_size)
        if self.at.step % LOGGED_STEPS == 0 or self.at.step in (1, self.total):
            session.log.write(
                phase=self.phase.name,
                step=self.at.step,
                epoch=self.at.step / self.steps_per_epoch,
                learning_rate=max(group["lr"] for group in self.optimiser.param_groups),
                **({"loss": self.at.loss, "terms": self._terms()} if self.private is None else {}),
            )

    def _terms(self) -> dict[str, float]:
        return {name: rounded(value) for name, value in self.at.terms.items()}

    def _judge(self, judged: Judged) -> None:
        """Take note of an epoch by what validation says of it, and of its weights if it is among the best."""
        session, score = self.session, judged.score
        told: dict[str, Any] = next(iter(judged.told.values())) if len(judged.told) == 1 else dict(judged.told)
        self.at.history.append({"epoch": self.at.epoch, "loss": self.at.loss, "validation": told})
        session.log.write(
            phase=self.phase.name,
            step=self.at.step,
            epoch=float(self.at.epoch),
            validation=told,
            score=score,
            **({"measured": judged.measured} if judged.measured else {}),
        )
        session.progress.say(f"  epoch {self.at.epoch}: {self._shown(judged)}")
        if self._progress >= self.risen:
            self.best.take(self.at.epoch, score, lambda: snapshot(self.trainable))
        session.watch((self.at.phase, self.at.epoch), score)

    def _shown(self, judged: Judged) -> str:
        # Losses of rows that are private are told to nobody.
        parts = [f"training loss {self.at.loss:.3f}"] if self.private is None else []
        parts += [f"validation {', '.join(shown)}"] if (shown := self.validation.shown(judged)) else []
        if self.phase.validator != SCORE:
            parts.append(f"{self.phase.validator.target.rpartition(':')[2]} {judged.score:.3f}")
        return ", ".join(parts)

    def _ended(self) -> bool:
        return self.at.step >= self.total or self._stale()

    def _stale(self) -> bool:
        judged = self.at.history[-1]["epoch"] if self.at.history else 0
        late = 0 < self.rhythm.patience <= self.best.stale(judged)
        return late and not self.unfreezing.closed(self._progress)

    def _waiting(self) -> set[int]:
        """Return what has not had the steps yet that it takes to be seen to move."""
        return self.unfreezing.closed((self.at.step - FEW_STEPS - 1) / self.total)

    def _take_best(self) -> None:
        with torch.no_grad():
            for name, tensor in self.best.best.weights.items() if self.best.best else ():
                self.trainable[name].tensor.copy_(tensor)

    def _stand(self, number: int) -> None:
        """Put what phases before a resumed one have moved in its place: rows of this one may enter above it."""
        found = self.checkpoints.load()
        if found is not None and found[0].phase == number:
            stand(found[1], {name: tensor for name, tensor in self.trained.items() if name not in self.trainable})

    def _resume(self) -> None:
        found = self.checkpoints.load()
        if found is None or found[0].phase != self.at.phase:
            return
        self.at, state = found
        self.best.kept = restore(state, self._tensors(), self.optimiser, self.at, self.losses.buffers, self.words)
        self.session.progress.say(f"  resumed after step {self.at.step:,} of {self.total:,}")

    def _save_by_the_clock(self) -> None:
        minutes = self.session.train.checkpoint_minutes
        if minutes and time.monotonic() - self.saved > 60 * minutes:
            self._save()

    def _save(self) -> None:
        now = time.monotonic()
        self.at.seconds, self.started, self.saved = self.at.seconds + now - self.started, now, now
        with shielded():
            # No step is left that would read moments where the phase has ended.
            beside = (None if self._ended() else self.optimiser, self.best.kept, self.losses.buffers, self.words)
            self.checkpoints.save(self.at, self._tensors(), *beside)

    def _tensors(self) -> dict[str, nn.Parameter]:
        """Return what has moved so far, and the losses' own parameters."""
        return self.trained | {name: parameter.tensor for name, parameter in self.losses.parameters.items()}

    def _report(self) -> PhaseReport:
        epochs = self.at.step / self.steps_per_epoch
        best, moving = self.best.best, [parameter.tensor for parameter in self.trainable.values()]
        rows = rows_trained(self.phase.mixing, self.lengths, self.session.batch_size, steps=self.at.step, epochs=epochs)
        return PhaseReport(
            name=self.phase.name,
            trainable=sum(parameter.tensor.numel() for parameter in self.moving.values()),
            steps=self.at.step,
            epochs=round(epochs, 3),
            best_epoch=best.epoch if best else 0,
            best_score=best.score if best and math.isfinite(best.score) else None,
            frozen_layers=min(stream.entry.layer for stream in self.streams.values()),
            seconds=round(self.at.seconds, 3),
            rows=round(sum(rows.values())),
            flops=phase_flops(self.module, self.streams, rows, moving, self.session.warnings),
            terms=self._terms(),
            validator=str(self.phase.validator),
            augment=tuple(dict.fromkeys(one for each in self.streams.values() for one in each.feed.augmentations)),
        )
