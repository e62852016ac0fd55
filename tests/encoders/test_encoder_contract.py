"""Architectures x behaviour: what of `modaxfer.contracts.Encoder` the conformance kit does not ask of plugins."""

from __future__ import annotations

import copy
import pickle
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

import pytest
import torch

from modaxfer.contracts import pool
from modaxfer.encoders.checkpoints import resolve
from modaxfer.testing.material import tiny_models
from modaxfer.testing.material.encoder_cases import opened, tiny_encoder

RAW = [(name, tiny_models.kind_of(name)) for name in tiny_models.CONFIGS]
RAW += [("vit", "patches"), ("dinov2", "patches"), ("cnn", "image")]
SCRATCH = ["table", "lstm", "cnn"]
ALL = [*tiny_models.CONFIGS, *SCRATCH]
CASES = RAW + [(name, "embeddings") for name in ALL if name != "cnn"]


@cache
def cases(name):
    """Return the encoder, entered in each way that it takes, by kind of input."""
    resolved = resolve(name if name in SCRATCH else str(tiny_encoder(name)))
    return {case.kind: case for case in opened(name, resolved, dropout=0.1)}


@contextmanager
def right_convolutions(encoder):
    """Let torch convolve without oneDNN where its kernel for one of the encoder's layers is wrong in bfloat16.

    On processors with AMX that of torch 2.13 is, for grouped convolutions over time of 4 or 8 channels a group and a
    window of 8 or 16: their outputs have nothing to do with the right ones. The tiny models have such a layer; that of
    published ones has 48 channels a group or more, and is right.
    """
    before = torch._C._get_mkldnn_enabled()
    torch._C._set_mkldnn_enabled(before and all(map(convolves, encoder.modules())))
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(before)


def convolves(module):
    if not isinstance(module, torch.nn.Conv1d) or module.groups == 1:
        return True
    signal = torch.randn(1, module.in_channels, 64, generator=torch.Generator().manual_seed(0))
    full, half = module(signal), copy.deepcopy(module).bfloat16()(signal.bfloat16()).float()
    return torch.nn.functional.cosine_similarity(full.flatten(), half.flatten(), 0) > 0.9


@pytest.mark.parametrize(
    ("dimensions", "channels", "groups", "window"), [(1, 768, 16, 128), (1, 64, 64, 31), (2, 32, 4, 3)]
)
@torch.no_grad()
def test_grouped_convolutions_of_published_sizes_are_right_in_half_precision(dimensions, channels, groups, window):
    kind = {1: torch.nn.Conv1d, 2: torch.nn.Conv2d}[dimensions]
    module = kind(channels, channels, window, padding=window // 2, groups=groups)
    signal = torch.randn(1, channels, *[40] * dimensions, generator=torch.Generator().manual_seed(0))
    half = copy.deepcopy(module).bfloat16()(signal.bfloat16()).float()
    assert torch.nn.functional.cosine_similarity(module(signal).flatten(), half.flatten(), 0) > 0.999


@pytest.mark.parametrize(("name", "kind"), CASES)
@torch.no_grad()
def test_half_precision_is_near_to_full(name, kind):
    with right_convolutions(cases(name)[kind].encoder):
        near_to_full(cases(name)[kind])


def near_to_full(case):
    inputs = case.given()
    full = pool(case.whole(inputs), "mean")
    with torch.autocast("cpu", torch.bfloat16):
        mixed = pool(case.whole(inputs), "mean")
    halved = replace(case, encoder=copy.deepcopy(case.encoder).to(torch.bfloat16))
    half = pool(halved.whole(halved.given()), "mean")
    for near in (mixed, half):
        assert near.dtype == torch.float32
        assert not torch.equal(near, full)
        assert torch.nn.functional.cosine_similarity(near, full).min() > 0.99


@pytest.mark.parametrize("name", ALL)
def test_no_tensor_has_two_names(name):
    (encoder,) = {case.encoder for case in cases(name).values()}
    tensors = [tensor.data_ptr() for tensor in encoder.state_dict().values()]
    assert len(tensors) == len(set(tensors))


@pytest.mark.parametrize(("name", "kind"), RAW)
def test_processors_travel_to_other_processes(name, kind):
    processor = cases(name)[kind].encoder.processor(kind)
    assert pickle.loads(pickle.dumps(processor)).identity == processor.identity


@pytest.mark.parametrize("name", ALL)
def test_dropout_is_on_hidden_states_and_attention_while_training_only(name):
    case = next(iter(cases(name).values()))
    inputs = case.given()
    quiet = case.whole(inputs).tokens
    case.encoder.train()
    noisy, again = case.whole(inputs).tokens, case.whole(inputs).tokens
    case.encoder.eval()
    assert not torch.equal(noisy, again)
    torch.testing.assert_close(case.whole(inputs).tokens, quiet, rtol=0, atol=0)
