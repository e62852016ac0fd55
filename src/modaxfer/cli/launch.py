"""``modaxfer launch``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from modaxfer.cli.command import Command
from modaxfer.cli.engines import RESOURCE
from modaxfer.cli.options import pairs_of, settings
from modaxfer.cli.output import print_lines
from modaxfer.errors import ConfigError

__all__ = ["launch_command"]


@click.command(
    "launch", cls=Command, context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
@click.option("--nodes", type=click.IntRange(1), default=2, metavar="N", help="Machines. Default: 2.")
@click.option("--per-node", type=click.IntRange(1), default=1, metavar="N", help="Processes on each: one for each GPU.")
@click.option("--host", metavar="HOST[:PORT]", default="HOST", help="The first machine, where all processes meet.")
@click.option("--slurm", is_flag=True, help="Write a script for sbatch in place of a line for torchrun.")
@click.option(
    "--shard", is_flag=True, help="Cut the frozen layers over the processes (FSDP2): strategies lora, adapter, frozen."
)
@RESOURCE
@click.option("--print", "printed", is_flag=True, help="Print the lines; your cluster starts them.")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="train ...")
def launch_command(
    nodes: int,
    per_node: int,
    host: str,
    slurm: bool,
    shard: bool,
    resource: Sequence[str],
    printed: bool,
    words: tuple[str, ...],
) -> None:
    """Write the lines that start one training on several machines, each process with the whole model (DDP).

    With --shard each holds its share of the frozen layers, and gathers one when it runs.

    \b
    modaxfer launch --nodes 2 --per-node 4 --host node1 --print train --encoder vit --strategy lora --task digits \\
      --output /shared/run
    modaxfer launch --nodes 2 --per-node 4 --slurm --resource gpus=1 --print train ... > run.sbatch

    The machines share the folder of the run, the data and an environment. Resources are those of each process.
    """  # noqa: D301 - click's mark for lines kept as they are
    from modaxfer.config import build
    from modaxfer.engines.nodes import Nodes, sbatch_script, torchrun_line
    from modaxfer.engines.resources import Resources
    from modaxfer.runner.processes.shards import SHARD

    if not printed:
        raise ConfigError("launch starts nothing by itself", fix="add --print, and run the lines on your machines")
    output = _checked(words)
    if shard and nodes * per_node == 1:
        raise ConfigError(
            "one process has nothing to share a model with",
            got="--shard with 1 process",
            fix="say --nodes and --per-node, or leave --shard out",
        )
    environment = f"{SHARD}=1" if shard else ""
    machines = Nodes(nodes=nodes, per_node=per_node, host=host, environment=environment)
    given = pairs_of("--resource", resource, "cpus=2")
    if not slurm:
        if given:
            raise ConfigError("torchrun sets nothing aside", got=sorted(given), fix="leave --resource out, or --slurm")
        print_lines(f"# on each of {nodes} machines")
        print_lines(torchrun_line(machines, words), whole=True)
        return
    print_lines(sbatch_script(machines, words, build(Resources, given, where="resource "), output=output), whole=True)


def _checked(words: Sequence[str]) -> str:
    """Return the folder of the run that `words` ask for, which are those of ``modaxfer train``."""
    if not words or words[0] != "train":
        raise ConfigError(
            "one training is started on several machines",
            got=words[0] if words else "nothing",
            fix="write it behind: modaxfer launch --print train --encoder ...; for many trainings --engine slurm",
        )
    from modaxfer.api import make_config
    from modaxfer.cli.train import train_command

    values: dict[str, Any] = dict(train_command.make_context("train", list(words[1:])).params)
    path = values.pop("path")
    for name in ("resume", "overwrite", "cell", "quiet", "as_json"):
        values.pop(name)
    config = make_config(path, **settings(values))
    if config.num_processes > 1:
        raise ConfigError(
            "torchrun says how many processes there are",
            got=f"--num-processes {config.num_processes}",
            fix="leave it out, and say --nodes and --per-node",
        )
    if config.output is None:
        raise ConfigError(
            "every machine has to know the folder of the run", fix="name one that all of them share with --output"
        )
    return config.output
