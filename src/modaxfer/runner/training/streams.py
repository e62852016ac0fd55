"""A phase's streams: where their rows enter the model, in what order and parts, and what is known of each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch

from modaxfer.contracts import Batch, StreamEncoder, StreamFacts
from modaxfer.contracts.stream_encoder import no_encoder
from modaxfer.losses.build import Term
from modaxfer.losses.facts import facts_of
from modaxfer.plan import Labels, Phase, Reads, Refresh, Role, Stream
from modaxfer.registry import problem_spec
from modaxfer.runner.rows.batches import micro_batches, most_passes
from modaxfer.runner.rows.mixing import Rows
from modaxfer.runner.rows.workers import Job, LiveRows, worker_count
from modaxfer.runner.session import TaskSession, models_of
from modaxfer.runner.training.checkpoint import Checkpoints
from modaxfer.runner.training.features import entry_point
from modaxfer.runner.training.feed import Feed, Moment
from modaxfer.runner.training.known import PREDICTED, SeenStreams, adds, known_rows
from modaxfer.runner.training.step import Chunk
from modaxfer.runner.training.targets import RowTargets

__all__ = [
    "Sessions",
    "StreamRows",
    "TrainStream",
    "coming",
    "live_rows",
    "open_streams",
    "refresh_streams",
    "sessions_of",
    "stream_encoder",
    "stream_facts",
]

Sessions = Mapping[tuple[Role, int], TaskSession]
"""The tasks of a run: by role and number, in the order of the run."""


class StreamRows(NamedTuple):
    """Some rows of a step."""

    stream: str
    rows: np.ndarray
    present: float
    """1; or 0 for a row that stands in where this process has none."""


def sessions_of(phase: Phase, sessions: Sessions) -> list[TaskSession]:
    """Return the sessions that `phase` draws rows of, in the order of the run."""
    asked = {(stream.role, stream.task) for name, stream in phase.streams.items() if name in phase.drawn}
    return [session for key, session in sessions.items() if key in asked]


def stream_facts(stream: Stream, session: TaskSession) -> StreamFacts:
    """Return what a loss may know of `stream`."""
    split = session.splits[stream.split]
    link, rows = problem_spec(session.problem).link, len(split.lengths)
    return facts_of(stream, session.criterion, link, session.model.width, rows, lambda: split.targets)


def stream_encoder(name: str, stream: Stream, session: TaskSession) -> StreamEncoder:
    """Return the encoder behind `stream`, which is called `name`, for losses.

    Raises:
        RefusedError: There are several.
    """
    if len(session.described.towers) > 1:
        no_encoder(name)
    (tower,), split = session.described.towers, session.splits[stream.split]

    def some(most: int) -> Batch:
        chosen = np.random.default_rng(session.seed).permutation(len(split.lengths))[:most]
        return session.processor.collate([split.rows[int(row)] for row in np.sort(chosen)])

    return StreamEncoder(
        encoder=session.model.encoder,
        sink=tower.bridge.spec.sink,
        kind=tower.fields[0].signal.kind,
        first=tower.encoder.spec.pooling == "cls",
        autocast=session.computer.arithmetic,
        some=some,
    )


class TrainStream:
    """One stream of a phase.

    Args:
        name: In the phase.
        stream: What the plan says of it.
        session: Its task's, whose model is set trainable for the phase already.
        model: Number of that model in the step module.
        terms: The losses that take it.
    """

    def __init__(self, name: str, stream: Stream, session: TaskSession, model: int, terms: Sequence[Term]) -> None:
        self.name, self.stream, self.session, self.model, self.terms = name, stream, session, model, terms
        reads = {reading for term in terms for reading in term.spec.reads}
        # What is changed in each epoch begins at the bottom, whatever could have come from the cache.
        raw = {Reads.INPUTS} if any(stream.changes) else set()
        self.entry = entry_point(session, stream.split, (reads or {Reads.OUTPUTS}) | raw)
        self.feed = Feed(name, stream, session, self.entry)
        self.lengths = session.splits[stream.split].lengths
        self.targets: RowTargets | None = None
        if stream.labels is Labels.GIVEN:
            self.targets = RowTargets(criterion=session.criterion, given=session.splits[stream.split].targets)
        self.extras: dict[str, torch.Tensor] = {"teacher": session.taught[stream.split]} if stream.teacher else {}
        self.shared: dict[str, torch.Tensor] = {}

    def learn(self, known: Mapping[str, torch.Tensor]) -> None:
        """Take what the model says of the rows, from `known_rows`, in place of what it said before."""
        added = dict(known)
        if PREDICTED in added:
            self.targets = RowTargets(criterion=self.session.criterion, predicted=added.pop(PREDICTED))
        device = self.session.computer.device
        for extra in self.stream.extras:
            values = added.get(f"extra.{extra.name}")
            if values is not None:
                own, place = (self.shared, device) if extra.shared else (self.extras, values.device)
                own[extra.name] = values.to(place)

    def parts(self, rows: np.ndarray) -> list[StreamRows]:
        """Return this process's parts of a step's `rows`.

        A process without rows still takes part in the exchange of gradients, with one that weighs nothing. Where layers
        are cut over processes, all have as many parts as the one with the most: such a part stands in for each that is
        not there.
        """
        session, world = self.session, self.session.accelerator.num_processes
        budget, at_least = session.train.max_tokens // len(self.stream.views), session.train.accumulation
        asked: dict[str, int] = {"max_tokens": budget, "at_least": at_least, "world": world}
        passes = micro_batches(rows, self.lengths, rank=session.accelerator.process_index, **asked)
        wanted = most_passes(rows, self.lengths, **asked) if session.sharded else 1
        own = [StreamRows(self.name, chosen, 1.0) for chosen in passes]
        return own + [StreamRows(self.name, rows[:1], 0.0)] * (wanted - len(own))

    def chunk(self, part: StreamRows, rows: np.ndarray, moment: Moment) -> Chunk:
        """Return one part of a step's `rows`, ready for the model."""
        _, chosen, present = part
        fed = self.feed(chosen, rows, moment)
        own = None if self.targets is None else self.targets.batch(rows)
        totals = {term.spec.name: term.total(self.name, own, len(rows)) for term in self.terms if not term.spec.joint}
        device = self.session.computer.device
        return Chunk(
            stream=self.name,
            role=self.stream.role,
            model=self.model,
            start=self.entry.layer,
            batch=self.session.computer.place(fed.batch),
            rows=torch.from_numpy(chosen).to(device),
            of=len(rows),
            present=present,
            scales={name: present / total for name, total in totals.items()},
            targets=None if self.targets is None else _placed(fed.targets(self.targets, chosen), device),
            extras={name: values[chosen].to(device) for name, values in self.extras.items()},
            shared=self.shared,
            views=len(self.stream.views),
        )

    def lone(self, row: int) -> Chunk:
        """Return one row as it was prepared, for what the model makes of it; losses have nothing to weigh."""
        computer = self.session.computer
        return Chunk(
            stream=self.name,
            role=self.stream.role,
            model=self.model,
            start=self.entry.layer,
            batch=computer.place(self.entry.collate([self.entry.rows[row]])),
            rows=torch.tensor([row], device=computer.device),
            of=1,
            present=1.0,
            scales={},
        )


def live_rows(streams: Mapping[str, TrainStream], epochs: float) -> LiveRows:
    """Return where the streams that are made again take their rows from, with as many workers as are asked for.

    Args:
        streams: Of a phase.
        epochs: For how long it runs.
    """
    made = {name: stream.feed.maker for name, stream in streams.items() if stream.feed.maker is not None}
    session = next(iter(streams.values())).session
    rows = sum(len(streams[name].lengths) * len(streams[name].stream.views) for name in made)
    accelerator, device = session.accelerator, session.computer.device.type
    workers = worker_count(session.train.workers, round(epochs * rows), accelerator.num_processes, device)
    live = LiveRows(made, workers)
    for name in made:
        streams[name].feed.live = live
    return live


def coming(streams: Mapping[str, TrainStream], steps: Sequence[Rows], moment: Moment) -> Iterator[Job]:
    """Yield what the streams that are made again will ask for, from `moment` on.

    Args:
        streams: Of a phase.
        steps: Of the moment's epoch, those before it too.
        moment: Of the next step.
    """
    for step in range(moment.step, len(steps)):
        for name, rows in steps[step].items():
            stream = streams[name]
            for part in stream.parts(rows) if stream.feed.maker is not None and len(rows) else ():
                yield stream.feed.job(part.rows, rows, Moment(moment.epoch, step))


def refresh_streams(
    phase: Phase,
    sessions: Sessions,
    streams: Mapping[str, TrainStream],
    checkpoints: Checkpoints,
    refresh: Refresh,
    when: str,
) -> None:
    """Let the model say anew what it adds to the rows of `streams`; a resumed run reads what it said then.

    Args:
        phase: Of the streams.
        sessions: The run's tasks.
        streams: That steps are drawn from.
        checkpoints: Where it is kept.
        refresh: What is made anew: what is to be as a phase begins, or as each epoch does.
        when: Tells this phase, and epoch, from others.
    """
    opened = {name: (stream, sessions[stream.role, stream.task]) for name, stream in phase.streams.items()}
    seen = SeenStreams(opened)
    for name, stream in streams.items():
        if adds(stream.stream, refresh):
            make = partial(known_rows, name, *opened[name], seen, refresh)
            stream.learn(checkpoints.once(f"known-{when}-{name}", make))


def open_streams(phase: Phase, sessions: Sessions, terms: Mapping[str, Term]) -> dict[str, TrainStream]:
    """Return the streams that `phase` draws from, by name; models are numbered as those of `sessions_of` are."""
    numbers = {id(model): number for number, model in enumerate(models_of(sessions_of(phase, sessions)))}
    streams = {}
    for name in phase.drawn:
        stream = phase.streams[name]
        session = sessions[stream.role, stream.task]
        own = [term for term in terms.values() if name in term.streams]
        streams[name] = TrainStream(name, stream, session, numbers[id(session.model)], own)
    return streams


def _placed(targets: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return targets on `device`; float64 ones stay, since not every device holds them."""
    return targets if targets.dtype is torch.float64 else targets.to(device)
