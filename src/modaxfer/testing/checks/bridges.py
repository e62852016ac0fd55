"""Level 3 of bridges: what they make of tiny rows is one value of each, the same every time, and has a name."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import torch

from modaxfer.contracts import Bridge, FittedBridge, Hidden, PatchStrip, Sound, Words
from modaxfer.errors import ModaxferError
from modaxfer.testing.check import Check, Level, check, fail, skip
from modaxfer.testing.material.bridge_cases import BridgeCase, bridge_cases, plain
from modaxfer.testing.subject import Subject

__all__ = ["CHECKS"]

WIDTH, NEAR = 16, 1e-5


@check(Level.CONTRACT, "bridge")
def gives_one_value_of_each_row(subject: Subject) -> None:
    """Each row gives one value, of the type that the bridge's sink asks for.

    Values and targets are paired by their places: one that is missing shifts all labels behind it.
    """
    for case in _cases(subject):
        bridge = case.fitted()
        if not isinstance(bridge, Bridge):
            fail(
                f"{case} is no contracts.Bridge", got=type(bridge).__name__, allowed="identity: str, and __call__(rows)"
            )
        for rows in (case.rows(), case.rows()[:1]):
            if len(values := bridge(rows)) != len(rows):
                fail(f"{case} does not give one value of each row", got=f"{len(values)} of {len(rows)} rows")
            if wrong := [_name(value) for value in values if not _is_raw(value, subject.spec.sink)]:
                fail(f"{case} gives what its sink does not take", got=wrong[0], allowed=_RAW.get(subject.spec.sink))


@check(Level.CONTRACT, "bridge")
def is_deterministic(subject: Subject) -> None:
    """The same rows give the same values and the same identity, by the same bridge and by one that is built alike.

    What a bridge made is kept by its identity, and read by later runs in its place.
    """
    for case in _cases(subject):
        first, twin, rows = case.fitted(), case.fitted(), case.rows()
        if not case.output(first, rows) == case.output(first, rows) == case.output(twin, rows):
            fail(f"{case} makes different values of the same rows", fix="draw nothing at random in __call__")
        if not isinstance(first.identity, str) or not first.identity or first.identity != twin.identity:
            got = [first.identity, twin.identity]
            fail(f"{case} has no identity that stays", got=got, allowed="the same string, not empty, when built alike")


@check(Level.CONTRACT, "bridge")
def looks_at_each_row_alone(subject: Subject) -> None:
    """What is made of a row depends on no other row that is given with it, and the rows are left as they were.

    Rows come in chunks when training and one by one when predicting.
    """
    for case in _cases(subject):
        bridge, rows = case.fitted(), case.rows()
        before = copy.deepcopy(rows)
        together = bridge(rows)
        if plain(rows) != plain(before):
            fail(f"{case} changes the rows that it is given", fix="work on a copy")
        alone = [bridge([row])[0] for row in rows]
        if plain(together) != plain(alone) or plain(bridge(rows[::-1])) != plain(alone[::-1]):
            fail(
                f"{case} makes something else of a row when others stand beside it",
                fix="learn from the training rows in fit, and look at one row in __call__",
            )


@check(Level.CONTRACT, "bridge")
def identity_names_every_option(subject: Subject) -> None:
    """Where another value of an option changes what is made, it changes the identity, too.

    Else a run with other options would read from the cache what this one made.
    """
    for case in _cases(subject)[-1:]:  # All kinds side by side: to try each alone as well would take long.
        bridge, rows = case.fitted(), case.rows()[:4]
        usual = case.output(bridge, rows)
        for options in case.others():
            try:
                other = case.fitted(**options)
                changed = case.output(other, rows) != usual
            except ModaxferError:  # A refusal of these values for these fields, which makes nothing.
                continue
            if changed and other.identity == bridge.identity:
                fail(
                    f"{case} has one identity for two outputs",
                    got=f"{options} changes what is made and not the identity {bridge.identity}",
                    fix="put every option into the identity",
                )


@check(Level.CONTRACT, "bridge")
def restored_is_what_was_fitted(subject: Subject) -> None:
    """What a bridge learns is plain JSON, has a name in the identity, and makes a new bridge the same.

    A saved run keeps the state, and predicts by it.
    """
    for case in _cases(subject):
        bridge, rows = case.fitted(), case.rows()
        if not isinstance(bridge, FittedBridge):
            skip("it learns nothing from rows")
        twin = case.made()
        twin.restore(json.loads(json.dumps(bridge.state())))
        if twin.identity != bridge.identity or case.output(twin, rows) != case.output(bridge, rows):
            fail(f"{case}, restored, is another", got=[twin.identity, bridge.identity], fix="keep all in state")
        other = case.fitted(_larger(case.rows(seed=1)))
        if case.output(other, rows) != case.output(bridge, rows) and other.identity == bridge.identity:
            fail(
                f"{case} has one identity for what it learned of two sets of rows",
                got=bridge.identity,
                fix="put what was learned into the identity",
            )


@check(Level.CONTRACT, "bridge")
def embedder_keeps_the_mask(subject: Subject) -> None:
    """A trained bridge's module gives as many real tokens as its processor counts, whatever stands in the batch.

    Padding changes no token, the same batch is the same tokens, and every parameter gets a gradient.
    """
    if not subject.spec.trained:
        skip("it has no weights")
    for case in _cases(subject):
        _require_embedder(case)


def _require_embedder(case: BridgeCase) -> None:
    bridge = case.fitted()
    processor = bridge.processor()
    examples = processor(bridge(case.rows()))
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        module = bridge.embedder(WIDTH).eval()
    with torch.no_grad():
        together, again = (module(processor.collate(examples)) for _ in range(2))
        lengths = [processor.length(example) for example in examples]
        if together.mask.sum(1).tolist() != lengths or together.tokens.shape[::2] != (len(examples), WIDTH):
            got = f"{together.mask.sum(1).tolist()} tokens of {together.tokens.shape[-1]} numbers"
            fail(f"{case} embeds another number of tokens than it says", got=got, allowed=f"{lengths} of {WIDTH}")
        if not torch.equal(together.tokens[together.mask], again.tokens[again.mask]):
            fail(f"{case} embeds one batch in two ways", fix="switch dropout off in evaluation mode")
        for row, example in enumerate(examples):
            _require_alone(case, together, row, module(processor.collate([example])))
    hidden = module.train()(processor.collate(examples))
    hidden.tokens[hidden.mask].pow(3).sum().backward()
    if lost := [name for name, one in module.named_parameters() if one.grad is None]:
        fail(f"{case} has parameters that get no gradient", got=lost, fix="leave out what no token depends on")


def _require_alone(case: BridgeCase, together: Hidden, row: int, alone: Hidden) -> None:
    own = together.tokens[row][together.mask[row]]
    gap = float((own - alone.tokens[alone.mask]).abs().max())
    if not gap <= NEAR * max(1.0, float(own.abs().max())):
        fail(f"{case}: padding changes a token", got=f"a difference of {gap:.2g}", fix="look at real values alone")


def _cases(subject: Subject) -> tuple[BridgeCase, ...]:
    return bridge_cases(subject.spec, subject.target())


def _larger(rows: list[Any]) -> list[Any]:
    """Return the rows with other numbers, so that whoever learns scales learns others."""
    return [{**row, "amount": 10 * row["amount"]} if row.get("amount") is not None else row for row in rows]


_RAW = {
    "text": "a tuple of strings, or Words",
    "image": "an RGB PIL.Image.Image",
    "audio": "a Sound of float32 samples",
    "patches": "a PatchStrip of uint8 [patches, side, side, 3]",
}


def _is_raw(value: Any, sink: str) -> bool:
    if sink == "text":
        return isinstance(value, Words) or (isinstance(value, tuple) and all(isinstance(each, str) for each in value))
    if sink == "image":
        return getattr(value, "mode", "") == "RGB"
    if sink == "audio":
        return isinstance(value, Sound) and value.samples.dtype == np.float32 and value.samples.ndim == 1
    if sink == "patches":
        return isinstance(value, PatchStrip) and value.pixels.dtype == np.uint8 and value.pixels.ndim == 4
    return True


def _name(value: Any) -> str:
    return f"{type(value).__name__} {getattr(value, 'mode', '')}".strip()


CHECKS: tuple[Check, ...] = (
    gives_one_value_of_each_row,
    is_deterministic,
    looks_at_each_row_alone,
    identity_names_every_option,
    restored_is_what_was_fitted,
    embedder_keeps_the_mask,
)
