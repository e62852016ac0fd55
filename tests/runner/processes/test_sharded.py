"""A launcher that asks for a model in shards: what of it is taken, and what is refused before weights are loaded."""

from __future__ import annotations

import pytest
import torch

from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError, RunFailedError
from modaxfer.runner.processes.accelerate import make_accelerator
from modaxfer.runner.processes.failures import forget_failures, known_failure
from modaxfer.runner.processes.shards import FSDP, SHARD, shards_asked

FSDP2 = {FSDP: "true", "FSDP_VERSION": "2"}


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ({}, False),
        ({SHARD: "1"}, True),
        ({SHARD: "0", FSDP: "false"}, False),
        (FSDP2, True),
        (FSDP2 | {"FSDP_RESHARD_AFTER_FORWARD": "FULL_SHARD", "FSDP_OFFLOAD_PARAMS": "False"}, True),
    ],
)
def test_shards_are_asked_for_by_the_environment(told, asked, monkeypatch):
    _set(monkeypatch, told)
    assert shards_asked() is asked


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"ACCELERATE_USE_DEEPSPEED": "true"}, "DeepSpeed is not taken.*--use_fsdp --fsdp_version 2.*strategy lora"),
        ({FSDP: "true"}, "Got: FSDP_VERSION=1.*--fsdp_version 2"),
        (FSDP2 | {"FSDP_OFFLOAD_PARAMS": "true"}, "Got: FSDP_OFFLOAD_PARAMS=true.*no --fsdp_offload_params"),
        (FSDP2 | {"FSDP_ACTIVATION_CHECKPOINTING": "true"}, "no --fsdp_activation_checkpointing"),
        (FSDP2 | {"FSDP_RESHARD_AFTER_FORWARD": "SHARD_GRAD_OP"}, "--fsdp_reshard_after_forward true"),
        (FSDP2 | {"FSDP_AUTO_WRAP_POLICY": "SIZE_BASED_WRAP"}, "TRANSFORMER_BASED_WRAP"),
        (FSDP2, "one process has nothing to share a model with.*Got: ACCELERATE_USE_FSDP=true.*--num-processes"),
    ],
)
def test_shards_of_other_kinds_are_refused(told, said, monkeypatch):
    _set(monkeypatch, told)
    with pytest.raises(ConfigError, match=said):
        make_accelerator(RunConfig(), shards=True)


def test_what_needs_the_whole_model_in_its_process_refuses_shards(monkeypatch):
    _set(monkeypatch, {SHARD: "1"})
    with pytest.raises(ConfigError, match=r"needs the whole model.*Got: MODAXFER_SHARD=1.*unset MODAXFER_SHARD"):
        make_accelerator(RunConfig())


def test_a_process_that_is_left_alone_says_what_went_wrong_in_the_other(tmp_path):
    gone = RuntimeError("[gloo/transport/tcp/pair.cc:553] Connection closed by peer")
    with pytest.raises(RunFailedError, match=r"gone without a word.*pair.cc:553.*--resume goes on"):
        raise known_failure(gone, tmp_path, 0)
    own = ValueError("row 7 is odd")
    assert known_failure(own, tmp_path, 1) is own
    for left in (gone, torch.distributed.DistNetworkError("reset")):
        with pytest.raises(RunFailedError, match=r"another process.*Got: process 1: row 7 is odd"):
            raise known_failure(left, tmp_path, 0)
    forget_failures(tmp_path)
    with pytest.raises(RunFailedError, match=r"without a word"):
        raise known_failure(gone, tmp_path, 0)


def _set(monkeypatch, told):
    for name in (SHARD, FSDP, "ACCELERATE_USE_DEEPSPEED"):
        monkeypatch.delenv(name, raising=False)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
