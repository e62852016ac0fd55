"""A launcher that asks for a model in shards is answered before weights are loaded."""

from __future__ import annotations

import pytest

from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError
from modaxfer.runner.processes.accelerate import make_accelerator


@pytest.mark.parametrize("name", ["ACCELERATE_USE_FSDP", "ACCELERATE_USE_DEEPSPEED"])
def test_shards_are_refused(name, monkeypatch):
    monkeypatch.setenv(name, "true")
    with pytest.raises(ConfigError, match=f"trains with the whole model.*Got: {name}=true.*strategy lora"):
        make_accelerator(RunConfig())
