"""What a frozen body makes of rows is kept, and looked up by what the rows hold: each goes through it once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from modaxfer.contracts import Example
from modaxfer.errors import RunFailedError
from modaxfer.runner.rows.known import Shelf
from modaxfer.runner.rows.split import PickedRows, Split
from modaxfer.runner.rows.store import ExampleStore
from modaxfer.runner.session import TaskSession

__all__ = ["Rows", "keeps", "kept", "refuse_undefined", "shelf_of"]

Rows = ExampleStore | PickedRows

SHOWN = 5
"""So many rows are named in a message."""


def keeps(session: TaskSession) -> bool:
    """Tell whether what is computed of rows may be kept on disk."""
    return session.train.cache and bool(session.weights_key) and session.accelerator.num_processes == 1


def shelf_of(session: TaskSession, what: Sequence[object]) -> Shelf:
    """Return what is kept of one computation, named by `what`, over rows of any run with the session's weights."""
    return Shelf(what, (session.weights_key, session.processor.identity), session.tell)


def kept(
    session: TaskSession,
    split: Split,
    what: Sequence[object],
    make: Callable[[Split], Iterator[Sequence[Example]]],
    *,
    anew: bool = False,
) -> Rows:
    """Return `what` of the rows of `split`; with several processes all compute their share.

    Rows are looked up by what they hold: only those go through the encoder that no run, split or fold has shown it.
    Of rows that were taken from a whole all of the whole are computed, once for all its parts.

    Args:
        session: Whose model computes.
        split: Its rows.
        what: Names what is computed, with all that decides it but rows and weights.
        make: Computes it.
        anew: Chunks are too large to be kept until they are written: where the cache cannot take them, all are made
            again.
    """
    if not keeps(session):
        (chunk,) = make(split)
        return chunk if isinstance(chunk, ExampleStore) else ExampleStore.from_examples(chunk)
    if split.picks is not None:
        return PickedRows([kept(session, one, what, make, anew=anew) for one in split.wholes], split.picks)
    made: dict[bytes, list[Sequence[Example]]] = {}

    def once(rows: np.ndarray) -> Iterable[Sequence[Example]]:
        some = split if len(rows) == len(split.lengths) else split.only(rows)
        if anew:
            return make(some)
        # They are in memory as a whole; where the cache cannot take them no row goes through the encoder again.
        asked = rows.tobytes()
        if asked not in made:
            made[asked] = [*make(some)]
        return made[asked]

    return shelf_of(session, what).rows(split.row_keys, once)


def refuse_undefined(session: TaskSession, split: Split, name: str, layers: Mapping[int, Iterable[np.ndarray]]) -> None:
    """Refuse features that are not finite numbers: they would be kept, and be wrong in every run that reads them.

    Args:
        session: Whose encoder made them.
        split: Rows they are of.
        name: Of the split.
        layers: By layer, an array per row.

    Raises:
        RunFailedError: There are such; names encoder, layer and rows.
    """
    for layer, rows in layers.items():
        ids = [str(split.ids[row]) for row, values in enumerate(rows) if not np.isfinite(values).all()]
        if ids:
            more = f" and {len(ids) - SHOWN:,} more" if len(ids) > SHOWN else ""
            raise RunFailedError(
                f"the features of encoder {session.encoder} are not finite numbers",
                got=f"layer {layer}, rows of {name}: {', '.join(ids[:SHOWN])}{more}",
                fix="look at these rows and at the weights; in bf16 or fp16, use --precision fp32",
            )
