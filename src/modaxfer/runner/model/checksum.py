"""Whether tensors are what they were: checksums of their bytes, made where they lie."""

from __future__ import annotations

from zlib import crc32

import torch
from torch import nn
from torch.distributed.tensor import DTensor

__all__ = ["Checksum", "checksum", "checksums"]

Checksum = int | tuple[int, int]


def checksum(tensor: torch.Tensor) -> Checksum:
    """Return a CRC-32 of the bytes of `tensor`; on a device two sums over its bits, one of them position-dependent.

    Of a tensor that is cut over processes each looks at its own share.
    """
    own = tensor.detach()
    data = (own.to_local() if isinstance(own, DTensor) else own).contiguous().view(-1).view(torch.uint8)
    if data.device.type == "cpu":
        return crc32(data.numpy().data)
    words = data[: data.numel() // 4 * 4].view(torch.int32).long()
    weights = torch.arange(1, words.numel() + 1, device=words.device) % 65521
    return int(words.sum()), int((words * weights).sum())


def checksums(model: nn.Module) -> dict[str, Checksum]:
    """Return the checksum of each parameter and buffer of `model` by its name."""
    return {name: checksum(tensor) for name, tensor in (*model.named_parameters(), *model.named_buffers())}
