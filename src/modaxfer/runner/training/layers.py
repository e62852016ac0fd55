"""Pooled vectors of all layers, which solvers choose among: of all rows, or of a sample of many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import torch

from modaxfer.contracts import Batch, Example
from modaxfer.runner.model.tower import POOLS, read_out
from modaxfer.runner.model.transfer import PRESENT, part_of_batch
from modaxfer.runner.rows.split import Split
from modaxfer.runner.rows.store import ExampleStore
from modaxfer.runner.session import TaskSession, TowerLayers
from modaxfer.runner.training.kept import keeps, kept, refuse_undefined, shelf_of

__all__ = ["knows_layers", "layer_features", "layers_are_kept", "read_from_sample", "sampled_features"]

BLOCK_GB = 0.25
"""Layers of so many rows go through the encoder, and to the disk, at a time (10^9 bytes)."""


def layer_features(session: TaskSession, name: str) -> tuple[TowerLayers, ...]:
    """Return pooled vectors of all layers of each encoder for split `name`; the session keeps them."""
    if not knows_layers(session, name):
        session.layers[name] = tuple(_tower_layers(session, name, place) for place in range(len(session.model.towers)))
    return session.layers[name]


def sampled_features(session: TaskSession, rows: Mapping[str, np.ndarray]) -> dict[str, TowerLayers]:
    """Return pooled vectors of all layers of the only encoder, by split, of these `rows` of each alone.

    The session keeps them. From then on these rows are not encoded again for what is read of all. They are written to
    the cache block by block, and read from there.
    """
    block = _block(session)
    for name, some in rows.items():
        if not _knows(session, name, some):
            make = partial(_layers, session, name=name, tower=0, block=block)
            store = kept(session, session.splits[name].only(some), ("layers",), make, anew=block is not None)
            session.layers[name] = (TowerLayers(store.whole("layers"), None, some),)
    return {name: session.layers[name][0] for name in rows}


def _knows(session: TaskSession, name: str, rows: np.ndarray | None) -> bool:
    """Tell whether all layers of just these rows of split `name` are at hand; None = all."""
    if name not in session.layers:
        return False
    known = session.layers[name][0].rows
    return known is rows or (known is not None and rows is not None and np.array_equal(known, rows))


def _block(session: TaskSession) -> int | None:
    """Return of how many rows all layers are in memory on their way to the cache; None where there is none."""
    encoder = session.model.encoder
    row = (encoder.depth + 1) * len(POOLS) * encoder.hidden_size * 4
    return max(1, int(BLOCK_GB * 1e9 / row)) if keeps(session) else None


def knows_layers(session: TaskSession, name: str) -> bool:
    """Tell whether all layers of all rows of split `name` are at hand."""
    return _knows(session, name, None)


def layers_are_kept(session: TaskSession, name: str) -> bool:
    """Return whether pooled vectors of all layers of the only encoder are in the cache for split `name`."""
    return keeps(session) and not len(shelf_of(session, ("layers",)).missing(session.splits[name].row_keys))


def _tower_layers(session: TaskSession, name: str, tower: int) -> TowerLayers:
    several = len(session.model.towers) > 1
    what = ("layers", tower) if several else ("layers",)
    store = kept(session, session.splits[name], what, lambda one: _layers(session, one, name, tower))
    return TowerLayers(store.whole("layers"), store.whole(PRESENT)[:, 0] > 0 if several else None)


def _layers(
    session: TaskSession, split: Split, name: str, tower: int, block: int | None = None
) -> Iterator[Sequence[Example]]:
    """Yield pooled vectors of all layers, as one chunk or in blocks of rows."""
    rows = len(split.lengths)
    if block is None or rows <= block:
        yield _layers_of(session, split, name, tower, label=f"encoding {name}")
        return
    with session.progress.bar(f"encoding {name}", rows) as advance:
        for start in range(0, rows, block):
            some = split.only(np.arange(start, min(start + block, rows)))
            yield _layers_of(session, some, name, tower)
            advance(len(some.lengths))


def _layers_of(session: TaskSession, split: Split, name: str, tower: int, label: str = "") -> ExampleStore:
    model = session.model.eval()
    encoder, several = model.towers[tower].encoder, len(model.towers) > 1
    filled = np.zeros((len(split.lengths), encoder.depth + 1, 3, encoder.hidden_size), np.float32)
    there = np.zeros((len(split.lengths), 1), np.float32)

    def run(batch: Batch) -> torch.Tensor:
        pools = model.layer_pools(batch, tower)
        return torch.cat([part_of_batch(batch, tower)[PRESENT][:, None], pools.flatten(1)], 1) if several else pools

    for chosen, values in session.forward(split, run, label=label):
        found = values.float().cpu().numpy()
        filled[chosen] = (found[:, 1:] if several else found).reshape(len(chosen), *filled.shape[1:])
        there[chosen] = found[:, :1] if several else 1.0
    filled, there = session.gather(filled), session.gather(there)
    refuse_undefined(session, split, name, {layer: filled[:, layer] for layer in range(filled.shape[1])})
    return ExampleStore.of_arrays({"layers": filled, **({PRESENT: there} if several else {})})


def read_from_sample(session: TaskSession, split: Split, name: str, filled: np.ndarray) -> np.ndarray:
    """Fill in the vectors of rows whose layers are at hand, see `sampled_features`; return positions of the others."""
    (known, *_) = session.layers.get(name, (None,))
    if known is None or known.rows is None:
        return np.arange(len(filled))
    keys = session.splits[name].row_keys
    places = {keys[row].tobytes(): place for place, row in enumerate(known.rows)}
    found = np.array([places.get(key.tobytes(), -1) for key in split.row_keys])
    pools = torch.from_numpy(known.pools[found[found >= 0]])
    filled[found >= 0] = read_out(pools, session.model.readout).numpy()
    return np.flatnonzero(found < 0)
