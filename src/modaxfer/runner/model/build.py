"""From a description to the module that is trained, and that predicts: every model is put together here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from modaxfer.contracts import Bridge, Processor, TrainedBridge
from modaxfer.encoders.load import load_stored
from modaxfer.encoders.tensor_files import check_files, fill
from modaxfer.heads.build import build_head
from modaxfer.json_file import well_formed
from modaxfer.runner.model.description import ModelDescription
from modaxfer.runner.model.joint import JointProcessor
from modaxfer.runner.model.tower import Tower
from modaxfer.runner.model.transfer import TransferModel

__all__ = ["BRIDGE", "HEAD", "build_model", "fill_model", "load_head", "load_model", "one_processor"]

HEAD, BRIDGE = "head.safetensors", "bridge.safetensors"
"""Numbers of the head, in ``model/``, and of a trained bridge, in the folder of its tower."""


def build_model(
    described: ModelDescription,
    bridges: Sequence[Bridge],
    encoders: Sequence[Any],
    fresh: Callable[[Sequence[int]], nn.Module] | None = None,
) -> TransferModel:
    """Put a model together. What is new in it is drawn from torch's generator: modules of bridges first, then the head.

    Args:
        described: What it is made of.
        bridges: One per tower, fitted.
        encoders: One per tower, with their adapters; models of several tasks may share them.
        fresh: Makes a head to be trained, for features of these widths; None = the one that is described.
    """
    towers = [
        Tower(
            encoder,
            tower.readout,
            bridge.embedder(encoder.hidden_size) if isinstance(bridge, TrainedBridge) else None,
            tower.segments,
        )
        for tower, bridge, encoder in zip(described.towers, bridges, encoders, strict=True)
    ]
    head = build_head(described.head) if fresh is None else fresh([tower.width for tower in towers])
    return TransferModel(towers, head)


def one_processor(described: ModelDescription, bridges: Sequence[Bridge], encoders: Sequence[Any]) -> Processor:
    """Return what prepares the rows of all towers."""
    made = [
        tower.processor(bridge, encoder)
        for tower, bridge, encoder in zip(described.towers, bridges, encoders, strict=True)
    ]
    return made[0] if len(made) == 1 else JointProcessor(made)


def load_model(described: ModelDescription) -> tuple[TransferModel, Processor]:
    """Return a saved model, in evaluation mode, and its processor.

    Raises:
        CheckpointUnavailableError: The base weights cannot be had, or are not the ones the run was trained from.
        DataError: A file of the model is damaged.
    """
    folder = described.folder
    assert folder is not None, "a saved model was read from somewhere"
    check_files(folder, described.files)
    bridges = [tower.build_bridge(None) for tower in described.towers]
    encoders: list[Any] = [load_stored(tower.encoder, options=tower.encoder_options) for tower in described.towers]
    processor = one_processor(described, bridges, encoders)
    for tower, encoder in zip(described.towers, encoders, strict=True):
        if tower.bridge.spec.trained:
            encoder.drop_front()
    with well_formed(folder / "model.json"):
        model = build_model(described, bridges, encoders)
    _fill(model, folder)
    return model.eval(), processor


def fill_model(model: TransferModel, saved: ModelDescription) -> None:
    """Put the numbers of a saved model's head and bridges into `model`, which is made as `saved` describes.

    Raises:
        DataError: A file of the saved model is damaged.
    """
    folder = saved.folder
    assert folder is not None, "a saved model was read from somewhere"
    check_files(folder, saved.files)
    _fill(model, folder)


def load_head(saved: ModelDescription) -> nn.Module:
    """Return the head of a saved model alone, in evaluation mode.

    Raises:
        DataError: A file of the saved model is damaged.
    """
    folder = saved.folder
    assert folder is not None, "a saved model was read from somewhere"
    check_files(folder, saved.files)
    with well_formed(folder / "model.json"):
        head = build_head(saved.head)
    fill(head.load_state_dict, folder / HEAD)
    return head.eval()


def _fill(model: TransferModel, folder: Path) -> None:
    fill(model.head.load_state_dict, folder / HEAD)
    for place, made in enumerate(model.towers):
        if made.bridge is not None:
            fill(made.bridge.load_state_dict, folder / "towers" / str(place) / BRIDGE)
