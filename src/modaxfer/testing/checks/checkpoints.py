"""Level 4 of checkpoints: what is asked of tiny encoders, of real weights that are on this machine; none is fetched."""

from __future__ import annotations

from functools import lru_cache

from modaxfer.encoders.checkpoints import resolve
from modaxfer.errors import CheckpointUnavailableError, MissingPackageError
from modaxfer.registry import Entry
from modaxfer.testing.check import Check, Level, check, skip
from modaxfer.testing.checks import encoder_contract as contract
from modaxfer.testing.material.encoder_cases import EncoderCase, opened
from modaxfer.testing.subject import Subject

__all__ = ["CHECKS"]

NEAR = 1e-3
"""States of published weights are large in a few places, where sums in another order differ more."""


@check(Level.WEIGHTS, "checkpoint")
def real_weights_keep_the_contract(subject: Subject) -> None:
    """With real weights sizes are as declared, evaluation is deterministic, and padding, order and cuts change nothing.

    Only what is on this machine is looked at: what a package ships, or what the hub's cache holds.
    """
    for case in _cases(subject):
        contract.require_size(case)
        contract.require_deterministic(case)
        contract.require_padding_free(case, NEAR)
        contract.require_order_free(case, NEAR)
        contract.require_shortest_taken(case)
        contract.require_cuts(case)


@check(Level.WEIGHTS, "checkpoint")
def real_weights_are_kept_when_saved(subject: Subject) -> None:
    """Saved and loaded, real weights say the same, bit by bit.

    A run that trained them is used by its files alone.
    """
    for case in _cases(subject):
        contract.require_kept(case, subject.folder, case.resolved.id)


def _cases(subject: Subject) -> tuple[EncoderCase, ...]:
    assert subject.entry is not None, "checks of a kind are given a thing of that kind"
    return _loaded(subject.entry)


@lru_cache(maxsize=1)  # Checks of a checkpoint follow each other, and its weights may be large.
def _loaded(entry: Entry) -> tuple[EncoderCase, ...]:
    try:
        resolved = resolve(entry.id)
        if not resolved.spec.pretrained:
            skip("it has no weights: what is built from its config is looked at as an encoder")
        return opened(entry.name, resolved)
    except (CheckpointUnavailableError, MissingPackageError) as absent:
        skip(f"its weights are not at hand: {absent}")


CHECKS: tuple[Check, ...] = (real_weights_keep_the_contract, real_weights_are_kept_when_saved)
