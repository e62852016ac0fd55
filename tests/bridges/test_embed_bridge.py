from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import torch
from embed_made import WIDTH, batch_of, embedded, fields, fitted, png, prepared, unfitted, wav

from modaxfer.bridges.embed import EmbedBridge, EmbedOptions
from modaxfer.config import build
from modaxfer.contracts import AlignedBridge, Alignment, FittedBridge, InputLayout, Processor
from modaxfer.errors import ConfigError, MissingPackageError, RefusedError
from modaxfer.registry import load_target, registry
from modaxfer.spec import Field, Signal

EVERY = fields(words="text", photo="image", age="table", clip="audio", more="text", city="table", second="image")


def every_row(seed: int, words: str = "a short text", seconds: float = 0.3) -> dict[str, object]:
    return {
        "words": words,
        "more": "the court held",
        "photo": png(8, seed),
        "second": png(8, seed + 100),
        "clip": wav(seconds, seed),
        "age": float(seed) if seed % 3 else None,
        "city": ("Rome", "Oslo", None)[seed % 3],
    }


ROWS = [every_row(seed) for seed in range(1, 12)] + [every_row(12, "a much longer text than all others", 0.8)]


@pytest.fixture(scope="module")
def bridge() -> EmbedBridge:
    return fitted(ROWS, EVERY, tokens=128)


def test_the_registry_names_a_bridge_that_is_fitted_and_trained(bridge) -> None:
    spec = registry().get("bridge", "embed").spec
    assert load_target(spec.target) is EmbedBridge
    assert load_target(spec.options) is EmbedOptions
    assert isinstance(bridge, AlignedBridge)
    assert isinstance(bridge, FittedBridge)
    assert isinstance(bridge.processor(), Processor)


def test_options_come_from_plain_values() -> None:
    options = build(EmbedOptions, {"units": "bytes", "select": "4", "align": "mmd", "proxy": "sst2"}, "bridge.")
    assert (options.units, options.select, options.proxy) == ("bytes", 4, "sst2")
    with pytest.raises(ConfigError, match=r"bridge.units: got 'letters', allowed words, bytes"):
        build(EmbedOptions, {"units": "letters"}, "bridge.")


def test_every_field_is_a_run_and_the_table_is_one(bridge) -> None:
    batch = batch_of(bridge, ROWS[:2])
    assert sorted(key for key in batch if key.endswith("mask")) == [f"{place}.mask" for place in range(6)]
    # words, photo, the table (age and city), clip, more, second: in the order of the fields.
    assert [batch[f"{place}.mask"].shape[1] for place in (1, 2, 5)] == [16, 2, 16]
    assert {"0.ids", "1.pixels", "2.numbers", "2.missing", "2.codes", "3.frames", "4.ids", "5.pixels"} < set(batch)


def test_length_is_what_the_body_sees(bridge) -> None:
    examples = prepared(bridge, ROWS)
    lengths = [bridge.processor().length(example) for example in examples]
    hidden = embedded(bridge, ROWS)
    assert hidden.mask.sum(1).tolist() == lengths
    assert hidden.tokens.shape == (len(ROWS), max(lengths), WIDTH)
    assert max(lengths) > min(lengths)


def test_padding_never_changes_a_row(bridge) -> None:
    (alone, beside) = embedded(bridge, ROWS[:1]), embedded(bridge, [ROWS[0], ROWS[-1]])
    length = alone.tokens.shape[1]
    assert beside.tokens.shape[1] > length
    assert alone.mask.all()
    assert beside.mask[0].tolist() == [True] * length + [False] * (beside.mask.shape[1] - length)
    # Which kernel multiplies depends on the shape and on the processor: a few units in the last place.
    torch.testing.assert_close(beside.tokens[0, :length], alone.tokens[0], rtol=0, atol=1e-6)
    assert not beside.tokens[0, length:].any()


def test_real_tokens_do_not_depend_on_what_stands_under_the_padding(bridge) -> None:
    torch.manual_seed(0)
    embedder = bridge.embedder(WIDTH)
    batch = batch_of(bridge, [ROWS[0], ROWS[-1]])
    spoiled = {key: tensor.clone() for key, tensor in batch.items()}
    for key, mask in (("0.ids", "0.mask"), ("3.frames", "3.mask")):
        spoiled[key][~batch[mask]] = 7
        assert not torch.equal(spoiled[key], batch[key])
    assert torch.equal(embedder(spoiled).tokens, embedder(batch).tokens)


def test_every_parameter_has_a_gradient(bridge) -> None:
    embedder = bridge.embedder(WIDTH)
    hidden = embedder(batch_of(bridge, ROWS))
    (hidden.tokens * torch.randn_like(hidden.tokens)).sum().backward()
    still = [name for name, tensor in embedder.named_parameters() if tensor.grad is None or not tensor.grad.any()]
    assert still == []


def test_fields_are_told_apart() -> None:
    rows = [{"first": "same text", "second": "same text"}, {"first": "other", "second": "words"}]
    hidden = embedded(fitted(rows, fields(first="text", second="text")), rows[:1])
    half = hidden.tokens.shape[1] // 2
    gap = hidden.tokens[0, :half] - hidden.tokens[0, half:]
    # The same vocabulary and the same module; what differs is one vector per field.
    torch.testing.assert_close(gap, gap[:1].expand(half, -1))
    assert gap.abs().max() > 0.001


def test_a_single_field_has_no_field_embedding() -> None:
    rows = [{"text": "one field"}, {"text": "only"}]
    assert fitted(rows, fields(text="text")).embedder(8).fields is None


def test_tokens_start_small_and_of_equal_size(bridge) -> None:
    hidden = embedded(bridge, ROWS, width=64)
    deviation = hidden.tokens[hidden.mask].std(-1)
    assert deviation.min() > 0.09
    assert deviation.max() < 0.12


def test_state_makes_an_equal_bridge(bridge) -> None:
    other = unfitted(EVERY, tokens=128)
    assert other.identity != bridge.identity
    other.restore(json.loads(json.dumps(bridge.state())))
    assert other.identity == bridge.identity
    assert other.processor().identity == bridge.processor().identity
    for mine, theirs in zip(prepared(bridge, ROWS), prepared(other, ROWS), strict=True):
        assert sorted(mine) == sorted(theirs)
        assert all(np.array_equal(mine[key], theirs[key]) for key in mine)
    assert torch.equal(embedded(bridge, ROWS).tokens, embedded(other, ROWS).tokens)


def test_fitting_again_gives_the_same(bridge) -> None:
    assert fitted(ROWS, EVERY, tokens=128).state() == bridge.state()


def test_identity_covers_rows_options_fields_and_room(bridge) -> None:
    identities = {
        bridge.identity,
        fitted(ROWS[:5], EVERY, tokens=128).identity,
        fitted(ROWS, EVERY, tokens=127).identity,
        fitted(ROWS, EVERY, tokens=128, scale=0.2).identity,
        fitted(ROWS, EVERY[::-1], tokens=128).identity,
    }
    assert len(identities) == 5
    assert all(identity.startswith("embed:") for identity in identities)


def test_the_longest_field_gives_way_first() -> None:
    rows = [{"long": "b" * 50, "short": "abc"}]
    bridge = fitted(rows, fields(long="text", short="text"), tokens=20, units="bytes")
    batch = batch_of(bridge, rows)
    assert (batch["0.ids"].shape[1], batch["1.ids"].shape[1]) == (17, 3)


def test_room_that_training_left_is_shared_by_the_sequences() -> None:
    rows = [{"long": "b" * 8, "short": "abc", "photo": png(8), "age": 1.0}]
    bridge = fitted(rows, fields(long="text", photo="image", short="text", age="table"), tokens=34, units="bytes")
    # 16 patches and one column stay; of the six that are left, each text gets three.
    (example,) = prepared(bridge, [rows[0] | {"long": "b" * 99, "short": "b" * 99}])
    assert [len(example[key]) for key in ("0.ids", "1.pixels", "2.ids", "3.numbers")] == [11, 16, 6, 1]


def test_what_was_cut_is_counted() -> None:
    bridge = fitted([{"text": "abc"}], fields(text="text"), tokens=2, units="bytes")
    prepared(bridge, [{"text": "ab"}, {"text": "abc"}])
    assert bridge.warnings == ("embed: 1 of 2 text values were cut to the tokens that the encoder's body holds",)


def test_nothing_is_lost_where_all_fits(bridge) -> None:
    prepared(bridge, ROWS)
    assert bridge.warnings == ()


def test_missing_values_of_every_kind_leave_a_token_each(bridge) -> None:
    nothing = dict.fromkeys(ROWS[0])
    hidden = embedded(bridge, [nothing, ROWS[0]])
    # Text, picture, two columns, sound, text, picture.
    assert hidden.mask[0].sum() == 7
    assert hidden.tokens.isfinite().all()


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        (EVERY, "image", "embed bridge feeds an encoder's body.*entered with image"),
        ((), "embeddings", "takes fields that it knows how to embed.*no field"),
        ((Field(name="scan", signal=Signal(kind="volume")),), "embeddings", r"knows how to embed.*scan \(volume\)"),
    ],
)
def test_what_cannot_be_embedded_is_refused(given, kind, message) -> None:
    with pytest.raises(RefusedError, match=message):
        EmbedBridge(EmbedOptions(), given, InputLayout(kind=kind, max_tokens=64), None)


TABLE = fields(**{f"c{place}": "table" for place in range(5)})


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (fields(a="text"), {"patch": 4}, "bridge.patch is for image fields, and there are none.*kind text"),
        (fields(a="image"), {"units": "bytes"}, "bridge.units is for text fields"),
        (fields(a="text"), {"stack": 4}, "bridge.stack is for audio fields"),
        (fields(a="text"), {"select": 4}, "bridge.select is for table fields"),
        (fields(a="text"), {"units": "bytes", "vocabulary": 500}, "bridge.vocabulary has no effect with bridge.units"),
        (TABLE, {"bins": 4}, "bridge.bins has no effect with bridge.expand=none.*expand=bins"),
        (TABLE, {"combinations": 4}, "bridge.combinations has no effect with bridge.combine=none"),
        (fields(a="text"), {"proxy": "sst2"}, "bridge.proxy has no effect with bridge.align=none.*mmd or otdd"),
        (fields(a="text"), {"align": "mmd"}, "bridge.align=mmd needs features to move towards.*bridge.proxy=TASK"),
        (fields(a="image"), {"size": 30, "patch": 4}, "bridge.size must be a multiple.*30 and 4.*bridge.size=28"),
        (fields(a="text"), {"max_tokens": 65}, "bridge.max_tokens is more than the encoder's body holds.*at most 64"),
        (TABLE, {"max_tokens": 4}, "need more tokens than the encoder's body holds.*5 tokens for 5 fields.*at most 4"),
        (TABLE, {"max_tokens": 10, "combine": "products"}, "15 tokens for 5 fields"),
    ],
)
def test_options_without_sense_are_refused_before_anything_is_read(given, options, message) -> None:
    with pytest.raises(ConfigError, match=message):
        unfitted(given, **options)


def test_selecting_columns_makes_room() -> None:
    assert unfitted(TABLE, max_tokens=4, select=4).identity


def test_alignment_is_what_the_options_ask_for() -> None:
    assert unfitted(TABLE).alignment() is None
    wanted = unfitted(TABLE, align="mmd", proxy="sst2", align_steps=7).alignment()
    assert wanted == Alignment(method="mmd", proxy="sst2", steps=7, rows=512)


def test_an_alignment_without_its_package_is_refused_where_it_is_asked_for(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ot", None)
    bridge = unfitted(TABLE, align="otdd", proxy="sst2")
    with pytest.raises(MissingPackageError, match=r"pip install 'modaxfer\[ot\]'"):
        bridge.alignment()
