"""Device and arithmetic of a run."""

from __future__ import annotations

from pathlib import Path

import torch

from modaxfer.errors import ConfigError

__all__ = ["choose_device", "choose_precision", "multiplies_bf16"]


def choose_device(wanted: str) -> torch.device:
    """Return the device to compute on.

    Raises:
        ConfigError: The device asked for is not there.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return torch.device(next(name for name, present in there.items() if present))
    if not there[wanted]:
        raise ConfigError(
            f"no {wanted} device here",
            got=wanted,
            allowed=[name for name, present in there.items() if present],
            fix="--device auto",
        )
    return torch.device(wanted)


def choose_precision(wanted: str, device: torch.device) -> str:
    """Return ``fp32``, ``bf16`` or ``fp16``; ``auto`` is bf16 where the hardware multiplies it natively, else fp32.

    Raises:
        ConfigError: fp16 away from CUDA, where it has no gain and no loss scaling.
    """
    if wanted == "auto":
        return "bf16" if multiplies_bf16(device) else "fp32"
    if wanted == "fp16" and device.type != "cuda":
        raise ConfigError(
            "fp16 needs a CUDA device", got=f"fp16 on {device.type}", allowed="auto, fp32, bf16", fix="--precision auto"
        )
    return wanted


def multiplies_bf16(device: torch.device) -> bool:
    """Return whether `device` has bf16 matrix units: CUDA from 8.0, x86 with AMX-BF16 or AVX512-BF16."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return device.type == "cpu" and bool({"amx_bf16", "avx512_bf16"} & _cpu_flags())


def _cpu_flags() -> set[str]:
    path = Path("/proc/cpuinfo")
    if not path.is_file():
        return set()
    lines = (line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("flags"))
    return set(next(lines, "").split())
