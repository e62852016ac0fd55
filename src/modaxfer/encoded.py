"""The Python face of ``modaxfer features``: what an encoder says of rows, as an array, a data frame or a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modaxfer.engines import Where, chosen
from modaxfer.settings import plain_values

if TYPE_CHECKING:
    import numpy
    import pandas

    from modaxfer.runner.features.question import Question
    from modaxfer.runner.progress import Progress

__all__ = ["features"]


def features(
    data: Any = None,
    *,
    encoder: str | Path,
    task: str | None = None,
    split: str | Sequence[str] = (),
    layer: str | int = "last",
    pooling: str | None = None,
    output: str | Path | None = None,
    as_frame: bool = False,
    engine: str | None = None,
    jobs: int | None = None,
    resources: Mapping[str, Any] | None = None,
    quiet: bool = False,
    **settings: Any,
) -> numpy.ndarray | pandas.DataFrame | Path:
    """Return what a frozen encoder says of rows, one vector each, in the order of the rows.

    Rows are encoded once: what is in the cache, of a run of strategy ``frozen`` too, is read from there.

    Args:
        data: A file or folder; with ``stream=True`` also a data set of the hub; or rows in memory: a data frame,
            mappings, an Arrow table, a `datasets.Dataset`; texts, paths, PIL images, sounds; an array
            ``[rows, columns]``. Labels are not needed.
        encoder: A name, ``name:size``, a hub id, a folder, or a completed run.
        task: A registered task in place of `data`.
        split: Of a task or a folder of splits: those that are wanted; default all.
        layer: ``last``, a number (0 = embeddings), ``mean`` of all; of a task ``auto``, which its labels choose.
        pooling: ``cls``, ``mean`` or ``mean_std``; None = the encoder's way.
        output: ``F.parquet`` or ``F.npy`` (row ids in ``F.rows.csv``), written block by block; a folder for all rows of
            a stream, and on an engine.
        as_frame: Return a data frame: ``feature_0`` ... by ``row_id``; of a frame that was given, by its own index.
        engine: ``local``, ``ray`` or ``slurm``: `data` is a folder of parquet files then, `output` another, and each
            file that is missing there is encoded in a job of its own; with `jobs` and `resources` as for
            `modaxfer.compare`.
        jobs: Files at once, on an engine.
        resources: What each is given there.
        quiet: Keep silent on standard error.
        **settings: ``text``, ``image``, ``audio``, ``number`` (columns; told from the values where none is named),
            ``label`` (columns that are no inputs), ``bridge``, ``checkpoint``, ``set``, ``limit`` (so many rows of
            train at random, a quarter of it of other splits), ``stream`` (rows pass by, and none is kept but those that
            a limit draws) and those further fields of `modaxfer.RunConfig` that ``modaxfer features --help`` lists.

    Returns:
        float32 ``[rows, width]``, NaN for a row that cannot be read; the path, where `output` is given.

    Raises:
        ModaxferError: The request was wrong, or the rows cannot be encoded.
    """
    from modaxfer.runner.features.question import read_question

    where = chosen(engine, jobs, resources)
    in_memory = not isinstance(data, str | Path | None)
    asked: Mapping[str, Any] = {
        "encoder": encoder, "task": task or (), "split": split, "layer": str(layer), "pooling": pooling,
        "output": output, "data": None if in_memory else data, **settings,
    }  # fmt: skip
    if where is not None:
        return _sharded({**asked, "data": data}, where, quiet)
    question = read_question(plain_values(asked), in_memory=in_memory)
    # Below this line data and then torch are read, which takes seconds; above it mistakes have been answered.
    from modaxfer.data.streaming.watched import watched
    from modaxfer.runner.features.rows import resolve_features
    from modaxfer.runner.progress import Progress

    progress = Progress(not quiet)
    if question.passing:
        return _passed(question, progress)
    with watched(progress.passing):
        resolved = resolve_features(question, data if in_memory else None)
    from modaxfer.runner.features.sinks import COLUMN, gathered, write_features
    from modaxfer.runner.features.stream import open_features

    opened = open_features(question, resolved, progress)
    if question.output is not None:
        write_features(opened, question.output)
        return question.output
    vectors, ids, splits = gathered(opened)
    if not as_frame:
        return vectors
    import pandas as pd

    index = data.index if in_memory and isinstance(data, pd.DataFrame | pd.Series) else pd.Index(ids, name="row_id")
    frame = pd.DataFrame(vectors, index=index, columns=[f"{COLUMN}{place}" for place in range(opened.width)])
    if len(resolved.parts) > 1:
        frame.insert(0, "split", splits)
    return frame


def _passed(question: Question, progress: Progress) -> Path:
    """Encode the rows of a stream as they pass by, and return the folder of vectors."""
    from modaxfer.runner.claims.hold import hold
    from modaxfer.runner.features.passing_files import write_passing
    from modaxfer.runner.features.passing_rows import resolve_passing
    from modaxfer.runner.processes.signals import StoppedError, heeded

    told: set[str] = set()

    def tell(note: str) -> None:
        if note not in told:
            told.add(note)
            progress.say(f"warning: {note}")

    output = Path(str(question.output)).absolute()
    try:
        with heeded():
            rows = resolve_passing(question, tell)
            with hold(output):
                write_passing(question, rows, progress)
    except StoppedError:
        progress.say("the same command again goes on behind the files that are written")
        raise
    return output


def _sharded(asked: Mapping[str, Any], where: Where, quiet: bool) -> Path:
    """Encode a folder of parquet files on an engine, and return the folder of vectors."""
    from modaxfer.runner.claims.hold import hold
    from modaxfer.runner.features.shards import read_shards, write_shards
    from modaxfer.runner.processes.signals import StoppedError, heeded
    from modaxfer.runner.progress import Progress

    say = Progress(not quiet).say
    shards = read_shards(plain_values({key: value for key, value in asked.items() if value is not None}))
    try:
        with heeded(), hold(shards.output):
            write_shards(shards, where, say)
    except StoppedError:
        say("the same command again encodes the files that are missing")
        raise
    return shards.output
