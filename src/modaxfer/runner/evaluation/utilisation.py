"""Model FLOPs that a run achieved, beside the peak of its device where a data sheet says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch

from modaxfer.runner.rows.encode import Computer

__all__ = ["PEAKS", "Peak", "known_peak", "utilisation"]


class Peak(NamedTuple):
    """What a data sheet promises of products in half precision by tensor cores, dense, without structured sparsity."""

    tflops: float
    """10^12 operations per second."""
    source: str
    bf16: bool = True
    """Whether that is of bf16 too, not of fp16 alone."""


A100 = "NVIDIA A100 Tensor Core GPU data sheet"
H100 = "NVIDIA H100 Tensor Core GPU data sheet"
H200 = "NVIDIA H200 Tensor Core GPU data sheet"
V100 = "NVIDIA V100 Tensor Core GPU data sheet"

PEAKS: Mapping[str, Peak] = {
    "NVIDIA H200": Peak(989.5, H200),
    "NVIDIA H200 NVL": Peak(835.5, H200),
    "NVIDIA H100 80GB HBM3": Peak(989.5, H100),
    "NVIDIA H100 PCIe": Peak(756.5, H100),
    "NVIDIA H100 NVL": Peak(835.5, H100),
    "NVIDIA A100-SXM4-40GB": Peak(312.0, A100),
    "NVIDIA A100-SXM4-80GB": Peak(312.0, A100),
    "NVIDIA A100-PCIE-40GB": Peak(312.0, A100),
    "NVIDIA A100 80GB PCIe": Peak(312.0, A100),
    "NVIDIA L40S": Peak(362.0, "NVIDIA L40S GPU data sheet"),
    "NVIDIA L4": Peak(121.0, "NVIDIA L4 Tensor Core GPU data sheet"),
    "NVIDIA A30": Peak(165.0, "NVIDIA A30 Tensor Core GPU data sheet"),
    "NVIDIA A10": Peak(125.0, "NVIDIA A10 Tensor Core GPU data sheet"),
    "Tesla V100-SXM2-16GB": Peak(125.0, V100, bf16=False),
    "Tesla V100-SXM2-32GB": Peak(125.0, V100, bf16=False),
    "Tesla T4": Peak(65.0, "NVIDIA T4 Tensor Core GPU data sheet", bf16=False),
}
"""By what CUDA calls the device: a slice of one, as MIG makes them, has a name and a peak of its own. Where a sheet has
figures with sparsity these are half of them, as its footnote says. Of fp32 there are none, for convolutions may be made
in TF32 then; of CPUs there are none, for what they reach depends on clocks, neighbours and sizes."""


def utilisation(training: Mapping[str, Any], computer: Computer, processes: int) -> dict[str, Any]:
    """Return what a result says under ``model_flops``; nothing where a phase's operations are not known.

    Seconds are those of the phases, with their validation and checkpoints.

    Args:
        training: What a result says under ``training``.
        computer: Of each process.
        processes: That trained together, each on a device of its own.
    """
    trained = [phase for phase in training["phases"] if "steps" in phase]
    if any(phase.get("flops") is None for phase in trained):
        return {}
    total, steps, rows, seconds = (
        sum(phase[key] for phase in trained) for key in ("flops", "steps", "rows", "seconds")
    )
    if not total or not seconds:
        return {}
    told = {
        "total": total,
        "per_step": round(total / steps),
        "per_example": round(total / rows),
        "per_s": round(total / seconds),
    }
    name = torch.cuda.get_device_name(computer.device) if computer.device.type == "cuda" else ""
    peak = known_peak(name, computer.precision)
    if peak is None:
        return told
    whole = round(1e12 * peak.tflops * processes)
    return {**told, "peak_per_s": whole, "peak_source": peak.source, "mfu": round(total / seconds / whole, 4)}


def known_peak(name: str, precision: str) -> Peak | None:
    """Return what is known of the device that CUDA calls `name` at this precision; None where nothing is."""
    peak = PEAKS.get(name)
    if peak is None or precision == "fp32" or (precision == "bf16" and not peak.bf16):
        return None
    return peak
