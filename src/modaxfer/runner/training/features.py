"""The longest frozen prefix of a plan is run once per row; later epochs, runs and folds read what it gave."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from modaxfer.contracts import NO_UNIT, PARTS, UNITS, WINDOWS, Batch, Example, Features
from modaxfer.encoders.processors.padding import pad
from modaxfer.errors import RunFailedError
from modaxfer.plan import Reads
from modaxfer.runner.model.tower import LAYER_STATES, read_out
from modaxfer.runner.model.transfer import POOLED, PRESENT, part_of_batch
from modaxfer.runner.rows.encode import collate_states
from modaxfer.runner.rows.known import Shelf
from modaxfer.runner.rows.split import PickedRows, Split
from modaxfer.runner.rows.store import ExampleStore
from modaxfer.runner.session import Predictions, TaskSession, TowerLayers

__all__ = [
    "EntryPoint",
    "entry_point",
    "head_inputs",
    "is_known",
    "layer_features",
    "layers_are_kept",
    "pooled_features",
    "predict_known",
    "refuse_undefined",
]

LARGEST_GB = 4.0
"""Token states of a split are cached only while they are smaller than this (10^9 bytes)."""


Rows = ExampleStore | PickedRows

SHOWN = 5
"""So many rows are named in a message."""


@dataclass(frozen=True, kw_only=True)
class EntryPoint:
    """Where rows enter the model, and how they are padded there."""

    layer: int
    """Layer at which they enter; 0 = raw inputs through the embedding."""
    rows: Sequence[Example]
    collate: Callable[[Sequence[Example]], Batch]


def entry_point(session: TaskSession, name: str, reads: Collection[Reads] = (Reads.OUTPUTS,)) -> EntryPoint:
    """Return the rows of split `name` as far up the model as nothing below is trainable, or read by a loss.

    Where only the head is trained these are pooled vectors; where the first k layers are frozen, the states that enter
    layer k; else the prepared rows themselves. What reads tokens, a loss or the head, or layers is given states, for
    pooled vectors have none; what reads inputs, inputs.
    """
    split, model = session.splits[name], session.model
    layer, tokens = model.frozen_layers(), model.reads_tokens or not {Reads.TOKENS, Reads.LAYERS}.isdisjoint(reads)
    read_below = Reads.INPUTS in reads or (tokens and len(model.towers) > 1)
    if not session.train.cache or layer == 0 or read_below:
        return EntryPoint(layer=0, rows=split.rows, collate=session.processor.collate)
    if layer >= model.top and not tokens:
        return EntryPoint(layer=layer, rows=_pooled_store(session, name), collate=_stack)
    size = _gigabytes(session, split)
    if size > LARGEST_GB:
        session.warnings.append(
            f"{name}: states of layer {layer} would take {size:.0f} GB and were computed again in each epoch"
        )
        return EntryPoint(layer=0, rows=split.rows, collate=session.processor.collate)
    store = _kept(session, split, ("states", layer), lambda one: _states(session, one, layer, name))
    return EntryPoint(layer=layer, rows=store, collate=collate_states)


def _gigabytes(session: TaskSession, split: Split) -> float:
    """Return how much the states of one layer take (10^9 bytes)."""
    return float(split.lengths.sum()) * float(session.model.encoder.hidden_size) * 4 / 1e9


def layer_features(session: TaskSession, name: str) -> tuple[TowerLayers, ...]:
    """Return pooled vectors of all layers of each encoder for split `name`; the session keeps them."""
    if name not in session.layers:
        session.layers[name] = tuple(_tower_layers(session, name, place) for place in range(len(session.model.towers)))
    return session.layers[name]


def layers_are_kept(session: TaskSession, name: str) -> bool:
    """Return whether pooled vectors of all layers of the only encoder are in the cache for split `name`."""
    return _keeps(session) and not len(_shelf(session, ("layers",)).missing(session.splits[name].row_keys))


def _tower_layers(session: TaskSession, name: str, tower: int) -> TowerLayers:
    several = len(session.model.towers) > 1
    what = ("layers", tower) if several else ("layers",)
    store = _kept(session, session.splits[name], what, lambda one: _layers(session, one, name, tower))
    return TowerLayers(store.whole("layers"), store.whole(PRESENT)[:, 0] > 0 if several else None)


def pooled_features(session: TaskSession, name: str) -> np.ndarray:
    """Return the vectors that the head takes for split `name`, by the model as it is now: float32 ``[rows, width]``."""
    return _pooled_store(session, name).whole(POOLED)


def head_inputs(session: TaskSession, name: str) -> torch.Tensor:
    """Return the vectors that the head takes for split `name`, float32 ``[rows, width]``, from what is known of it."""
    if name not in session.layers:
        return torch.from_numpy(pooled_features(session, name))
    known = session.layers[name]
    parts = [
        read_out(torch.from_numpy(each.pools), tower.readout)
        for each, tower in zip(known, session.model.towers, strict=True)
    ]
    there = [torch.from_numpy(each.there) for each in known if each.there is not None]
    return torch.cat([torch.stack(there, 1).float(), *parts], 1) if there else parts[0]


def is_known(session: TaskSession, name: str) -> bool:
    """Return whether what the head takes for split `name` is at hand, so that no row has to be encoded to score it."""
    model = session.model
    # Vectors of a row can be kept whichever layers they are read from; states of tokens are those of one layer.
    whole = model.reads_tokens or model.readout.pooling in PARTS
    only_head = model.frozen_layers() >= model.top if whole else model.only_head_moves
    kept = session.train.cache and bool(session.weights_key) and only_head
    if model.reads_tokens:
        return kept and _gigabytes(session, session.splits[name]) <= LARGEST_GB
    return kept or name in session.layers


def predict_known(session: TaskSession, name: str, rows: np.ndarray | None = None) -> Predictions:
    """Return predictions and scores of split `name`; no row is encoded again while nothing but the head has moved.

    Nor are validation rows that the model, as it is now, has been judged by.

    Args:
        session: With the trained model.
        name: Of the split.
        rows: Numbers of the rows that are wanted; None = all.
    """
    if not is_known(session, name):
        if name == "validation" and rows is None and (judged := session.judged_before()) is not None:
            return judged
        split = session.splits[name]
        return session.predict(split if rows is None else split.only(rows), label=f"scoring {name}")
    if session.model.readout.pooling in PARTS or session.model.reads_tokens:
        return _predict_entered(session, name, rows)
    if name not in session.layers and session.layers and _asked_again(session, name):
        layer_features(session, name)
    pooled = head_inputs(session, name)
    wanted = pooled if rows is None else pooled[torch.from_numpy(rows)]
    session.model.eval()
    with torch.inference_mode(), session.computer.arithmetic():
        logits = session.model.head(Features(pooled=wanted.to(session.computer.device))).float().cpu()
    return session.decoded(logits)


def _predict_entered(session: TaskSession, name: str, rows: np.ndarray | None) -> Predictions:
    """Predict rows from where they enter: of their parts vectors are at hand, or states of their tokens."""
    split, entry = session.splits[name], entry_point(session, name)
    wanted = np.arange(len(split.lengths)) if rows is None else rows
    chosen = [entry.rows[int(row)] for row in wanted]
    logits = session.logits(split.only(wanted), entry.layer, rows=chosen, collate=entry.collate)
    return session.decoded(logits)


def _asked_again(session: TaskSession, name: str) -> bool:
    """Tell whether split `name` had better be encoded for all layers, as what a solver reads is, than for one alone.

    Each fold, seed or head may read another layer, and of rows of which all layers are known none goes through the
    encoder. Rows of which most are known are such; so are those that were encoded for one layer before, and are now
    wanted for another.
    """
    split = session.splits[name]
    if split.picks is not None:
        return True
    if not _keeps(session):
        return False
    several = len(session.model.towers) > 1
    shelves = [_shelf(session, ("layers", place) if several else ("layers",)) for place in range(len(session.layers))]
    keys = split.row_keys
    if all(2 * len(shelf.missing(keys)) < len(keys) for shelf in shelves):
        return True
    other = _shelf(session, _read_as(session))
    return bool(len(other.missing(keys))) and other.is_kept_otherwise(keys)


def _read_as(session: TaskSession) -> tuple[object, ...]:
    return "pooled", [(tower.readout, tower.segments) for tower in session.model.towers]


def _pooled_store(session: TaskSession, name: str) -> Rows:
    return _kept(session, session.splits[name], _read_as(session), lambda one: _pooled(session, one, name))


def _keeps(session: TaskSession) -> bool:
    return session.train.cache and bool(session.weights_key) and session.accelerator.num_processes == 1


def _shelf(session: TaskSession, what: Sequence[object]) -> Shelf:
    return Shelf(what, (session.weights_key, session.processor.identity), session.tell)


def _kept(
    session: TaskSession, split: Split, what: Sequence[object], make: Callable[[Split], Iterator[list[Example]]]
) -> Rows:
    """Return `what` of the rows of `split`; with several processes all compute their share.

    Rows are looked up by what they hold: only those go through the encoder that no run, split or fold has shown it.
    Of rows that were taken from a whole all of the whole are computed, once for all its parts.
    """
    if not _keeps(session):
        return ExampleStore.from_examples([example for chunk in make(split) for example in chunk])
    if split.picks is not None:
        return PickedRows([_kept(session, one, what, make) for one in split.wholes], split.picks)
    made: dict[bytes, list[list[Example]]] = {}

    def once(rows: np.ndarray) -> list[list[Example]]:
        # They are in memory as a whole; where the cache cannot take them no row goes through the encoder again.
        asked = rows.tobytes()
        if asked not in made:
            made[asked] = [*make(split if len(rows) == len(split.lengths) else split.only(rows))]
        return made[asked]

    return _shelf(session, what).rows(split.row_keys, once)


def _layers(session: TaskSession, split: Split, name: str, tower: int) -> Iterator[list[Example]]:
    model = session.model.eval()
    encoder, several = model.towers[tower].encoder, len(model.towers) > 1
    filled = np.zeros((len(split.lengths), encoder.depth + 1, 3, encoder.hidden_size), np.float32)
    there = np.zeros((len(split.lengths), 1), np.float32)

    def run(batch: Batch) -> torch.Tensor:
        pools = model.layer_pools(batch, tower)
        return torch.cat([part_of_batch(batch, tower)[PRESENT][:, None], pools.flatten(1)], 1) if several else pools

    for chosen, values in session.forward(split, run, label=f"encoding {name}"):
        found = values.float().cpu().numpy()
        filled[chosen] = (found[:, 1:] if several else found).reshape(len(chosen), *filled.shape[1:])
        there[chosen] = found[:, :1] if several else 1.0
    filled, there = session.gather(filled), session.gather(there)
    refuse_undefined(session, split, name, {layer: filled[:, layer] for layer in range(filled.shape[1])})
    yield [{"layers": row, **({PRESENT: flag} if several else {})} for row, flag in zip(filled, there, strict=True)]


def _parts(session: TaskSession, split: Split, name: str) -> Iterator[list[Example]]:
    """Return the vectors of each row's parts; ragged rows cannot be added up, so each process computes all of them."""
    model = session.model.eval()
    found: list[Example] = [{} for _ in split.lengths]
    run = lambda batch: model.features(batch).pooled  # noqa: E731
    for chosen, values in session.forward(split, run, label=f"encoding {name}", shared=False):
        for row, vectors in zip(chosen, values.float().cpu().numpy(), strict=True):
            units = {UNITS: split.rows[row][UNITS]} if UNITS in split.rows[row] else {}
            found[row] = {POOLED: vectors[: len(units[UNITS])] if units else vectors, **units}
    refuse_undefined(session, split, name, {session.model.top: [example[POOLED] for example in found]})
    yield found


def _pooled(session: TaskSession, split: Split, name: str) -> Iterator[list[Example]]:
    if session.model.readout.pooling in PARTS:
        yield from _parts(session, split, name)
        return
    model = session.model.eval()
    run = lambda batch: model.features(batch).pooled  # noqa: E731
    filled = np.zeros((len(split.lengths), model.width), np.float32)
    for chosen, values in session.forward(split, run, label=f"encoding {name}"):
        filled[chosen] = values.float().cpu().numpy()
    filled = session.gather(filled)
    refuse_undefined(session, split, name, {session.model.top: filled})
    yield [{POOLED: row} for row in filled]


def _states(session: TaskSession, split: Split, layer: int, name: str) -> Iterator[list[Example]]:
    """Run the prefix; rows come longest first and are put back in order before they are written."""
    model = session.model.eval()
    found: list[Example] = [{} for _ in split.lengths]

    def run(batch: Batch) -> torch.Tensor:
        hidden = model.prefix(batch, layer)
        return torch.cat([hidden.tokens.float(), hidden.mask.unsqueeze(-1).float()], dim=-1)

    # Every process needs every row, and ragged rows cannot be added up: each computes all of them.
    for chosen, values in session.forward(split, run, label=f"encoding {name}", shared=False):
        counts = [len(split.rows[row].get(WINDOWS, (0,))) for row in chosen]
        for row, windows in zip(chosen, torch.split(values.cpu(), counts), strict=True):
            prepared = split.rows[row]
            units = {UNITS: prepared[UNITS]} if UNITS in prepared else {}
            found[row] = _real(windows.numpy(), WINDOWS in prepared) | units
    refuse_undefined(session, split, name, {layer: [example[LAYER_STATES] for example in found]})
    yield found


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


def _real(windows: np.ndarray, several: bool) -> Example:
    """Return the states of real tokens ``[windows, tokens, hidden + 1]``, whose last number marks them, as a row."""
    real = windows[..., -1] > 0
    states = windows[real][:, :-1]
    lengths = {WINDOWS: real.sum(1).astype(np.int32)} if several else {}
    return {LAYER_STATES: states, "mask": np.ones(len(states), bool), **lengths}


def _stack(examples: Sequence[Example]) -> Batch:
    if UNITS in examples[0]:
        units = pad([example[UNITS] for example in examples], NO_UNIT, np.int64)
        return {POOLED: pad([example[POOLED] for example in examples]), UNITS: units}
    return {POOLED: torch.from_numpy(np.stack([example[POOLED] for example in examples]))}
