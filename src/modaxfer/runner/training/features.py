"""The longest frozen prefix of a plan is run once per row; later epochs, runs and folds read what it gave."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from modaxfer.contracts import NO_UNIT, PARTS, UNITS, WINDOWS, Batch, Example, Features
from modaxfer.encoders.processors.padding import pad
from modaxfer.plan import Reads
from modaxfer.runner.model.tower import LAYER_STATES, read_out
from modaxfer.runner.model.transfer import POOLED
from modaxfer.runner.rows.encode import collate_states
from modaxfer.runner.rows.split import Split
from modaxfer.runner.rows.store import ExampleStore
from modaxfer.runner.session import Predictions, TaskSession
from modaxfer.runner.training.kept import Rows, keeps, kept, refuse_undefined, shelf_of
from modaxfer.runner.training.layers import knows_layers, layer_features, read_from_sample

__all__ = [
    "EntryPoint",
    "entry_point",
    "head_inputs",
    "is_known",
    "pooled_features",
    "predict_known",
]

ROWS = 8192
"""Vectors that a head is given at once, so that what it makes on the way does not grow with a split."""

LARGEST_GB = 4.0
"""Token states of a split are cached only while they are smaller than this (10^9 bytes)."""


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
    store = kept(session, split, ("states", layer), lambda one: _states(session, one, layer, name))
    return EntryPoint(layer=layer, rows=store, collate=collate_states)


def _gigabytes(session: TaskSession, split: Split) -> float:
    """Return how much the states of one layer take (10^9 bytes)."""
    return float(split.lengths.sum()) * float(session.model.encoder.hidden_size) * 4 / 1e9


def pooled_features(session: TaskSession, name: str) -> np.ndarray:
    """Return the vectors that the head takes for split `name`, by the model as it is now: float32 ``[rows, width]``."""
    return _pooled_store(session, name).whole(POOLED)


def head_inputs(session: TaskSession, name: str) -> torch.Tensor:
    """Return the vectors that the head takes for split `name`, float32 ``[rows, width]``, from what is known of it."""
    if not knows_layers(session, name):
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
    stays = session.train.cache and bool(session.weights_key) and only_head
    if model.reads_tokens:
        return stays and _gigabytes(session, session.splits[name]) <= LARGEST_GB
    return stays or knows_layers(session, name)


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
    if session.layers and not knows_layers(session, name) and _asked_again(session, name):
        layer_features(session, name)
    pooled = head_inputs(session, name)
    wanted = pooled if rows is None else pooled[torch.from_numpy(rows)]
    session.model.eval()
    with torch.inference_mode(), session.computer.arithmetic():
        logits = [
            session.model.head(Features(pooled=part.to(session.computer.device))).float().cpu()
            for part in torch.split(wanted, ROWS)
        ]
    return session.decoded(torch.cat(logits))


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
    wanted for another. Where a solver was given layers of a sample, those of all rows may have no room.
    """
    split = session.splits[name]
    if any(each.rows is not None for known in session.layers.values() for each in known):
        return False
    if split.picks is not None:
        return True
    if not keeps(session):
        return False
    several = len(session.model.towers) > 1
    towers = range(len(session.model.towers))
    shelves = [shelf_of(session, ("layers", place) if several else ("layers",)) for place in towers]
    keys = split.row_keys
    if all(2 * len(shelf.missing(keys)) < len(keys) for shelf in shelves):
        return True
    other = shelf_of(session, _read_as(session))
    return bool(len(other.missing(keys))) and other.is_kept_otherwise(keys)


def _read_as(session: TaskSession) -> tuple[object, ...]:
    return "pooled", [(tower.readout, tower.segments) for tower in session.model.towers]


def _pooled_store(session: TaskSession, name: str) -> Rows:
    return kept(session, session.splits[name], _read_as(session), lambda one: _pooled(session, one, name))


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


def _pooled(session: TaskSession, split: Split, name: str) -> Iterator[Sequence[Example]]:
    if session.model.readout.pooling in PARTS:
        yield from _parts(session, split, name)
        return
    model = session.model.eval()
    run = lambda batch: model.features(batch).pooled  # noqa: E731
    filled = np.zeros((len(split.lengths), model.width), np.float32)
    unknown = read_from_sample(session, split, name, filled)
    others = split if len(unknown) == len(filled) else split.only(unknown)
    for chosen, values in session.forward(others, run, label=f"encoding {name}"):
        filled[unknown[chosen]] = values.float().cpu().numpy()
    filled = session.gather(filled)
    refuse_undefined(session, split, name, {session.model.top: filled})
    yield ExampleStore.of_arrays({POOLED: filled})


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
