"""What cannot work is refused while a request is resolved, before a weight is loaded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modaxfer.config import RunConfig
from modaxfer.errors import RefusedError
from modaxfer.plan import SUPERVISED, Reads
from modaxfer.runner.request.resolve import resolve_tasks
from modaxfer.strategies import fusion


def test_a_loss_that_reads_tokens_takes_one_encoder(tiny, own_rows, monkeypatch, no_weights):
    plan = fusion.plan

    def reading(options, context):
        made = plan(options, context)
        (phase,) = made.phases
        term = replace(SUPERVISED, reads=frozenset({Reads.TOKENS}))
        return replace(made, phases=(replace(phase, losses=(term,)),))

    monkeypatch.setattr(fusion, "plan", reading)
    request = RunConfig(encoder=(str(tiny("bert")), str(tiny("bert"))), strategy="fusion", **own_rows("text"))
    with pytest.raises(
        RefusedError, match=r"a loss of strategy fusion reads tokens, which several encoders do not share.*2 encoders"
    ):
        resolve_tasks(request)
