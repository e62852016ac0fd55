"""Towers under one head: the one module that a plan trains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from modaxfer.contracts import UNITS, Batch, Features, Hidden, Readout
from modaxfer.heads.build import reads_tokens
from modaxfer.plan import Part, Phase
from modaxfer.plan_parts import covering
from modaxfer.runner.model.tower import Tower
from modaxfer.runner.model.units import mark_units

__all__ = ["POOLED", "PRESENT", "ModelParameter", "TransferModel", "joint_width", "part_of_batch"]

POOLED = "pooled"
"""Key of a batch that holds cached vectors ``[batch, width]`` as the head takes them, where only it is trained; where
each part of a row is predicted ``[batch, parts, width]``."""

PRESENT = "present"
"""Key, under each tower's prefix, of float32 ``[batch]``: 1 where the row has that tower's fields, 0 where not."""

PER_TOKEN_SHIFT = ("key.bias", "k_proj.bias")
"""Attention is blind to a shift of all keys (softmax), so these never get a gradient but rounding noise."""


@dataclass(frozen=True, kw_only=True)
class ModelParameter:
    """Where a parameter stands in the model."""

    tensor: nn.Parameter
    part: Part
    name: str = ""
    """In its own module: the encoder, the bridge or the head; what `modaxfer.plan.Parameters` are chosen by."""
    layer: int
    """-1 for bridge and embeddings, 0 ... depth - 1 for the body, `depth` for the head."""
    depth: int
    """Layers of the body it belongs to."""
    rate: float | None = None
    """Peak learning rate of its own; None = that of its part in the phase."""


def joint_width(widths: Sequence[int]) -> int:
    """Return the size of the vector that a head takes of towers of these `widths`; see `PRESENT`."""
    return sum(widths) + (len(widths) if len(widths) > 1 else 0)


def part_of_batch(batch: Batch, tower: int) -> Batch:
    """Return the tensors of one tower of several, without their prefix ``TOWER.``."""
    prefix = f"{tower}."
    return {key[len(prefix) :]: value for key, value in batch.items() if key.startswith(prefix)}


class TransferModel(nn.Module):
    """What a plan trains.

    One tower gets the batch as it is. Of several, each gets its part (keys with the prefix ``0.``, ``1.``, ...), and
    the vector is one number per tower (see `PRESENT`), then all vectors.

    Args:
        towers: Encoders with their bridges and readouts, at least one.
        head: From features to logits, see `modaxfer.contracts.Head`.
    """

    def __init__(self, towers: Sequence[Tower], head: nn.Module) -> None:
        super().__init__()
        self.towers: Any = nn.ModuleList(towers)
        self.head = head

    @property
    def encoder(self) -> Any:
        """The encoder of the first tower."""
        return self.towers[0].encoder

    @property
    def readout(self) -> Readout:
        """The readout of the first tower."""
        readout: Readout = self.towers[0].readout
        return readout

    def read(self, readouts: Sequence[Readout]) -> None:
        """Read each tower as its readout says from now on."""
        for tower, readout in zip(self.towers, readouts, strict=True):
            tower.readout = readout

    @property
    def top(self) -> int:
        """Layer at which rows enter that go past all bodies, straight to the head."""
        top: int = max(tower.top for tower in self.towers)
        return top

    @property
    def depth(self) -> int:
        """Layers of the deepest body."""
        depth: int = max(tower.encoder.depth for tower in self.towers)
        return depth

    @property
    def width(self) -> int:
        """Size of the vector that the head takes."""
        return joint_width([tower.width for tower in self.towers])

    def forward(self, batch: Batch, start: int = 0) -> torch.Tensor:
        """Return what the head says: logits or values ``[batch, outputs]``; of rows with `UNITS`, see `mark_units`.

        Args:
            batch: Raw inputs; or cached states of layer `start`; or cached vectors under `POOLED`.
            start: Layer at which cached states enter.
        """
        return self.outputs(self.features(batch, start), batch)

    def outputs(self, features: Features, batch: Batch) -> torch.Tensor:
        """Return what the head says of the `features` of `batch`; see `forward`."""
        outputs: torch.Tensor = self.head(features)
        return mark_units(outputs, batch[UNITS]) if UNITS in batch else outputs

    @property
    def reads_tokens(self) -> bool:
        """Whether the head reads tokens: then pooled vectors alone are nothing to it."""
        return reads_tokens(self.head)

    def features(self, batch: Batch, start: int = 0, *, tokens: bool = False, layers: bool = False) -> Features:
        """Return what the head is given; cached vectors are all there is of a row.

        Args:
            batch: As for `forward`.
            start: As for `forward`.
            tokens: Whether states of tokens are wanted of rows in several windows, too, by others than the head.
            layers: Whether vectors are wanted of every layer that is run, of the only tower.
        """
        tokens = tokens or self.reads_tokens
        if POOLED in batch:
            return Features(pooled=batch[POOLED])
        if len(self.towers) == 1:
            alone: Features = self.towers[0].features(batch, start, tokens=tokens, layers=layers)
            return alone
        parts = [part_of_batch(batch, place) for place in range(len(self.towers))]
        made = [tower.features(part, tokens=tokens) for tower, part in zip(self.towers, parts, strict=True)]
        present = torch.stack([part[PRESENT] for part in parts], dim=1)
        pooled = torch.cat([present, *(features.pooled for features in made)], dim=1)
        states = tuple(hidden for features in made for hidden in features.by_tower)
        # Windows of one tower may be known by their vectors alone: then no tower's tokens are, rather than some.
        return Features(pooled=pooled, by_tower=states if len(states) == len(made) else ())

    def prefix(self, batch: Batch, stop: int) -> Hidden:
        """Run the embedding and layers below `stop` of the only tower."""
        hidden: Hidden = self.towers[0].prefix(batch, stop)
        return hidden

    def layer_pools(self, batch: Batch, tower: int = 0) -> torch.Tensor:
        """Return pooled vectors of all layers of one tower; see `Tower.layer_pools`."""
        part = batch if len(self.towers) == 1 else part_of_batch(batch, tower)
        pools: torch.Tensor = self.towers[tower].layer_pools(part)
        return pools

    def model_parameters(self) -> Iterator[tuple[str, ModelParameter]]:
        """Yield each parameter that can matter, by name.

        Parameters above the highest layer read are left out: they never get a gradient.
        """
        for number, tower in enumerate(self.towers):
            for name, parameter in _tower_parameters(tower):
                yield f"towers.{number}.{name}", parameter
        for name, tensor in self.head.named_parameters():
            yield (
                f"head.{name}",
                ModelParameter(tensor=tensor, part=Part.HEAD, name=name, layer=self.depth, depth=self.depth),
            )

    def set_trainable(self, phase: Phase) -> dict[str, ModelParameter]:
        """Make exactly the parameters of `phase` trainable and return them by name."""
        chosen = {name: parameter for name, parameter in self.model_parameters() if _moves(parameter, phase)}
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(name in chosen)
        return chosen

    def frozen_layers(self) -> int:
        """Return k, the number of layers below which nothing is trainable; the prefix that can be cached.

        It is 0 as soon as a bridge or an embedding is trainable, `top` where only the head is. Several towers are
        cached as vectors or not at all.
        """
        moving = self._moving_body()
        if len(self.towers) > 1:
            return 0 if moving or self.reads_tokens else self.top
        return max(0, min([*(parameter.layer for parameter in moving), min(self.readout.layers)]))

    @property
    def only_head_moves(self) -> bool:
        """Whether nothing below the head is trainable: then its vectors stay as they are, of whichever layers."""
        return not self._moving_body()

    def _moving_body(self) -> list[ModelParameter]:
        """Return what is trainable below the head."""
        named = self.model_parameters()
        return [each for _, each in named if each.tensor.requires_grad and each.part is not Part.HEAD]

    def train_above(self, layer: int) -> None:
        """Switch to training mode, but keep everything below `layer` deterministic."""
        self.train()
        if layer > 0:
            self.towers.eval()
            for module in self.encoder.layers[layer:] if len(self.towers) == 1 else ():
                module.train()


def _tower_parameters(tower: Any) -> Iterator[tuple[str, ModelParameter]]:
    """Yield the parameters of one tower that can matter."""
    encoder, top, depth = tower.encoder, tower.top, tower.encoder.depth
    layers = reversed(list(enumerate(encoder.layers)))  # what several share is the lowest one's
    layer_of = {id(parameter): number for number, layer in layers for parameter in layer.parameters()}
    final = {id(parameter) for parameter in encoder.norm.parameters()} if encoder.norm is not None else set()
    layer_of |= dict.fromkeys(final, depth - 1)
    norms = _norms(encoder)
    for name, parameter in tower.named_parameters():
        layer = layer_of.get(id(parameter), -1)
        if name.startswith("bridge."):
            part = Part.BRIDGE
        elif layer < 0:
            part = Part.EMBEDDINGS
        elif name.removeprefix("encoder.") in encoder.adapter_parameters:
            part = Part.ADAPTER
        else:
            part = Part.NORM if id(parameter) in norms else Part.BODY
        if layer < top and (id(parameter) not in final or top == depth):
            own = name.partition(".")[2].replace(".base_layer.", ".")  # What an adapter stands around keeps its name.
            yield name, ModelParameter(tensor=parameter, part=part, name=own, layer=layer, depth=depth)


def _norms(encoder: Any) -> set[int]:
    """Return the identities of the parameters of the body's norms."""
    norms = [module for module in encoder.modules() if "Norm" in type(module).__name__]
    return {id(parameter) for module in norms for parameter in module.parameters(recurse=False)}


def _moves(parameter: ModelParameter, phase: Phase) -> bool:
    wanted = covering(phase.trainable, parameter.part, parameter.name) is not None
    in_body = parameter.part in (Part.BODY, Part.NORM, Part.EMBEDDINGS, Part.ADAPTER)
    frozen = in_body and phase.from_layer > 0 and parameter.layer < phase.from_layer
    return wanted and not frozen and parameter.tensor.is_floating_point()
