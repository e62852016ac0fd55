"""Layers that are cut over processes stay frozen; what would move them, or run them unevenly, is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modaxfer.api import make_config
from modaxfer.config import EncoderOptions
from modaxfer.errors import RefusedError
from modaxfer.plan import LossTerm, Merge, Stream
from modaxfer.runner.request.resolve import resolve_tasks
from modaxfer.runner.request.shards import refuse_whole_bodies

pytestmark = pytest.mark.usefixtures("no_weights")


@pytest.fixture(scope="module")
def resolved(tiny, own_rows):
    """Return a run that may be cut."""
    config = make_config(encoder=str(tiny("bert")), strategy="lora", **own_rows("text"))
    (found,) = resolve_tasks(config)
    return found


def test_adapters_heads_and_solved_heads_may_be_trained(resolved, tiny, own_rows):
    refuse_whole_bodies([resolved], stage=False)
    for strategy in ("frozen", "adapter"):
        config = make_config(encoder=str(tiny("bert")), strategy=strategy, **own_rows("text"))
        refuse_whole_bodies(resolve_tasks(config), stage=False)


def test_a_body_that_moves_is_refused_with_the_way_out(tiny, own_rows):
    config = make_config(encoder=str(tiny("bert")), strategy="full", **own_rows("text"))
    said = r"stay frozen.*Got: phase \w+ trains body.*Allowed: .*lora.*Fix: .*no MODAXFER_SHARD.*whole model"
    with pytest.raises(RefusedError, match=said):
        refuse_whole_bodies(resolve_tasks(config), stage=False)


def _phase(resolved, **changes):
    (phase,) = resolved.plan.phases
    return replace(resolved, plan=replace(resolved.plan, phases=(replace(phase, **changes),)))


def _train(resolved, **changes):
    return replace(resolved, options=replace(resolved.options, train=replace(resolved.options.train, **changes)))


def _config(resolved, **changes):
    return replace(resolved, config=replace(resolved.config, **changes))


def _windows(resolved):
    (tower,) = resolved.towers
    return replace(resolved, towers=(replace(tower, encoder_options=EncoderOptions(long="mean_of_windows")),))


OTHER = LossTerm(name="other", target="modaxfer.losses.l2_sp:L2SP")

REFUSED = {
    "2 tasks": lambda one: [one, one],
    "a source task": lambda one: [replace(one, source=one)],
    "train.rates": lambda one: [_train(one, rates=(1.0, 3.0))],
    "--standalone": lambda one: [_config(one, standalone=True)],
    "random weights": lambda one: [_config(one, weights="random")],
    "mean_of_windows": lambda one: [_windows(one)],
    "merged runs": lambda one: [replace(one, plan=replace(one.plan, merge=Merge(method="average", runs=("a", "b"))))],
    "several streams": lambda one: [_phase(one, streams={"a": Stream(), "b": Stream()})],
    "losses beside the labels': other": lambda one: [_phase(one, losses=(OTHER,))],
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_runs_layers_unevenly_or_writes_them_is_refused(reason, resolved):
    with pytest.raises(RefusedError, match=f"equally often.*Got: .*{reason}"):
        refuse_whole_bodies(REFUSED[reason](resolved), stage=False)


def test_a_source_stage_is_refused(resolved):
    with pytest.raises(RefusedError, match="a source task"):
        refuse_whole_bodies([resolved], stage=True)
