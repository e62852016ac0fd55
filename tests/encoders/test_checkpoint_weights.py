"""Weights of a folder are read whole or refused: tensors, shapes, shards, damage."""

from __future__ import annotations

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from modaxfer.config import EncoderOptions
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import load_encoder
from modaxfer.encoders.weight_files import hash_weights
from modaxfer.errors import (
    CheckpointUnavailableError,
)
from modaxfer.testing.material import tiny_models


def load(folder):
    return load_encoder(resolve(str(folder)), options=EncoderOptions(), dropout=0.0, pretrained=True, seed=0)


def test_a_tensor_that_is_used_may_not_be_missing_but_a_pooler_may(tmp_path):
    tiny_models.save("bert", tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    without_pooler = {key: value for key, value in weights.items() if not key.startswith("pooler")}
    assert len(without_pooler) == len(weights) - 2
    save_file(without_pooler, tmp_path / "model.safetensors", metadata={"format": "pt"})
    assert load(tmp_path).sha256 == hash_weights(tmp_path)
    del without_pooler["encoder.layer.1.output.dense.weight"]
    save_file(without_pooler, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        CheckpointUnavailableError, match=r"1 tensors of the encoder.*encoder\.layer\.1\.output\.dense\.weight"
    ):
        load(tmp_path)


def test_shapes_that_contradict_the_config_and_damaged_files_are_refused(tmp_path):
    tiny_models.save("bert", tmp_path)
    tiny_models.config_of("bert", intermediate_size=64).save_pretrained(tmp_path)
    with pytest.raises(CheckpointUnavailableError, match=r"do not fit their config\.json or are damaged"):
        load(tmp_path)
    tiny_models.config_of("bert").save_pretrained(tmp_path)
    data = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(CheckpointUnavailableError, match="or are damaged"):
        load(tmp_path)


def test_sharded_weights_are_read_and_hashed_and_must_be_complete(tmp_path):
    model = tiny_models.save("bert", tmp_path)
    (tmp_path / "model.safetensors").unlink()
    model.save_pretrained(tmp_path, max_shard_size="20KB")
    shards = sorted(tmp_path.glob("model-*.safetensors"))
    assert len(shards) > 1
    encoder = load(tmp_path)
    torch.testing.assert_close(encoder.layers[2].state_dict(), model.encoder.layer[2].state_dict())
    assert len(encoder.sha256) == 64
    shards[0].unlink()
    with pytest.raises(CheckpointUnavailableError, match=r"1 of \d weight files are missing"):
        load(tmp_path)


def test_loading_prints_nothing(tmp_path, capfd):
    tiny_models.save("whisper", tmp_path)
    capfd.readouterr()
    load(tmp_path)
    assert capfd.readouterr() == ("", "")
    assert transformers.utils.logging.get_verbosity() == transformers.utils.logging.WARNING
