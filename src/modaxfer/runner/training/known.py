"""What the model itself adds to a stream's rows: predicted labels and extras, made as a phase or an epoch begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch

from modaxfer.contracts import Seen
from modaxfer.losses.extras import compute_extra
from modaxfer.losses.predicted import predicted
from modaxfer.plan import Labels, Refresh, Stream
from modaxfer.runner.session import TaskSession
from modaxfer.runner.training.features import entry_point
from modaxfer.runner.training.seen import seen_rows

__all__ = ["PREDICTED", "SeenStreams", "adds", "known_rows"]

PREDICTED = "predicted"


class SeenStreams(Mapping[str, Seen]):
    """What the model says now of all rows of a phase's streams, by name; made when a stream is asked for.

    Streams of the same rows go through the model once. Targets are there where a stream's labels are given.

    Args:
        streams: Of the phase, each with its task's session.
    """

    def __init__(self, streams: Mapping[str, tuple[Stream, TaskSession]]) -> None:
        self._streams = streams
        self._made: dict[tuple[int, str], Seen] = {}

    def __getitem__(self, name: str) -> Seen:
        stream, session = self._streams[name]
        key = (id(session), stream.split)
        if key not in self._made:
            self._made[key] = seen_rows(session, stream.split, entry_point(session, stream.split))
        given = stream.labels is Labels.GIVEN
        return replace(self._made[key], targets=session.splits[stream.split].targets if given else None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._streams)

    def __len__(self) -> int:
        return len(self._streams)


def adds(stream: Stream, refresh: Refresh) -> bool:
    """Tell whether the model adds anything to the rows of `stream` as often as `refresh` says."""
    own = [extra.refresh for extra in stream.extras]
    return refresh in own or (stream.labels is Labels.PREDICTED and stream.refresh is refresh)


def known_rows(
    name: str, stream: Stream, session: TaskSession, seen: Mapping[str, Seen], refresh: Refresh
) -> dict[str, torch.Tensor]:
    """Return what is added to the rows of a stream as often as `refresh` says: ``extra.NAME`` and `PREDICTED`.

    Raises:
        RunFailedError: An extra does not have a value for each row.
    """
    made = {}
    for extra in (extra for extra in stream.extras if extra.refresh is refresh):
        rows = len(session.splits[stream.split].lengths)
        made[f"extra.{extra.name}"] = compute_extra(extra, seen, name, rows)
    if stream.labels is Labels.PREDICTED and stream.refresh is refresh:
        made[PREDICTED] = predicted(session.criterion, seen[name].outputs).contiguous()
    return made
