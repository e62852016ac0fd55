"""Steps of private training (DP-SGD, Abadi et al. 2016): each row's gradient is cut, the sum is hidden in noise."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from modaxfer.errors import DivergedError, RunFailedError
from modaxfer.plan import Phase, Privacy, Sampling
from modaxfer.privacy.clipping import clipped_sum, noise, seed_of
from modaxfer.runner.model.transfer import ModelParameter
from modaxfer.runner.session import TaskSession
from modaxfer.runner.training.checkpoint import Checkpoints
from modaxfer.runner.training.feed import Moment
from modaxfer.runner.training.physical import PhysicalBatch, PhysicalBatches
from modaxfer.runner.training.row_gradients import Forward, batch_gradients, rows_at_once, single_gradients
from modaxfer.runner.training.step import Chunk, StepModule
from modaxfer.runner.training.streams import StreamRows, TrainStream

__all__ = ["PrivateSteps", "drawn_by_chance", "secret_of"]

TRIED = 3
"""So many rows tell whether gradients of a batch are those of its rows one by one."""

ALIKE = 1e-3
"""Largest difference between the two, as a share of the row's gradient."""

Gradients = dict[str, torch.Tensor]


def secret_of(privacy: Privacy, seed: int, checkpoints: Checkpoints) -> bytes:
    """Return what rows and noise are drawn by: 256 bits from the operating system, which a resumed run finds again.

    They lie among the run's checkpoints, which go when it is finished: whoever could repeat the noise could take it
    off. Of a repeatable run they follow from its seed.
    """
    if privacy.repeatable:
        return f"seed {seed}".encode()
    made = checkpoints.once(
        "secret", lambda: {"secret": torch.tensor(list(secrets.token_bytes(32)), dtype=torch.uint8)}
    )
    return bytes(made["secret"].tolist())


def drawn_by_chance(phase: Phase) -> bool:
    """Tell whether rows of the steps of `phase` are drawn by chance, each by itself."""
    return any(phase.streams[name].sampling is Sampling.POISSON for name in phase.drawn)


class PrivateSteps:
    """Gradients of the steps of one phase.

    Args:
        session: Of the task whose rows are protected.
        privacy: What the plan promises.
        module: The step module, not wrapped.
        moving: What the phase trains.
        stream: The only one that steps are drawn from.
        number: Place of the phase in the plan.
        checkpoints: Where the secret of a run that was broken off is found.

    Raises:
        RunFailedError: There are other rows than those that the noise was made for.
    """

    @classmethod
    def asked(
        cls,
        session: TaskSession,
        module: StepModule,
        moving: Mapping[str, ModelParameter],
        streams: Mapping[str, TrainStream],
        number: int,
        checkpoints: Checkpoints,
    ) -> PrivateSteps | None:
        """Return those of a phase with its only stream; None where nothing is promised of the rows."""
        if session.privacy is None:
            return None
        (stream,) = streams.values()
        return cls(session, session.privacy, module, moving, stream, number, checkpoints)

    def __init__(
        self,
        session: TaskSession,
        privacy: Privacy,
        module: StepModule,
        moving: Mapping[str, ModelParameter],
        stream: TrainStream,
        number: int,
        checkpoints: Checkpoints,
    ) -> None:
        if len(stream.lengths) != privacy.rows:
            raise RunFailedError(
                "the noise was made for another number of training rows",
                got=len(stream.lengths),
                allowed=privacy.rows,
                fix="start the run again",
            )
        self._session, self._privacy, self._module, self._stream = session, privacy, module, stream
        self._secret = secret_of(privacy, session.seed, checkpoints)
        self.seed = seed_of(self._secret, "rows")
        """What rows are drawn by, in place of the run's."""
        self._number = number
        wanted = {id(parameter.tensor) for parameter in moving.values()}
        self._parameters = {name: one for name, one in module.named_parameters() if id(one) in wanted}
        self._at_once = rows_at_once(self._parameters)
        self._batches = PhysicalBatches(
            stream.lengths,
            expected=round(privacy.sampling_rate * privacy.rows),
            max_tokens=session.train.max_tokens // len(stream.stream.views),
            at_once=self._at_once,
            parts=session.train.accumulation,
        )
        self._together: bool | None = None

    def __call__(self, rows: np.ndarray, moment: Moment, step: int, progress: float) -> None:
        """Leave in each parameter the noisy mean gradient of a step.

        Args:
            rows: Those that chance has drawn for it; perhaps none.
            moment: When it is.
            step: Its number in the phase.
            progress: Share of the phase that is done.

        Raises:
            DivergedError: A gradient is not finite.
            RunFailedError: A batch norm learns.
        """
        _refuse_shared_statistics(self._module)
        total = {name: torch.zeros_like(one, dtype=torch.float32) for name, one in self._parameters.items()}
        for batch in self._batches(rows):
            for cut in self._cut(batch, rows, moment, progress):
                for name, one in cut.items():
                    total[name] += one
        deviation = self._privacy.noise_multiplier * self._privacy.clip_norm
        seed = seed_of(self._secret, "noise", self._number, step)
        shapes = [one.shape for one in self._parameters.values()]
        hidden = noise(shapes, deviation, seed, self._session.computer.device)
        # Divided by the number that was to be expected: how many there were is a secret, too.
        expected = self._privacy.sampling_rate * self._privacy.rows
        for (name, parameter), own in zip(self._parameters.items(), hidden, strict=True):
            parameter.grad = ((total[name] + own) / expected).to(parameter.dtype)
        if not all(bool(one.isfinite().all()) for one in total.values()):
            raise DivergedError(f"a row's gradient is not finite at step {step + 1}", fix="lower --learning-rate")

    def _cut(self, batch: PhysicalBatch, rows: np.ndarray, moment: Moment, progress: float) -> Iterator[Gradients]:
        """Yield sums over rows of `batch` whose gradients are cut, of all at once or of one after the other.

        No gradient of a single row is kept beyond its sum.
        """
        feed, norm = partial(self._chunk, rows=rows, moment=moment), self._privacy.clip_norm
        if self._together is None and len(batch.rows) > 1:
            self._together = self._fit_together([feed(batch.rows[:TRIED])], [feed([row]) for row in batch.rows[:TRIED]])
            how = "a batch at once" if self._together else "row by row, which is slow"
            self._session.progress.say(f"  gradients of single rows: {how}")
        if not self._together:
            for row in batch.rows[: batch.drawn]:
                yield clipped_sum(single_gradients(self._forward(progress), feed([row]), self._parameters), norm)
            return
        found = batch_gradients(self._module, self._forward(progress), feed(batch.rows), self._parameters)
        assert found is not None, "asked before"
        yield clipped_sum({name: own[: batch.drawn] for name, own in found.items()}, norm)

    def _chunk(self, chosen: Sequence[int] | np.ndarray, rows: np.ndarray, moment: Moment) -> Chunk:
        return self._stream.chunk(StreamRows(self._stream.name, np.asarray(chosen), 1.0), rows, moment)

    def _forward(self, progress: float) -> Forward:
        def run(chunks: Sequence[Chunk]) -> dict[str, dict[str, torch.Tensor]]:
            with self._session.computer.arithmetic():
                return StepModule.forward(self._module, chunks, progress)

        return run

    def _fit_together(self, batch: Sequence[Chunk], alone: Sequence[Chunk]) -> bool:
        """Tell whether rows of a batch have the gradients that each has alone; without dropout, in float32."""
        if self._at_once < len(alone):
            return False
        # Not as accelerate has wrapped it, in the arithmetic of the run.
        run = lambda chunks: StepModule.forward(self._module, chunks, 0.0)  # noqa: E731
        with _still(self._module), torch.autocast(self._session.computer.device.type, enabled=False):
            together = batch_gradients(self._module, run, batch[0], self._parameters)
            own = [single_gradients(run, chunk, self._parameters) for chunk in alone]
        return together is not None and all(
            _alike({name: one[place] for name, one in together.items()}, {name: one[0] for name, one in each.items()})
            for place, each in enumerate(own)
        )


def _alike(together: Gradients, alone: Gradients) -> bool:
    apart = sum(float((together[name] - one).square().sum()) for name, one in alone.items())
    return apart <= ALIKE**2 * sum(float(one.square().sum()) for one in alone.values())


@contextmanager
def _still(module: nn.Module) -> Iterator[None]:
    """Switch off what happens in training alone."""
    learning = [each for each in module.modules() if each.training]
    module.eval()
    try:
        yield
    finally:
        for each in learning:
            each.training = True


def _refuse_shared_statistics(module: nn.Module) -> None:
    """Refuse norms that mix the rows of a batch, and keep what they have seen of them without noise."""
    norms = [name for name, each in module.named_modules() if isinstance(each, _BatchNorm) and each.training]
    if norms:
        raise RunFailedError(
            "a batch norm in training mode mixes the rows that --private keeps apart",
            got=norms,
            fix="choose a model with layer or group norms, or one whose batch norms stay in evaluation mode",
        )
