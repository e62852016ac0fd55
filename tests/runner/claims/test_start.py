"""A checkpoint goes on with the rows and weights that it was made of, or not at all."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import pytest

from modaxfer.errors import CheckpointUnavailableError, DataError
from modaxfer.runner.claims.start import check_start, description, refuse_other_encoder, store_start

WEIGHTS = {"checkpoint": "tiny", "sha256": "a", "description": "b"}
START = {"rows": ["x", "proxy"], "weights": [WEIGHTS, WEIGHTS], "versions": {"torch": "2.13", "peft": "0.2"}}


def changed(**changes):
    return {**copy.deepcopy(START), **changes}


def test_the_same_goes_on_and_where_no_run_was_anything_does(tmp_path):
    assert check_start(START, tmp_path) == []
    store_start(START, tmp_path)
    assert check_start(START, tmp_path) == []


def test_other_rows_are_refused(tmp_path):
    store_start(START, tmp_path)
    with pytest.raises(DataError, match="the data changed since the run was started"):
        check_start(changed(rows=["x", "other"]), tmp_path)


@pytest.mark.parametrize(("key", "what"), [("sha256", "weights"), ("description", "config or vocabulary")])
def test_other_weights_of_any_encoder_are_refused(key, what, tmp_path):
    store_start(START, tmp_path)
    with pytest.raises(CheckpointUnavailableError, match=f"the {what} of tiny changed since the run in .* was started"):
        check_start(changed(weights=[WEIGHTS, {**WEIGHTS, key: "z"}]), tmp_path)


def test_other_versions_are_told(tmp_path):
    store_start(START, tmp_path)
    assert check_start(changed(versions={"torch": "3.0", "peft": "0.2"}), tmp_path) == [
        "resumed with torch 3.0, started with 2.13: the numbers may differ from those of an unbroken run"
    ]


def test_a_further_seed_has_the_weights_of_the_first(tmp_path):
    one = SimpleNamespace(before=(), encoder={"sha256": "a"})
    two = SimpleNamespace(before=(), encoder={"sha256": "a + c", "parts": [{"sha256": "a"}, {"sha256": "c"}]})
    refuse_other_encoder(one, changed(weights=[WEIGHTS]), tmp_path)
    refuse_other_encoder(two, changed(weights=[WEIGHTS, {**WEIGHTS, "sha256": "c"}]), tmp_path)
    with pytest.raises(CheckpointUnavailableError, match="the weights of tiny changed"):
        refuse_other_encoder(two, START, tmp_path)


def test_the_description_is_what_lies_beside_the_weights(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    before = description(tmp_path)
    (tmp_path / "model.safetensors").touch()
    assert description(tmp_path) == before
    (tmp_path / "tokenizer.json").write_text("{}")
    assert description(tmp_path) != before
