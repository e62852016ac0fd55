"""Describe the machine and the libraries a measurement was made with, without naming the host."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

__all__ = ["describe_machine", "describe_versions"]

_FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
"""Processor flags that decide how fast matrices are multiplied, in fp32 and in bfloat16."""


def describe_machine() -> dict[str, Any]:
    """Return processor, usable cores, relevant processor flags, memory (10^9 bytes) and the load at this moment."""
    info = dict(_cpuinfo())
    flags = info.get("flags", "").split()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": info.get("model name", platform.machine()),
        "cores": len(os.sched_getaffinity(0)),
        "flags": [flag for flag in _FLAGS if flag in flags],
        "memory_gb": round(memory / 1e9),
        "load": round(os.getloadavg()[0], 2),
        "system": platform.system(),
    }


def describe_versions() -> dict[str, str]:
    """Return the versions that the timings depend on."""
    libraries = {name: version(name) for name in ("modaxfer", "torch", "transformers", "accelerate", "peft")}
    return {"python": platform.python_version(), **libraries}


def _cpuinfo() -> list[tuple[str, str]]:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").split("\n\n")[0].splitlines() if path.is_file() else []
    pairs = (line.partition(":") for line in lines)
    return [(name.strip(), value.strip()) for name, _, value in pairs]
