"""``--stream``: a task whose rows pass by once, and of which a random part is kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from modaxfer.data.cells.columns import MEDIA
from modaxfer.data.download import UnavailableError
from modaxfer.data.streaming.hub import hub_data
from modaxfer.data.streaming.kept import draw_of, streamed
from modaxfer.data.tables.gathering import drawn
from modaxfer.errors import ConfigError, DataError, RefusedError
from modaxfer.registry import problem_of
from modaxfer.source_specs import FolderSource, HubSource, StreamSource
from modaxfer.tasks.reading import rows_drawn

if TYPE_CHECKING:
    import pyarrow as pa

    from modaxfer.config import RunConfig
    from modaxfer.spec import TaskSpec

__all__ = ["own_source", "own_stream", "refuse_endless", "streamed_task", "there", "training_rows"]


def refuse_endless(config: RunConfig) -> None:
    """Refuse a stream of which nothing says how many rows to keep, and data of the hub that are no stream.

    Raises:
        ConfigError: It is one of these.
    """
    if config.stream and config.limit is None:
        raise ConfigError(
            "--stream keeps a random part of the rows, and nothing says how many", got="no --limit",
            fix="say it: --limit 1000 trains on 1,000 rows",
        )  # fmt: skip
    if config.data is not None and not config.stream and (hub := hub_data(config.data)):
        raise ConfigError(
            "there is no such file or folder", got=config.data,
            fix=f"check the path; the data set {hub.dataset} of the hub is read with --stream --limit N, not copied",
        )  # fmt: skip


def own_stream(config: RunConfig) -> StreamSource:
    """Return the stream of the rows in ``config.data``."""
    of = own_source(str(config.data))
    fields = (*config.text, *config.image, *config.audio, *config.number)
    label = config.label or ("label",)
    beside = (*label, *config.group, *((config.group_by,) if config.group_by else ()))
    return _stream(
        of, config, decoded=bool(config.image or config.audio), label=label[0] if len(label) == 1 else None,
        group=config.group, columns=(*fields, *beside) if fields else (),
    )  # fmt: skip


def training_rows(source: StreamSource, seed: int) -> pa.Table:
    """Return the training rows that are drawn from `source` with `seed`.

    Raises:
        DataError: They cannot be had.
    """
    with there(source.of):
        tables, _ = streamed(source, None)
    return drawn(tables["train"], draw_of(source, seed))


def own_source(data: str) -> FolderSource | HubSource:
    """Return what `data` names: a data set of the hub, or a file or folder."""
    return hub_data(data) or FolderSource(name=os.path.abspath(Path(data).expanduser()))


@contextmanager
def there(of: FolderSource | HubSource) -> Iterator[None]:
    """Say of which stream the rows are not there.

    Raises:
        DataError: They are not.
    """
    try:
        yield
    except UnavailableError as error:
        raise DataError(
            "the rows of a stream are not there", file=of.dataset if isinstance(of, HubSource) else of.name, got=error,
            fix="check the name, and the network; HF_TOKEN opens data sets that are not for everybody",
        ) from error  # fmt: skip


def streamed_task(spec: TaskSpec, config: RunConfig) -> TaskSpec:
    """Return a registered task whose rows are read as a stream.

    Raises:
        RefusedError: None of its sources can be.
    """
    sources = [each for each in spec.sources if isinstance(each, FolderSource | HubSource) and not each.reader]
    if not sources:
        raise RefusedError(
            f"task {spec.name} cannot be read as a stream: its rows come whole, from a package, a download or a reader "
            "of its own", got="--stream", fix="leave it out",
        )  # fmt: skip
    decoded = any(field.signal.kind in MEDIA for field in spec.fields)
    by_label = problem_of(spec.target.problem).labels.drawn_by_label
    columns = (*(field.name for field in spec.fields), *spec.target.read_from, *spec.keep, *spec.splits.columns)
    streams = [
        _stream(
            each, config, decoded=decoded, label=spec.target.column if by_label else None, group=spec.splits.group,
            columns=columns if spec.fields else (),
        )
        for each in sources
    ]  # fmt: skip
    return replace(spec, sources=tuple(streams))


def _stream(
    of: FolderSource | HubSource, config: RunConfig, *, decoded: bool, label: str | None, group: tuple[str, ...],
    columns: tuple[str, ...],
) -> StreamSource:  # fmt: skip
    wanted = max(config.limit or 0, config.test_limit or 0)
    return StreamSource(
        of=of, rows=rows_drawn(wanted, decoded=decoded), seed=config.seed, seeds=config.seeds, label=label, group=group,
        columns=tuple(dict.fromkeys(columns)),
    )  # fmt: skip
