"""One table of architectures x behaviour: what `modaxfer.contracts.Encoder` promises, for every encoder."""

from __future__ import annotations

import copy
import pickle
from contextlib import contextmanager

import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from modaxfer.config import EncoderOptions
from modaxfer.contracts import Hidden, pool
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import load_encoder
from modaxfer.testing import tiny_models
from modaxfer.testing.raw_inputs import raws

RAW = [(name, tiny_models.kind_of(name)) for name in tiny_models.CONFIGS]
RAW += [("vit", "patches"), ("dinov2", "patches"), ("cnn", "image")]
SCRATCH = ["table", "lstm", "cnn"]
ALL = [*tiny_models.CONFIGS, *SCRATCH]
CASES = RAW + [(name, "embeddings") for name in ALL if name != "cnn"]
LENGTHS = (3, 7, 12)
"""Tokens of embedded content."""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    cache = {}

    def load(name):
        if name not in cache:
            folder = name
            if name not in SCRATCH:
                folder = tmp_path_factory.mktemp(name)
                tiny_models.save(name, folder)
            resolved = resolve(str(folder))
            encoder = load_encoder(resolved, options=EncoderOptions(), dropout=0.1, pretrained=True, seed=0)
            cache[name] = encoder, resolved
        return cache[name]

    return load


def content(encoder):
    """Return embedded content of several lengths, and noise to pad it with."""
    generator = torch.Generator().manual_seed(0)
    dtype = next(encoder.parameters()).dtype
    made = [torch.randn(length, encoder.hidden_size, generator=generator).to(dtype) for length in LENGTHS]
    return made, torch.randn(len(made), max(LENGTHS), encoder.hidden_size, generator=generator).to(dtype)


def given(encoder, kind, rows=slice(None)):
    """Return a few raw inputs as a batch, or as many pieces of embedded content."""
    if kind != "embeddings":
        processor = encoder.processor(kind)
        return processor.collate(processor(raws(kind))[rows])
    pieces, noise = content(encoder)
    pieces = pieces[rows]
    mask = pad_sequence([torch.ones(len(piece), dtype=torch.bool) for piece in pieces], batch_first=True)
    tokens = pad_sequence(pieces, batch_first=True)
    return Hidden(torch.where(mask[..., None], tokens, noise[: len(pieces), : mask.shape[1]]), mask)


def begin(encoder, inputs) -> Hidden:
    return encoder.embed_tokens(inputs) if isinstance(inputs, Hidden) else encoder.embed(inputs)


def lengths_of(encoder, kind):
    if kind != "embeddings":
        processor = encoder.processor(kind)
        return [processor.length(example) for example in processor(raws(kind))]
    class_tokens = begin(encoder, given(encoder, kind)).tokens.shape[1] - max(LENGTHS)
    return [length + class_tokens for length in LENGTHS]


def whole(encoder, inputs) -> Hidden:
    return encoder.finish(encoder.run(begin(encoder, inputs), 0, encoder.depth))


@pytest.mark.parametrize(("name", "kind"), CASES)
@torch.no_grad()
def test_cut_anywhere_gives_the_whole(loaded, name, kind):
    encoder, _ = loaded(name)
    inputs = given(encoder, kind)
    reference, start = whole(encoder, inputs), begin(encoder, inputs)
    for cut in range(encoder.depth + 1):
        prefix = encoder.run(start, 0, cut)
        suffix = encoder.finish(encoder.run(prefix, cut, encoder.depth))
        torch.testing.assert_close(suffix.tokens, reference.tokens, rtol=0, atol=0)
    lengths = lengths_of(encoder, kind)
    assert reference.tokens.shape == (len(lengths), max(lengths), encoder.hidden_size)
    assert len(encoder.layers) == encoder.depth


@pytest.mark.parametrize(("name", "kind"), CASES)
@torch.no_grad()
def test_padding_changes_no_state_and_no_pooled_vector(loaded, name, kind):
    encoder, _ = loaded(name)
    together = whole(encoder, given(encoder, kind))
    for row, length in enumerate(lengths_of(encoder, kind)):
        alone = whole(encoder, given(encoder, kind, slice(row, row + 1)))
        assert alone.mask.all()
        assert int(together.mask[row].sum()) == length
        torch.testing.assert_close(together.tokens[row, :length], alone.tokens[0], rtol=0, atol=1e-5)
        for pooling in ("cls", "mean", "mean_std"):
            torch.testing.assert_close(pool(together, pooling)[row], pool(alone, pooling)[0], rtol=0, atol=1e-5)


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
def test_half_precision_is_near_to_full(loaded, name, kind):
    encoder, _ = loaded(name)
    with right_convolutions(encoder):
        near_to_full(encoder, kind)


def near_to_full(encoder, kind):
    inputs = given(encoder, kind)
    full = pool(whole(encoder, inputs), "mean")
    with torch.autocast("cpu", torch.bfloat16):
        mixed = pool(whole(encoder, inputs), "mean")
    halved = copy.deepcopy(encoder).to(torch.bfloat16)
    half = pool(whole(halved, given(halved, kind)), "mean")
    for near in (mixed, half):
        assert near.dtype == torch.float32
        assert not torch.equal(near, full)
        assert torch.nn.functional.cosine_similarity(near, full).min() > 0.99


@pytest.mark.parametrize("name", ALL)
def test_no_tensor_has_two_names(loaded, name):
    encoder, _ = loaded(name)
    tensors = [tensor.data_ptr() for tensor in encoder.state_dict().values()]
    assert len(tensors) == len(set(tensors))


@pytest.mark.parametrize(("name", "kind"), RAW)
def test_processors_travel_to_other_processes(loaded, name, kind):
    encoder, _ = loaded(name)
    processor = encoder.processor(kind)
    assert pickle.loads(pickle.dumps(processor)).identity == processor.identity


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_every_parameter_gets_a_gradient(loaded, name, kind):
    encoder = copy.deepcopy(loaded(name)[0])
    if kind == "embeddings":
        encoder.drop_front()
    hidden = whole(encoder, given(encoder, kind))
    hidden.tokens[hidden.mask].pow(3).sum().backward()
    without = [key for key, parameter in encoder.named_parameters() if parameter.grad is None]
    assert without == []
    still = [key for key, parameter in encoder.named_parameters() if not parameter.grad.any()]
    assert [key for key in still if not key.endswith(("key.bias", "k_proj.bias"))] == []


@pytest.mark.parametrize("name", ALL)
def test_dropout_is_on_hidden_states_and_attention_while_training_only(loaded, name):
    encoder, resolved = loaded(name)
    inputs = given(encoder, resolved.spec.inputs[0].kind)
    quiet = whole(encoder, inputs).tokens
    encoder.train()
    noisy, again = whole(encoder, inputs).tokens, whole(encoder, inputs).tokens
    encoder.eval()
    assert not torch.equal(noisy, again)
    torch.testing.assert_close(whole(encoder, inputs).tokens, quiet, rtol=0, atol=0)


@pytest.mark.parametrize("name", ALL)
def test_random_weights_follow_the_seed_and_leave_the_generator_alone(loaded, name):
    _, resolved = loaded(name)

    def build(seed):
        before = torch.get_rng_state()
        encoder = load_encoder(resolved, options=EncoderOptions(), dropout=0.0, pretrained=False, seed=seed)
        assert torch.equal(before, torch.get_rng_state())
        assert encoder.sha256 is None
        return torch.cat([parameter.flatten() for parameter in encoder.parameters()])

    assert torch.equal(build(3), build(3))
    assert not torch.equal(build(3), build(4))


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_what_resolve_says_of_the_size_is_what_is_loaded(loaded, name, kind):
    encoder, resolved = loaded(name)
    assert (resolved.depth, resolved.hidden_size) == (encoder.depth, encoder.hidden_size)
    assert kind in [signal.kind for signal in resolved.spec.inputs]
    layout = resolved.layout(kind)
    assert layout.kind == kind
    longest = max(LENGTHS) if kind == "embeddings" else max(lengths_of(encoder, kind))
    assert longest <= layout.max_tokens
