"""Each check of bridges finds the broken twin that is made for it."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest
import torch
from torch import nn

from made_subjects import subject_of
from modaxfer.config import documented
from modaxfer.contracts import Hidden
from modaxfer.spec import BridgeSpec
from modaxfer.testing import CheckFailedError, CheckSkippedError
from modaxfer.testing.checks import bridges
from modaxfer.testing.checks.bridges import CHECKS


class Upper:
    """Text in capitals: what every check passes."""

    def __init__(self, options, fields, layout, root):
        self.options, self.name = options, fields[0].name
        self.identity = f"upper:{self.name}"

    def __call__(self, rows):
        return [(row[self.name].upper(),) for row in rows]


class Short(Upper):
    def __call__(self, rows):
        return super().__call__(rows)[:-1]


class Bytes(Upper):
    def __call__(self, rows):
        return [row[self.name].encode() for row in rows]


class Drawn(Upper):
    def __call__(self, rows):
        return [(f"{text} {random.random()}",) for (text,) in super().__call__(rows)]


class Numbered(Upper):
    def __init__(self, *given):
        super().__init__(*given)
        self.identity = str(id(self))


class Neighbours(Upper):
    def __call__(self, rows):
        return [(f"{text} {len(rows)}",) for (text,) in super().__call__(rows)]


class Careless(Upper):
    def __call__(self, rows):
        made = super().__call__(rows)
        rows[0][self.name] = "gone"
        return made


@dataclass(frozen=True, kw_only=True)
class Options:
    times: int = documented(2, "How often.", minimum=1)


class Silent(Upper):
    """Its option changes what is made, and not the identity."""

    def __call__(self, rows):
        return [(text * self.options.times,) for (text,) in super().__call__(rows)]


class Learned(Upper):
    """Knows the first word of the first training row."""

    word = ""

    def fit(self, rows, targets):
        self.word = rows[0][self.name]
        self.identity = f"learned:{self.word}"

    def state(self):
        return {"word": self.word}

    def restore(self, state):
        self.word = state["word"]
        self.identity = f"learned:{self.word}"

    def __call__(self, rows):
        return [(text + self.word,) for (text,) in super().__call__(rows)]


class Forgetful(Learned):
    def restore(self, state):
        self.identity = f"learned:{state['word']}"


class Nameless(Learned):
    def fit(self, rows, targets):
        super().fit(rows, targets)
        self.identity = "learned"

    def restore(self, state):
        super().restore(state)
        self.identity = "learned"


class Letters:
    """A processor that counts letters."""

    identity = "letters"

    def __call__(self, raws):
        return [{"letters": torch.tensor([ord(letter) % 8 for letter in text]).numpy()} for (text,) in raws]

    def length(self, example):
        return len(example["letters"])

    def collate(self, examples):
        rows = [torch.from_numpy(example["letters"]) for example in examples]
        return {
            "letters": nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=8),
            "mask": nn.utils.rnn.pad_sequence([torch.ones(len(row), dtype=torch.bool) for row in rows], True),
        }


class Table(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.table = nn.Embedding(9, width)

    def forward(self, batch):
        return Hidden(self.table(batch["letters"]), batch["mask"])


class Embedding(Upper):
    module = Table

    def processor(self):
        return Letters()

    def embedder(self, width):
        return self.module(width)


class WithoutMask(Embedding):
    class module(Table):
        def forward(self, batch):
            return Hidden(self.table(batch["letters"]), torch.ones_like(batch["mask"]))


class Mixing(Embedding):
    class module(Table):
        def forward(self, batch):
            made = super().forward(batch)
            return Hidden(made.tokens + made.tokens.mean((0, 1)), made.mask)


class Noisy(Embedding):
    class module(Table):
        def forward(self, batch):
            made = super().forward(batch)
            return Hidden(made.tokens + torch.rand_like(made.tokens), made.mask)


class Idle(Embedding):
    class module(Table):
        def __init__(self, width):
            super().__init__(width)
            self.spare = nn.Parameter(torch.ones(1))


def subject(code, **spec):
    given = {"name": code.__name__.lower(), "source": "text", "sink": "text", "target": "twin:Bridge", **spec}
    return subject_of("bridge", BridgeSpec(**given), code)


OWN = {"options": f"{__name__}:Options"}
BODY = {"sink": "embeddings", "trained": True}


@pytest.mark.parametrize(
    ("code", "spec"), [(Upper, {}), (Learned, {}), (Embedding, BODY)], ids=["plain", "learns", "trained"]
)
def test_a_sound_bridge_passes(code, spec):
    for check in CHECKS:
        try:
            check.run(subject(code, **spec))
        except CheckSkippedError:
            continue


@pytest.mark.parametrize(
    ("check", "code", "spec", "message"),
    [
        (bridges.gives_one_value_of_each_row, Short, {}, r"does not give one value of each row\. Got: 11 of 12 rows"),
        (
            bridges.gives_one_value_of_each_row,
            Bytes,
            {},
            r"its sink does not take\. Got: bytes\. Allowed: a tuple of str",
        ),
        (bridges.is_deterministic, Drawn, {}, r"makes different values of the same rows\. Fix: draw nothing at random"),
        (bridges.is_deterministic, Numbered, {}, r"has no identity that stays"),
        (bridges.looks_at_each_row_alone, Neighbours, {}, r"something else of a row when others stand beside it"),
        (bridges.looks_at_each_row_alone, Careless, {}, r"changes the rows that it is given\. Fix: work on a copy"),
        (bridges.identity_names_every_option, Silent, OWN, r"one identity for two outputs\. Got: {'times': 3} changes"),
        (bridges.restored_is_what_was_fitted, Forgetful, {}, r"restored, is another.*Fix: keep all in state"),
        (bridges.restored_is_what_was_fitted, Nameless, {}, r"one identity for what it learned of two sets of rows"),
        (bridges.embedder_keeps_the_mask, WithoutMask, BODY, r"embeds another number of tokens than it says"),
        (bridges.embedder_keeps_the_mask, Mixing, BODY, r"padding changes a token"),
        (bridges.embedder_keeps_the_mask, Noisy, BODY, r"embeds one batch in two ways"),
        (bridges.embedder_keeps_the_mask, Idle, BODY, r"parameters that get no gradient\. Got: spare"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_broken_bridge_is_found_out(check, code, spec, message):
    with pytest.raises(CheckFailedError, match=message):
        check.run(subject(code, **spec))
