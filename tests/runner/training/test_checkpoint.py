"""Checkpoints: the newest is whole at every moment."""

from __future__ import annotations

import json
import math
import os

import pytest
import torch
from torch import nn

from modaxfer.contracts import Kept
from modaxfer.runner.tensors import write_tensors
from modaxfer.runner.training import checkpoint
from modaxfer.runner.training.checkpoint import Checkpoints, Position, restore


def test_what_is_saved_comes_back_and_only_the_newest_stays(tmp_path):
    checkpoints, weight = Checkpoints(tmp_path), nn.Parameter(torch.arange(3.0))
    for step in (1, 2):
        kept = [Kept(epoch=7, score=0.5, weights={"w": weight * step}), Kept(epoch=2, score=-math.inf, weights={})]
        checkpoints.save(Position(step=step), {"w": weight}, None, kept)
    position, tensors = checkpoints.load()
    assert position.step == 2
    best, other = restore(tensors, {"w": weight}, torch.optim.SGD([weight]), position)
    assert (best.epoch, best.score, best.weights["w"].tolist()) == (7, 0.5, [0.0, 2.0, 4.0])
    assert (other.epoch, other.score, other.weights) == (2, -math.inf, {})
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1


def test_a_kill_in_the_second_save_of_a_step_leaves_the_first(tmp_path, monkeypatch):
    checkpoints, weight = Checkpoints(tmp_path), nn.Parameter(torch.ones(3))
    checkpoints.save(Position(step=4, epoch=0, step_in_epoch=4), {"w": weight}, None, ())

    def killed(tensors, path):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(checkpoint, "write_tensors", killed)
        with pytest.raises(KeyboardInterrupt):
            checkpoints.save(Position(step=4, epoch=1), {"w": weight}, None, ())
    position, tensors = checkpoints.load()
    assert (position.epoch, position.step_in_epoch) == (0, 4)
    assert tensors["now.w"].tolist() == [1.0, 1.0, 1.0]


def test_scores_that_are_no_numbers_come_back_from_valid_json(tmp_path):
    history = [{"epoch": 1, "validation": {"f1": None, "loss": math.nan}}]
    kept = [Kept(epoch=1, score=-math.inf, weights={})]
    Checkpoints(tmp_path).save(Position(loss=0.5, history=history), {}, None, kept)
    (written,) = tmp_path.glob("*/position.json")
    json.loads(written.read_text(), parse_constant=lambda name: pytest.fail(name))
    position, _ = Checkpoints(tmp_path).load()
    assert position.kept == [[1, "-inf"]]
    assert position.history == [{"epoch": 1, "validation": {"f1": None, "loss": None}}]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_every_file_has_the_mode_that_the_umask_asks_for(umask, mode, tmp_path):
    before = os.umask(umask)
    try:
        Checkpoints(tmp_path).save(Position(), {"w": nn.Parameter(torch.ones(2))}, None, ())
        write_tensors({"w": torch.ones(2)}, tmp_path / "model" / "head.safetensors", metadata={"a": "b"})
    finally:
        os.umask(before)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 4
    assert {path.stat().st_mode & 0o777 for path in files} == {mode}


def test_what_the_last_phase_began_with_is_that_of_the_first_try(tmp_path):
    first, again = {"w": torch.zeros(2)}, {"w": torch.ones(2)}
    assert Checkpoints(tmp_path).begin(first) == first
    assert Checkpoints(tmp_path).begin(again)["w"].tolist() == [0.0, 0.0]


def test_another_process_reads_and_does_not_write(tmp_path):
    Checkpoints(tmp_path, writes=False).save(Position(), {}, None, ())
    assert Checkpoints(tmp_path, writes=False).load() is None
