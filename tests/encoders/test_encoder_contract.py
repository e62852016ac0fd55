"""One table of architectures x behaviour: what `modaxfer.contracts.Encoder` promises, for every encoder."""

from __future__ import annotations

import copy
import pickle

import pytest
import tiny_models
import torch

from modaxfer.config import EncoderOptions
from modaxfer.contracts import Hidden, pool
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import load_encoder

CASES = [(name, tiny_models.kind_of(name)) for name in tiny_models.CONFIGS]
CASES += [("vit", "patches"), ("dinov2", "patches")]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    cache = {}

    def load(name):
        if name not in cache:
            folder = tmp_path_factory.mktemp(name)
            model = tiny_models.save(name, folder)
            encoder = load_encoder(resolve(str(folder)), options=EncoderOptions(), dropout=0.1, pretrained=True, seed=0)
            cache[name] = encoder, model
        return cache[name]

    return load


def whole(encoder, batch) -> Hidden:
    return encoder.finish(encoder.run(encoder.embed(batch), 0, encoder.depth))


def examples_of(encoder, kind):
    processor = encoder.processor(kind)
    return processor, processor(tiny_models.raws(kind))


@pytest.mark.parametrize(("name", "kind"), CASES)
@torch.no_grad()
def test_cut_anywhere_gives_the_whole(loaded, name, kind):
    encoder, _ = loaded(name)
    processor, examples = examples_of(encoder, kind)
    batch = processor.collate(examples)
    reference = whole(encoder, batch)
    entry = encoder.embed(batch)
    for cut in range(encoder.depth + 1):
        prefix = encoder.run(entry, 0, cut)
        suffix = encoder.finish(encoder.run(prefix, cut, encoder.depth))
        torch.testing.assert_close(suffix.tokens, reference.tokens, rtol=0, atol=0)
    assert reference.tokens.shape == (len(examples), max(map(processor.length, examples)), encoder.hidden_size)
    assert len(encoder.layers) == encoder.depth


@pytest.mark.parametrize(("name", "kind"), CASES)
@pytest.mark.parametrize("pooling", ["cls", "mean", "mean_std"])
@torch.no_grad()
def test_padding_changes_no_pooled_vector(loaded, name, kind, pooling):
    encoder, _ = loaded(name)
    processor, examples = examples_of(encoder, kind)
    together = whole(encoder, processor.collate(examples))
    for row, example in enumerate(examples):
        alone = whole(encoder, processor.collate([example]))
        assert alone.mask.all()
        assert int(together.mask[row].sum()) == processor.length(example)
        torch.testing.assert_close(pool(together, pooling)[row], pool(alone, pooling)[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize(("name", "kind"), CASES)
@torch.no_grad()
def test_half_precision_is_near_to_full(loaded, name, kind):
    encoder, _ = loaded(name)
    processor, examples = examples_of(encoder, kind)
    batch = processor.collate(examples)
    full = pool(whole(encoder, batch), "mean")
    with torch.autocast("cpu", torch.bfloat16):
        mixed = pool(whole(encoder, batch), "mean")
    half = pool(whole(copy.deepcopy(encoder).to(torch.bfloat16), batch), "mean")
    for near in (mixed, half):
        assert near.dtype == torch.float32
        assert not torch.equal(near, full)
        assert torch.nn.functional.cosine_similarity(near, full).min() > 0.99


@pytest.mark.parametrize("name", tiny_models.CONFIGS)
def test_no_tensor_has_two_names(loaded, name):
    encoder, _ = loaded(name)
    tensors = [tensor.data_ptr() for tensor in encoder.state_dict().values()]
    assert len(tensors) == len(set(tensors))


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_processors_travel_to_other_processes(loaded, name, kind):
    encoder, _ = loaded(name)
    processor = encoder.processor(kind)
    assert pickle.loads(pickle.dumps(processor)).identity == processor.identity


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_every_parameter_gets_a_gradient(loaded, name, kind):
    encoder, _ = loaded(name)
    processor, examples = examples_of(encoder, kind)
    encoder.zero_grad()
    hidden = whole(encoder, processor.collate(examples))
    hidden.tokens[hidden.mask].pow(3).sum().backward()
    without = [key for key, parameter in encoder.named_parameters() if parameter.grad is None]
    encoder.zero_grad()
    assert without == []


@pytest.mark.parametrize("name", tiny_models.CONFIGS)
def test_dropout_is_on_hidden_states_and_attention_while_training_only(loaded, name):
    encoder, _ = loaded(name)
    processor, examples = examples_of(encoder, tiny_models.kind_of(name))
    batch = processor.collate(examples)
    quiet = whole(encoder, batch).tokens
    encoder.train()
    noisy, again = whole(encoder, batch).tokens, whole(encoder, batch).tokens
    encoder.eval()
    assert not torch.equal(noisy, again)
    torch.testing.assert_close(whole(encoder, batch).tokens, quiet, rtol=0, atol=0)


@pytest.mark.parametrize("name", tiny_models.CONFIGS)
def test_random_weights_follow_the_seed_and_leave_the_generator_alone(tmp_path, name):
    tiny_models.save(name, tmp_path)
    resolved = resolve(str(tmp_path))

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
    encoder, _ = loaded(name)
    resolved = resolve(str(encoder.origin.folder))
    processor, examples = examples_of(encoder, kind)
    assert (resolved.depth, resolved.hidden_size) == (encoder.depth, encoder.hidden_size)
    assert resolved.layout(kind).kind == kind
    assert max(map(processor.length, examples)) <= resolved.layout(kind).max_tokens
