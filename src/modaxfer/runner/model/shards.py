"""Frozen layers cut over processes: each holds a share, and gathers a layer when it runs (FSDP2; Zhao et al. 2023).

What is trained stays whole in every process, so that checkpoints, best epochs, ends in weight space and saving read and
write what they do without shards.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import distributed, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from modaxfer.plan import Phase
from modaxfer.runner.model.transfer import TransferModel

__all__ = ["Cut", "cut_layers"]


@dataclass(frozen=True, kw_only=True)
class Cut:
    """What cutting came to, in bytes of the parameters of layers."""

    processes: int
    frozen: int
    """That are cut, in all processes together."""
    own: int
    """Of these, in this process."""
    whole: int
    """That are trained, or shared between layers: every process has them."""

    def __str__(self) -> str:
        own, frozen, whole = (f"{size / 1e6:,.2f}" for size in (self.own, self.frozen, self.whole))
        return f"{own} of {frozen} MB of frozen layers in each of {self.processes} processes, {whole} MB whole"


def cut_layers(model: TransferModel, phases: Sequence[Phase], device: torch.device) -> Cut:
    """Cut the layers of every encoder of `model` over the processes, but what any of `phases` trains.

    From here on a layer that is run is waited for by all processes: they have to run the same ones equally often.

    Args:
        model: With its weights, the same in every process.
        phases: Of the plan.
        device: Of this process; layers are moved there one by one.
    """
    layers = list({id(layer): layer for tower in model.towers for layer in tower.encoder.layers}.values())
    moving = _moving(model, phases)
    whole = {parameter for layer in layers for parameter in layer.parameters() if id(parameter) in moving}
    whole |= _shared(layers)
    model.requires_grad_(requires_grad=False)
    # Nothing here writes into the states that a layer returns, which the warning is about.
    warnings.filterwarnings("ignore", message=r"FSDP2-wrapped module .* returned a view tensor", category=UserWarning)
    mesh = init_device_mesh(device.type, (distributed.get_world_size(),))
    for layer in layers:
        fully_shard(layer, mesh=mesh, reshard_after_forward=True, ignored_params=whole)
    cut = [parameter for layer in layers for parameter in layer.parameters() if isinstance(parameter, DTensor)]
    return Cut(
        processes=mesh.size(),
        frozen=_bytes(cut),
        own=_bytes([parameter.to_local() for parameter in cut]),
        whole=_bytes(whole),
    )


def _moving(model: TransferModel, phases: Sequence[Phase]) -> set[int]:
    """Return the identities of what any phase trains, and of all that adapters are made of."""
    trained = {id(each.tensor) for phase in phases for each in model.set_trainable(phase).values()}
    encoders = [tower.encoder for tower in model.towers]
    return trained | {
        id(parameter)
        for encoder in encoders
        for name, parameter in encoder.named_parameters()
        if name in encoder.adapter_parameters
    }


def _shared(layers: Sequence[nn.Module]) -> set[nn.Parameter]:
    """Return the parameters that several layers have in common: none of them could gather it for the others."""
    seen: set[nn.Parameter] = set()
    shared: set[nn.Parameter] = set()
    for layer in layers:
        own = set(layer.parameters())
        shared |= own & seen
        seen |= own
    return shared


def _bytes(tensors: Any) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
