"""The lines that start one training on several machines: torchrun on each, or a script for sbatch."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from modaxfer.engines.resources import Resources

__all__ = ["PORT", "Nodes", "sbatch_script", "torchrun_line"]

PORT = 29500
"""Where the first machine listens, as torchrun has it."""


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """Machines, and processes on each."""

    nodes: int
    per_node: int
    """One for each GPU; on CPUs few, which share the cores."""
    host: str = "HOST"
    """Name of the first machine, with a port or without."""
    environment: str = ""
    """Set for all processes, as ``NAME=VALUE``."""

    @property
    def endpoint(self) -> str:
        """Where processes meet."""
        return self.host if ":" in self.host else f"{self.host}:{PORT}"


def torchrun_line(nodes: Nodes, words: Sequence[str], *, name: str = "modaxfer") -> str:
    """Return the line that is run on every machine; ``words`` are those behind ``modaxfer``."""
    line = _line(nodes, shlex.quote(name), shlex.quote(nodes.endpoint), shlex.join(words))
    return f"{nodes.environment} {line}" if nodes.environment else line


MEBIBYTE = 2**20
"""What Slurm calls a megabyte; ``--mem`` takes whole numbers alone."""


def sbatch_script(nodes: Nodes, words: Sequence[str], resources: Resources, *, output: str) -> str:
    """Return a script for sbatch; a job that is requeued, or submitted again, goes on with the run in `output`."""
    cpus = resources.cpus or 1
    memory = resources.memory_gb
    asked = {
        "job-name": "modaxfer",
        "nodes": nodes.nodes,
        "ntasks-per-node": 1,
        "cpus-per-task": cpus * nodes.per_node,
        "gpus-per-node": resources.gpus * nodes.per_node or None,
        "mem": None if memory is None else f"{math.ceil(memory * 1e9 * nodes.per_node / MEBIBYTE)}M",
        "time": resources.minutes,
        "partition": resources.partition,
    }
    head = [f"#SBATCH --{key}={value}" for key, value in asked.items() if value is not None]
    first = '"$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)'
    endpoint = f'{first}:$((20000 + SLURM_JOB_ID % 10000))"'  # Two jobs may share their first machine.
    line = _line(nodes, '"$SLURM_JOB_ID"', endpoint, f"{shlex.join(words)} $RESUME")
    begun = shlex.quote(f"{output}/config.yaml")
    # torchrun gives each process one thread, and srun a task one core, where nothing says otherwise.
    told = [f"export {pair}" for pair in (f"OMP_NUM_THREADS={cpus}", nodes.environment) if pair]
    told.append(f"export SRUN_CPUS_PER_TASK={cpus * nodes.per_node}")
    resume = f"RESUME=$([ -f {begun} ] && echo --resume)"
    return "\n".join(["#!/bin/bash", *head, "#SBATCH --requeue", *told, resume, f"srun {line}"])


def _line(nodes: Nodes, name: str, endpoint: str, words: str) -> str:
    return (
        f"torchrun --nnodes {nodes.nodes} --nproc-per-node {nodes.per_node} --rdzv-backend c10d --rdzv-id {name}"
        f" --rdzv-endpoint {endpoint} -m modaxfer {words}"
    )
