"""Level 3 of encoders: a tiny random one of each architecture keeps what `modaxfer.contracts.Encoder` promises."""

from __future__ import annotations

from modaxfer.testing.check import Check, Level, check, skip
from modaxfer.testing.checks import encoder_contract as contract
from modaxfer.testing.material.encoder_cases import cases_of
from modaxfer.testing.subject import Subject

__all__ = ["CHECKS"]


@check(Level.CONTRACT, "encoder")
def size_is_as_declared(subject: Subject) -> None:
    """Depth, width, lengths and layout are what is said before weights are loaded.

    Heads, learning rates by layer and batches of a token budget are made by what is said.
    """
    for case in cases_of(subject):
        contract.require_size(case)


@check(Level.CONTRACT, "encoder")
def rate_is_as_declared(subject: Subject) -> None:
    """Sounds of any rate are heard at the rate that the layout says, for as long as they last.

    What is read at another rate than the one that the weights know is slower and lower than they know it.
    """
    heard = [case for case in cases_of(subject) if case.kind == "audio"]
    if not heard:
        skip("it takes no sound")
    for case in heard:
        contract.require_rate(case)


@check(Level.CONTRACT, "encoder")
def is_deterministic(subject: Subject) -> None:
    """In evaluation mode the same batch has the same states, bit by bit.

    States of a frozen encoder are computed once and kept for every later epoch, run and fold.
    """
    for case in cases_of(subject):
        contract.require_deterministic(case)


@check(Level.CONTRACT, "encoder")
def rows_are_prepared_alone_and_together(subject: Subject) -> None:
    """Its processors make of rows together what they make of each alone, and say of how many that can be asked.

    Rows are prepared in chunks, once, and kept; one of them alone may be predicted later.
    """
    for case in cases_of(subject):
        contract.require_prepared_alone(case)


@check(Level.CONTRACT, "encoder")
def padding_changes_nothing(subject: Subject) -> None:
    """What stands behind a row in a batch changes no state of a real token and no pooled vector.

    Else a score would depend on which rows are batched with which.
    """
    for case in cases_of(subject):
        contract.require_padding_free(case)


@check(Level.CONTRACT, "encoder")
def order_of_rows_changes_nothing(subject: Subject) -> None:
    """What is said of a row does not depend on its place in the batch.

    Batches are made anew each epoch, and rows go to several devices.
    """
    for case in cases_of(subject):
        contract.require_order_free(case)


@check(Level.CONTRACT, "encoder")
def takes_the_shortest_input(subject: Subject) -> None:
    """One word, one pixel, one patch, one sample of sound gives at least one real token, and finite numbers.

    People's files hold such rows, and no run should end at one.
    """
    for case in cases_of(subject):
        contract.require_shortest_taken(case)


@check(Level.CONTRACT, "encoder")
def cuts_long_inputs(subject: Subject) -> None:
    """An input that is longer than the layout allows is cut to it before it reaches the model.

    Position tables end somewhere; what lies behind is an index error in the middle of a run.
    """
    for case in cases_of(subject):
        contract.require_long_inputs_cut(case)


@check(Level.CONTRACT, "encoder")
def gradients_reach_every_parameter(subject: Subject) -> None:
    """Every parameter gets a gradient that is finite and not zero throughout.

    A run asserts that what is to move moves: a parameter that no token depends on would end it.
    """
    for case in cases_of(subject):
        contract.require_gradients(case)


@check(Level.CONTRACT, "encoder")
def cut_anywhere_is_the_whole(subject: Subject) -> None:
    """Layers below and above any cut together are the whole, bit by bit.

    The prefix of a plan that nothing moves comes from the cache, and only the suffix is run.
    """
    for case in cases_of(subject):
        contract.require_cuts(case)


@check(Level.CONTRACT, "encoder")
def saved_is_what_is_loaded(subject: Subject) -> None:
    """An encoder that is saved and loaded says the same, bit by bit.

    A run that trained it is used by its files alone.
    """
    for case in cases_of(subject):
        contract.require_kept(case, subject.folder, subject.id)


@check(Level.CONTRACT, "encoder")
def random_weights_follow_the_seed(subject: Subject) -> None:
    """Random weights are the same by the same seed, others by another, and disturb no other draw.

    A transfer gain is measured against such a twin.
    """
    for case in cases_of(subject):
        contract.require_seeded(case)


CHECKS: tuple[Check, ...] = (
    size_is_as_declared,
    rate_is_as_declared,
    is_deterministic,
    rows_are_prepared_alone_and_together,
    padding_changes_nothing,
    order_of_rows_changes_nothing,
    takes_the_shortest_input,
    cuts_long_inputs,
    gradients_reach_every_parameter,
    cut_anywhere_is_the_whole,
    saved_is_what_is_loaded,
    random_weights_follow_the_seed,
)
