"""What a loss is given, and what it is not."""

from __future__ import annotations

import pytest
import torch

from modaxfer.contracts import Step, StreamBatch
from modaxfer.errors import RefusedError
from modaxfer.plan import Reads, Role


def test_what_a_term_does_not_read_is_not_there() -> None:
    outputs = torch.zeros(2, 3)
    batch = StreamBatch(name="train", role=Role.TARGET, rows=torch.arange(2), made={Reads.OUTPUTS: outputs})
    assert Step(streams={"train": batch}, progress=0.0).only.outputs is outputs
    wanted = r"a loss asks for the pooled of stream train, .* Got: outputs. Fix: add Reads.POOLED to the term's reads"
    with pytest.raises(RefusedError, match=wanted):
        _ = batch.pooled
    for name in ("tokens", "inputs"):
        with pytest.raises(RefusedError, match=f"the {name} of stream train"):
            getattr(batch, name)
