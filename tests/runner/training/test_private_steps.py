"""Gradients of single rows, of a batch at once and one by one; and the noisy mean that is left of them."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import torch

from modaxfer.config import RunConfig
from modaxfer.plan import Privacy, Role
from modaxfer.privacy.clipping import clipped_sum
from modaxfer.runner.training.checkpoint import Checkpoints
from modaxfer.runner.training.feed import Moment
from modaxfer.runner.training.losses import PhaseLosses
from modaxfer.runner.training.private import PrivateSteps
from modaxfer.runner.training.row_gradients import batch_gradients, single_gradients
from modaxfer.runner.training.step import StepModule
from modaxfer.runner.training.streams import StreamRows, open_streams
from modaxfer.runner.training.trainable import trainable_parameters

START = Moment(0, 0)
ROWS = np.arange(4)


def opened_phase(opened, folder, encoder, strategy, data, **changes):
    request = RunConfig(encoder=(encoder,), strategy=strategy, device="cpu", precision="fp32", **data, **changes)
    (session,), (resolved,), _ = opened(request)
    (phase,) = resolved.plan.phases
    sessions = {(Role.TARGET, 0): session}
    moving = trainable_parameters([session], phase)
    # Adapters begin at zero, where half of them have no gradient.
    with torch.no_grad():
        for number, one in enumerate(moving.values()):
            one.tensor.add_(0.1 * torch.randn(one.tensor.shape, generator=torch.Generator().manual_seed(number)))
    losses = PhaseLosses(phase, sessions, 0, Checkpoints(folder), {})
    (stream,) = open_streams(phase, sessions, losses.terms).values()
    return session, StepModule([session.model], losses.terms, losses.combiner).eval(), moving, stream


def parameters_of(module, moving):
    wanted = {id(one.tensor) for one in moving.values()}
    return {name: one for name, one in module.named_parameters() if id(one) in wanted}


def gradients(module, moving, stream):
    """Gradients of the rows at once, and one by one."""
    own, run = parameters_of(module, moving), lambda chunks: module(chunks, 0.0)
    together = batch_gradients(module, run, stream.chunk(StreamRows(stream.name, ROWS, 1.0), ROWS, START), own)
    chunks = [stream.chunk(StreamRows(stream.name, ROWS[[row]], 1.0), ROWS, START) for row in ROWS]
    return together, [single_gradients(run, chunk, own) for chunk in chunks]


def promised(rows, noise_multiplier, clip_norm):
    """Steps of eight rows in expectation."""
    told = {"epsilon": 1.0, "delta": 1e-3, "sampling_rate": 8 / rows, "steps": 1, "rows": rows}
    return Privacy(noise_multiplier=noise_multiplier, clip_norm=clip_norm, **told)


def tensors():
    """How many there are, and how many numbers they have."""
    there = [one for one in gc.get_objects() if isinstance(one, torch.Tensor)]
    return len(there), sum(one.numel() for one in there)


@pytest.mark.parametrize(("encoder", "kind"), [("bert", "text"), ("vit", "image")])
def test_rows_of_a_batch_have_the_gradients_that_each_has_alone(
    encoder, kind, tiny, own_rows, opened, tmp_path
) -> None:
    _, module, moving, stream = opened_phase(opened, tmp_path, str(tiny(encoder)), "lora", own_rows(kind))
    together, alone = gradients(module, moving, stream)
    assert together is not None
    assert any("lora_A" in name for name in together)
    assert len(together) == len(moving)
    for name, found in together.items():
        expected = torch.cat([own[name] for own in alone])
        assert expected.abs().max() > 0, name
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5, msg=name)


def test_what_no_layer_can_tell_by_row_is_left_to_rows_one_by_one(tiny, own_rows, opened, tmp_path) -> None:
    """Position embeddings of BERT are looked up once for a whole batch."""
    _, module, moving, stream = opened_phase(opened, tmp_path, str(tiny("bert")), "full", own_rows("text"))
    together, alone = gradients(module, moving, stream)
    assert together is None
    assert {name for own in alone for name in own} == {*parameters_of(module, moving)}


@pytest.fixture
def head(tiny, own_rows, opened, tmp_path):
    """A head over a frozen body, and steps of it at another noise."""
    data = own_rows("text")
    session, module, moving, stream = opened_phase(opened, tmp_path, str(tiny("bert")), "frozen", data, private=1.0)

    def steps(noise_multiplier, clip_norm=1.0):
        privacy = promised(len(stream.lengths), noise_multiplier, clip_norm)
        return PrivateSteps(session, privacy, module, moving, stream, 0, Checkpoints(tmp_path))

    return module, moving, stream, steps


def test_a_step_is_the_sum_of_what_was_cut_over_the_rows_expected(head) -> None:
    module, moving, stream, steps = head
    own = parameters_of(module, moving)
    steps(1e-9, clip_norm=0.01)(ROWS, START, 0, 0.0)
    _, alone = gradients(module, moving, stream)
    stacked = {name: torch.cat([each[name] for each in alone]) for name in own}
    for name, total in clipped_sum(stacked, 0.01).items():
        torch.testing.assert_close(own[name].grad, total / 8, rtol=1e-4, atol=1e-8)


def test_rows_that_fill_up_a_batch_add_nothing_and_a_step_leaves_its_mean_alone(
    tiny, own_rows, opened, tmp_path
) -> None:
    data = own_rows("text")
    session, module, moving, stream = opened_phase(opened, tmp_path, str(tiny("bert")), "lora", data, private=1.0)
    own = parameters_of(module, moving)
    draw = PrivateSteps(
        session, promised(len(stream.lengths), 1e-9, 0.01), module, moving, stream, 0, Checkpoints(tmp_path)
    )
    draw(np.arange(3), START, 0, 0.0)
    gc.collect()
    before = tensors()
    draw(ROWS, START, 1, 0.0)
    assert tensors() == before
    _, alone = gradients(module, moving, stream)
    stacked = {name: torch.cat([each[name] for each in alone]) for name in own}
    for name, total in clipped_sum(stacked, 0.01).items():
        torch.testing.assert_close(own[name].grad, total / 8, rtol=1e-3, atol=1e-7)


def test_a_step_that_chance_has_left_empty_is_noise(head) -> None:
    module, moving, _, steps = head
    own, draw = parameters_of(module, moving), steps(4.0, clip_norm=0.5)
    drawn = []
    for step in range(60):
        draw(ROWS[:0], START, step, 0.0)
        drawn += [one.grad.flatten() for one in own.values()]
    assert float(torch.cat(drawn).std()) == pytest.approx(4.0 * 0.5 / 8, rel=0.05)


def test_the_secret_is_new_in_each_run_and_found_again_by_a_resumed_one(head, tmp_path) -> None:
    _, _, _, steps = head
    first = steps(1.0)
    assert steps(1.0).seed == first.seed
    (tmp_path / "secret.safetensors").unlink()
    assert steps(1.0).seed != first.seed
