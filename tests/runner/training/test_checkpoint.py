"""Checkpoints: the newest is whole at every moment."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from modaxfer.runner.training import checkpoint
from modaxfer.runner.training.checkpoint import Checkpoints, Position


def test_what_is_saved_comes_back_and_only_the_newest_stays(tmp_path):
    checkpoints, weight = Checkpoints(tmp_path), nn.Parameter(torch.arange(3.0))
    for step in (1, 2):
        checkpoints.save(Position(step=step), {"w": weight}, None, {"w": weight * step})
    position, tensors = checkpoints.load()
    assert position.step == 2
    assert tensors["best.w"].tolist() == [0.0, 2.0, 4.0]
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1


def test_a_kill_in_the_second_save_of_a_step_leaves_the_first(tmp_path, monkeypatch):
    checkpoints, weight = Checkpoints(tmp_path), nn.Parameter(torch.ones(3))
    checkpoints.save(Position(step=4, epoch=0, step_in_epoch=4), {"w": weight}, None, {})

    def killed(tensors, path):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(checkpoint, "save_file", killed)
        with pytest.raises(KeyboardInterrupt):
            checkpoints.save(Position(step=4, epoch=1), {"w": weight}, None, {})
    position, tensors = checkpoints.load()
    assert (position.epoch, position.step_in_epoch) == (0, 4)
    assert tensors["now.w"].tolist() == [1.0, 1.0, 1.0]


def test_another_process_reads_and_does_not_write(tmp_path):
    Checkpoints(tmp_path, writes=False).save(Position(), {}, None, {})
    assert Checkpoints(tmp_path, writes=False).load() is None
