"""Batches: every row once, like lengths together, the same whatever the number of processes."""

from __future__ import annotations

import numpy as np
import pytest

from modaxfer.runner.rows.batches import ENOUGH_TOKENS, evaluation_batches, micro_batches, most_passes, training_batches

LENGTHS = np.random.default_rng(0).integers(3, 60, size=333)


@pytest.mark.parametrize("batch_size", [1, 7, 32, 1000])
def test_an_epoch_has_every_row_once(batch_size):
    batches = training_batches(LENGTHS, batch_size, seed=0, epoch=0)
    assert sorted(np.concatenate(batches)) == list(range(len(LENGTHS)))
    assert all(1 <= len(batch) <= batch_size for batch in batches)
    assert len(batches) == -(-len(LENGTHS) // batch_size)


def test_order_depends_on_seed_and_epoch_alone():
    def flat(**at: int) -> list[int]:
        return np.concatenate(training_batches(LENGTHS, 8, **at)).tolist()

    assert flat(seed=0, epoch=1) == flat(seed=0, epoch=1)
    assert flat(seed=0, epoch=1) != flat(seed=0, epoch=2)
    assert flat(seed=0, epoch=1) != flat(seed=1, epoch=1)


def test_rows_of_a_batch_are_of_like_length():
    grouped = training_batches(LENGTHS, 16, seed=0, epoch=0)
    padded = sum(LENGTHS[batch].max() * len(batch) for batch in grouped)
    shuffled = np.random.default_rng(0).permutation(len(LENGTHS))
    unsorted = sum(LENGTHS[shuffled[i : i + 16]].max() * len(shuffled[i : i + 16]) for i in range(0, len(LENGTHS), 16))
    assert padded < 0.7 * unsorted


@pytest.mark.parametrize("world", [1, 2, 3])
def test_processes_share_a_step_without_gaps_or_repeats(world):
    rows = np.arange(40, 72)
    shares = [micro_batches(rows, LENGTHS, max_tokens=10**6, rank=rank, world=world) for rank in range(world)]
    assert sorted(np.concatenate([part for share in shares for part in share])) == rows.tolist()


def test_a_pass_keeps_the_token_budget():
    passes = micro_batches(np.arange(333), LENGTHS, max_tokens=200)
    assert all(len(part) == 1 or len(part) * LENGTHS[part].max() <= 200 for part in passes)
    assert sorted(np.concatenate(passes)) == list(range(333))


def test_a_row_over_the_budget_goes_alone():
    assert [part.tolist() for part in micro_batches(np.array([0, 1]), np.array([9, 3]), max_tokens=5)] == [[0], [1]]


def test_accumulation_splits_a_batch():
    assert len(micro_batches(np.arange(32), LENGTHS, max_tokens=10**6, at_least=4)) == 4


def test_fewer_rows_than_processes_leave_some_without_work():
    assert micro_batches(np.array([5]), LENGTHS, max_tokens=100, rank=1, world=2) == []


def test_evaluation_sees_every_row_once_longest_first():
    batches = evaluation_batches(LENGTHS, max_tokens=500)
    assert sorted(np.concatenate(batches)) == list(range(333))
    assert LENGTHS[batches[0][0]] == LENGTHS.max()


def test_a_pass_of_the_evaluation_that_keeps_a_processor_busy_has_little_padding():
    lengths = np.random.default_rng(0).integers(4, 200, 3_000)
    passes = [lengths[rows] for rows in evaluation_batches(lengths, max_tokens=8_192)]
    assert max(rows.max() * len(rows) for rows in passes) <= 8_192
    assert min(rows.max() * len(rows) for rows in passes[:-1]) >= ENOUGH_TOKENS
    assert sum(rows.max() * len(rows) for rows in passes) < 1.1 * lengths.sum()


def test_few_rows_of_any_length_are_evaluated_in_one_pass():
    assert len(evaluation_batches(np.array([100, 4, 30, 7]), max_tokens=8_192)) == 1


@pytest.mark.parametrize("world", [2, 3])
def test_every_process_knows_how_many_passes_the_others_make(world):
    rows = np.arange(0, 40, 3)
    made = [len(micro_batches(rows, LENGTHS, max_tokens=90, rank=rank, world=world)) for rank in range(world)]
    assert most_passes(rows, LENGTHS, max_tokens=90, world=world) == max(made)
    assert min(made) < max(made), "else nothing is said of rows of different lengths"
