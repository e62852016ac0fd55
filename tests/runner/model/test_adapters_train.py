"""Every method, peft's or ours, trains, is saved and loaded, or is refused with a reason before weights are loaded."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from functools import cache

import pytest
import torch
from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

from modaxfer.config import EncoderOptions
from modaxfer.contracts import Readout
from modaxfer.encoders.adapter_layers import OWN
from modaxfer.encoders.adapter_merge import merge_adapter
from modaxfer.encoders.adapter_methods import KINDS
from modaxfer.encoders.adapter_state import adapter_state, load_adapter_state
from modaxfer.encoders.adapters import attach_adapter, rehearse_adapter
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import load_encoder, outline
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.heads.linear import LinearHead
from modaxfer.plan import AdapterSpec, Part, Phase
from modaxfer.runner.model.tower import Tower
from modaxfer.runner.model.transfer import TransferModel
from modaxfer.runner.training.movement import Movement
from modaxfer.strategies.adapter import METHODS as STRATEGY_METHODS
from modaxfer.testing.material import tiny_models
from modaxfer.testing.material.raw_inputs import raws

METHODS = sorted({*OWN, *(str(kind.value).lower() for kind in PEFT_TYPE_TO_CONFIG_MAPPING)})
SMALL = {
    "bottleneck": {"size": 4},
    "c3a": {"block_size": 16},
    "miss": {"r": 4},
    "road": {"group_size": 16},
    "shira": {"r": 2},
    "vblora": {"vector_length": 16, "num_vectors": 20},
    "waveft": {"n_frequency": 20},
}
"""Options that fit layers of 32 numbers."""

STEPS = 4
NOT_FOR_MODULES = "there is no such adapter for single modules"
REFUSED = {
    "adalora": "has to be told of every step",
    "adaption_prompt": "learns tokens that attention reads",
    "cartridge": NOT_FOR_MODULES,
    "cpt": NOT_FOR_MODULES,
    "frod": "takes the weights of all layers apart together",
    "multitask_prompt_tuning": NOT_FOR_MODULES,
    "p_tuning": "see `prompt`",
    "poly": "each row's task",
    "prefix_tuning": "see `prompt`",
    "prompt_tuning": "see `prompt`",
    "shadow": "a network beside the layers",
    "trainable_tokens": "changes an embedding",
    "xlora": NOT_FOR_MODULES,
}
"""What cannot be, with a part of what is said."""

OFFERED = [method.name for method in STRATEGY_METHODS.values()]
EXAMPLES = ("delora", "lora", "shira", "unilora", "vblora", "waveft")
"""What stands for all that users do not choose among: matrices, sparse ones, what layers share, a bank, waves."""

OTHERS = ("vit", "wav2vec2", "whisper")
"""Those that users choose among, and encoders beside BERT.

Each of ours is tried on one of them, and of peft's three; all on all with ``matrix``."""

PHASE = Phase(
    trainable=frozenset({Part.ADAPTER, Part.HEAD}), learning_rates={Part.ADAPTER: 1e-2, Part.HEAD: 1e-2}, epochs=1
)


def spec(method, resolved):
    targets = () if method in KINDS else resolved.spec.adapter_targets
    return AdapterSpec(method=method, targets=targets, options=SMALL.get(method, {}))


@cache
def loaded(folder):
    return load_encoder(resolve(folder), options=EncoderOptions())


def model_of(resolved, adapter):
    encoder = deepcopy(loaded(str(resolved.folder)))  # A tenth of what reading it takes.
    attach_adapter(encoder, adapter)
    torch.manual_seed(1)
    tower = Tower(encoder, Readout(layers=(encoder.depth,)))
    return TransferModel([tower], LinearHead(encoder.hidden_size, 3))


def batch_of(encoder, name):
    kind = tiny_models.kind_of(name)
    processor, given = encoder.processor(kind), raws(kind)
    if kind == "audio":  # A tenth of a second: attention to all of a sound would take most of the time here.
        given = [replace(sound, samples=sound.samples[: 1600 + 160 * row]) for row, sound in enumerate(given)]
    return processor.collate(processor(given))


def check_that_it_trains(name, method, tiny):
    resolved = resolve(str(tiny(name)))
    adapter = spec(method, resolved)
    rehearse_adapter(outline(resolved), adapter)
    torch.manual_seed(0)
    model = model_of(resolved, adapter)
    trainable, movement = model.set_trainable(PHASE), Movement(model)
    adapted = [parameter for parameter in trainable.values() if parameter.part is Part.ADAPTER]
    assert len(adapted) == len(model.encoder.adapter_parameters) > 0
    optimiser, batch = torch.optim.AdamW(model.parameters(), lr=1e-2), batch_of(model.encoder, name)
    model.train()
    for _ in range(STEPS):
        logits = model(batch)
        torch.nn.functional.cross_entropy(logits, torch.arange(len(logits)) % 3).backward()
        optimiser.step()
        optimiser.zero_grad()
    movement.check(model, STEPS)
    torch.manual_seed(0)
    twin = model_of(resolved, adapter)
    load_adapter_state(twin.encoder, adapter_state(model.encoder))
    twin.head.load_state_dict(model.head.state_dict())
    with torch.no_grad():
        logits = model.eval()(batch)
        torch.testing.assert_close(twin.eval()(batch), logits, rtol=0, atol=1e-5)
        check_that_it_merges(twin, batch, logits, 1e-5 if method in OFFERED else 5e-5)


def check_that_it_merges(model, batch, logits, near):
    try:
        merge_adapter(model.encoder)
    except RefusedError:
        return
    torch.testing.assert_close(model(batch), logits, rtol=0, atol=near)  # sums in another order


@pytest.fixture(scope="module")
def two_layers(tmp_path_factory):
    """Return a function to a folder with a BERT of two layers: what a method shares between layers, it shares there."""
    folder = tmp_path_factory.mktemp("models") / "bert"
    tiny_models.save("bert", folder, num_hidden_layers=2)
    return lambda name: folder


@pytest.mark.filterwarnings("ignore:Sparse invariant checks:UserWarning")  # of torch, at shira's sparse matrices
@pytest.mark.parametrize(
    "method",
    [
        pytest.param(method, marks=() if method in (*OFFERED, *EXAMPLES) else pytest.mark.slow)
        for method in METHODS
        if method not in REFUSED
    ],
)
def test_it_moves_is_saved_and_predicts_the_same_when_loaded(method, two_layers):
    check_that_it_trains("bert", method, two_layers)


@pytest.mark.parametrize(
    ("name", "method"),
    [
        pytest.param(
            name,
            method,
            marks=() if place == (number if method not in OWN else number % len(OTHERS)) else pytest.mark.matrix,
        )
        for number, method in enumerate(OFFERED)
        for place, name in enumerate(OTHERS)
    ],
)
def test_it_trains_in_other_encoders_too(name, method, tiny):
    check_that_it_trains(name, method, tiny)


@pytest.mark.parametrize("method", REFUSED)
def test_what_cannot_be_is_refused_with_its_reason_before_weights_are_loaded(method, tiny):
    assert method in METHODS
    resolved = resolve(str(tiny("bert")))
    with pytest.raises((RefusedError, ConfigError), match=REFUSED[method]):
        rehearse_adapter(outline(resolved), AdapterSpec(method=method, targets=resolved.spec.adapter_targets))


def test_options_that_do_not_fit_the_layers_are_refused_with_its_reason(tiny):
    resolved = resolve(str(tiny("bert")))
    with pytest.raises(RefusedError, match=r"cannot attach c3a.*block size should be a factor of the input size"):
        rehearse_adapter(outline(resolved), AdapterSpec(method="c3a", targets=resolved.spec.adapter_targets))


def test_what_all_layers_share_moves_from_the_lowest_on(tiny):
    resolved = resolve(str(tiny("bert")))
    model = model_of(resolved, spec("unilora", resolved))
    (shared,) = [parameter for parameter in model.set_trainable(PHASE).values() if parameter.part is Part.ADAPTER]
    assert shared.layer == 0
