"""Flags that say where runs are made, and what each is given there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from modaxfer.cli.options import pairs_of

__all__ = ["RESOURCE", "engine_of", "engine_options"]


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--engine``, ``--jobs`` and ``--resource`` to `command`."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


RESOURCE = click.option(
    "--resource",
    metavar="KEY=VALUE",
    multiple=True,
    help="What each is given: cpus, gpus, memory_gb, minutes, partition, cluster. May be repeated.",
)

OPTIONS = (
    click.option(
        "--engine",
        metavar="X",
        help="Where to run: local (processes of this machine), ray, slurm. Default: one by one, in this process.",
    ),
    click.option("--jobs", metavar="N", help="How many run at once; alone it means --engine local."),
    RESOURCE,
)


def engine_of(values: dict[str, Any]) -> dict[str, Any]:
    """Take the flags out of `values` and return them as keywords of Python's face.

    Raises:
        ConfigError: A ``--resource`` is not KEY=VALUE.
    """
    pairs = pairs_of("--resource", values.pop("resource", ()), "cpus=2")
    return {"engine": values.pop("engine", None), "jobs": values.pop("jobs", None), "resources": pairs}
