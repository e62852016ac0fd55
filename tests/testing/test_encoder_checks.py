"""Each check of encoders finds the broken twin that is made for it."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from modaxfer.contracts import Hidden
from modaxfer.encoders.checkpoints import resolve
from modaxfer.testing import CheckFailedError
from modaxfer.testing.checks import encoder_contract
from modaxfer.testing.material.encoder_cases import opened, tiny_encoder


@pytest.fixture(scope="module")
def sound():
    """A tiny BERT, entered by text."""
    return opened("bert", resolve(str(tiny_encoder("bert"))), dropout=0.1)[0]


@pytest.fixture
def twin(sound):
    """A copy to break; its methods can be replaced."""
    return replace(sound, encoder=copy.deepcopy(sound.encoder))


def instead(case, method, change):
    """Let what `method` returns be changed."""
    before = getattr(case.encoder, method)
    setattr(case.encoder, method, lambda *given: change(before(*given), *given))


class Counting:
    """A processor that says another length."""

    def __init__(self, inner, length):
        self.inner, self.said, self.collate = inner, length, inner.collate

    def __call__(self, raws):
        return self.inner(raws)

    def length(self, example):
        return self.said


def size(case):
    case.encoder.hidden_size = 31


def length(case):
    instead(case, "processor", lambda made, kind: Counting(made, 3))


def noisy(case):
    case.encoder.train()


class Padding(Counting):
    """A processor that pads rows to the longest of those that it is given."""

    def __call__(self, raws):
        made = self.inner(raws)
        most = max(len(one["input_ids"]) for one in made)
        return [{name: np.pad(value, (0, most - len(value))) for name, value in one.items()} for one in made]


class Countless(Counting):
    """A processor that takes no rows at once."""

    identity, rows_at_once = "countless", 0


def padding(case):
    instead(case, "processor", lambda made, kind: Padding(made, 3))


def countless(case):
    instead(case, "processor", lambda made, kind: Countless(made, 3))


def deaf_to_the_mask(case):
    before = case.encoder.run
    case.encoder.run = lambda hidden, *ends: Hidden(
        before(Hidden(hidden.tokens, torch.ones_like(hidden.mask)), *ends).tokens, hidden.mask
    )


def without_padding(case):
    instead(case, "embed", lambda made, batch: Hidden(made.tokens, torch.ones_like(made.mask)))


def numbered(case):
    place = lambda made: torch.arange(len(made.tokens))[:, None, None]  # noqa: E731
    instead(case, "finish", lambda made, hidden: Hidden(made.tokens + place(made), made.mask))


def speechless(case):
    instead(case, "finish", lambda made, hidden: Hidden(made.tokens / 0, made.mask))


def endless(case):
    instead(case, "processor", lambda made, kind: Counting(made, 1000))


def idle(case):
    case.encoder.spare = nn.Parameter(torch.ones(1))


def dammed(case):
    instead(case, "embed", lambda made, batch: Hidden(made.tokens.detach(), made.mask))


def uncuttable(case):
    instead(case, "run", lambda made, *given: Hidden(1.1 * made.tokens, made.mask))


BROKEN = [
    ("size", size, r"bert entered by text: hidden_size are not as declared\. Got: 31\. Allowed: 32"),
    ("size", length, r"tokens of each row that enter layer 0 are not as declared\. Got: .*Allowed: 3, 3, 3"),
    ("deterministic", noisy, r"says different things of the same batch.*Fix: switch dropout"),
    ("prepared_alone", padding, r"prepares row 0 in another way beside others\. Got: another .*input_ids.* than alone"),
    (
        "prepared_alone",
        countless,
        r"says of no number of rows .*Got: rows_at_once=0.*Allowed: a whole number, 1 or more",
    ),
    ("padding_free", deaf_to_the_mask, r"padding changes a state\. Got: a difference.*hand the mask to attention"),
    ("padding_free", without_padding, r"has a wrong mask in row 0\. Got: \d+ real tokens in the batch"),
    ("order_free", numbered, r"the order of rows changes a state"),
    ("shortest_taken", speechless, r"makes nothing of the shortest input\. Got: .* numbers not finite"),
    ("long_inputs_cut", endless, r"takes more tokens than its layout says\. Got: 1000 tokens.*Allowed: at most 64"),
    ("gradients", idle, r"has parameters that get no gradient\. Got: spare"),
    ("gradients", dammed, r"has parameters that get no gradient\. Got: .*embeddings"),
    ("cuts", uncuttable, r"cut before layer 0, is not the whole.*Fix: let run do layers start \.\.\. stop - 1"),
]


@pytest.mark.parametrize(("check", "damage", "message"), BROKEN, ids=[damage.__name__ for _, damage, _ in BROKEN])
def test_a_broken_encoder_is_found_out(sound, twin, check, damage, message):
    require = getattr(encoder_contract, f"require_{check}")
    require(sound)
    damage(twin)
    with pytest.raises(CheckFailedError, match=message):
        require(twin)


class Hearing:
    """A processor that prepares in another way, or says another rate."""

    def __init__(self, inner, call, rate):
        self.call, self.rate, self.length = call, rate, inner.length

    def __call__(self, raws):
        return self.call(raws)


def deaf_to_rates(case):
    def deaf(made, kind):
        return Hearing(made, lambda raws: made([replace(raw, rate=made.rate) for raw in raws]), made.rate)

    instead(case, "processor", deaf)


def of_another_rate(case):
    instead(case, "processor", lambda made, kind: Hearing(made, made, 8000))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (deaf_to_rates, r"hears a sound of another rate at another speed\. Got: .*samples_of, from modaxfer\.encoders"),
        (of_another_rate, r"hears at another rate than its layout says\. Got: 8000 Hz\. Allowed: rate=16000"),
    ],
)
def test_an_encoder_that_hears_at_another_rate_is_found_out(damage, message):
    heard = opened("wav2vec2", resolve(str(tiny_encoder("wav2vec2"))))[0]
    encoder_contract.require_rate(heard)
    damage(twin := replace(heard, encoder=copy.copy(heard.encoder)))
    with pytest.raises(CheckFailedError, match=message):
        encoder_contract.require_rate(twin)


def test_an_encoder_that_forgets_a_tensor_when_saved_is_found_out(twin, tmp_path):
    def forgetful(folder):
        with torch.no_grad():
            next(twin.encoder.layers[0].parameters()).zero_()
        type(twin.encoder).save(twin.encoder, folder)

    sound = replace(twin, encoder=copy.deepcopy(twin.encoder))
    twin.encoder.save = forgetful
    reference = sound.encoder

    class Saved:
        def __getattr__(self, name):
            return getattr(twin.encoder if name == "save" else reference, name)

    with pytest.raises(CheckFailedError, match=r"saved and loaded, is another.*write every parameter and buffer"):
        encoder_contract.require_kept(replace(twin, encoder=Saved()), tmp_path, "modaxfer/bert")


@pytest.mark.parametrize(
    ("seeds", "message"),
    [(lambda seed: 0, "the same by another seed"), (lambda seed: None, "other weights by the same seed")],
    ids=["one for all", "none"],
)
def test_random_weights_without_a_seed_are_found_out(sound, monkeypatch, seeds, message):
    def drawn(*given, seed, **other):
        if (own := seeds(seed)) is not None:
            torch.manual_seed(own)
        return nn.Linear(2, 2)

    monkeypatch.setattr(encoder_contract, "load_encoder", drawn)
    with torch.random.fork_rng(), pytest.raises(CheckFailedError, match=rf"do not follow the seed\. Got: {message}"):
        encoder_contract.require_seeded(sound)


def test_an_encoder_that_moves_the_generator_is_found_out(sound, monkeypatch):
    def drawn(*given, seed, **other):
        torch.manual_seed(seed)
        return nn.Linear(2, 2)

    monkeypatch.setattr(encoder_contract, "load_encoder", drawn)
    with torch.random.fork_rng(), pytest.raises(CheckFailedError, match=r"moves torch's generator.*Fix: fork it"):
        encoder_contract.require_seeded(sound)
