"""The runs that a plan joins: found, and refused where their weights do not belong together; none is loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modaxfer.config import RunConfig, build, read_yaml
from modaxfer.encoders.checkpoints import ResolvedEncoder, resolve
from modaxfer.encoders.load import weights_hash
from modaxfer.encoders.runs import find_run, read_description
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.runner.kinds import without_companions

if TYPE_CHECKING:
    from modaxfer.plan import Plan
    from modaxfer.runner.model.description import TowerDescription

__all__ = ["ALIKE", "find_merged", "merge_config"]

KEPT = ("encoder.", "bridge.", "train.max_tokens", "train.cache")
"""Options of the first run that say how rows go through the model."""

HEAD = "modaxfer/linear"
"""The head that has a mean: a point between two linear maps is one."""

ALIKE = ("encoder_options", "bridge", "layout", "readout", "segments")
"""What stands of a tower in ``model.json`` and has to be the same in all runs, so that one head can read them."""


def find_merged(config: RunConfig, plan: Plan, tower: TowerDescription) -> tuple[ResolvedEncoder, ...]:
    """Return the encoders of the runs that `plan` joins, in their order; none where it joins none.

    Args:
        config: Of the run that joins them.
        plan: Says which.
        tower: What that run starts from.

    Raises:
        ConfigError: A run is named twice, or is no run.
        RefusedError: The runs, or this one, do not start from one checkpoint, are fed or read in other ways, or have
            heads without a mean.
        CheckpointUnavailableError: A run is not finished.
        DataError: A run is damaged.
    """
    if plan.merge is None:
        return ()
    runs = [str(Path(run).expanduser()) for run in plan.merge.runs]
    _refuse_names(runs)
    if config.weights == "random" or config.baseline:
        raise RefusedError(
            "runs are joined around the checkpoint that they started from, and nothing is trained",
            got="random weights" if config.weights == "random" else f"baseline {', '.join(config.baseline)}",
            fix="leave it out",
        )
    towers = [_only_tower(run) for run in runs]
    own = weights_hash(tower.encoder)
    for run, told in zip(runs, towers, strict=True):
        _refuse_other_start(run, told["encoder"], tower, own)
        _refuse_other_way(run, told, towers[0], runs[0])
    if tower.bridge.spec.trained:
        raise RefusedError(
            f"bridge {tower.bridge.id} is trained from random weights in each run, and has no mean",
            got=runs,
            fix="join runs whose bridge has no weights (`modaxfer list bridges`)",
        )
    if towers[0]["bridge"]["id"] != tower.bridge.id:
        raise RefusedError(
            "the runs go over another bridge than this one", got=towers[0]["bridge"]["id"], allowed=tower.bridge.id,
            fix="name theirs with --bridge",
        )  # fmt: skip
    return tuple(resolve(run, trust_remote_code=config.trust_remote_code) for run in runs)


def merge_config(runs: Sequence[str], options: Mapping[str, Any], output: str | None) -> RunConfig:
    """Return the request that joins `runs`: the first one's task, encoder and bridge, with strategy ``merge``.

    Args:
        runs: Folders.
        options: Of strategy ``merge``, beside `runs`.
        output: Folder of the new run.

    Raises:
        ConfigError: One is no run, or there are fewer than two.
    """
    if len(runs) < 2:
        raise ConfigError("one run has nothing to be joined with", got=list(runs), fix="name two or more")
    _refuse_names(runs)
    first = build(RunConfig, read_yaml(Path(runs[0]).expanduser() / "config.yaml"))
    first = replace(first, **without_companions(first))
    kept = {key: value for key, value in first.set.items() if key.startswith(KEPT)}
    merging = {"strategy.runs": [str(Path(run).expanduser().resolve()) for run in runs]}
    merging |= {f"strategy.{name}": value for name, value in options.items()}
    usual = RunConfig()
    idle = ("source_task", "map_classes", "bound", "augment", "epochs", "learning_rate", "batch_size", "num_processes")
    plain = replace(first, **{name: getattr(usual, name) for name in idle})
    return replace(plain, strategy="merge", output=output, set={**kept, **merging})


def _refuse_names(runs: Sequence[str]) -> None:
    if len({Path(run).resolve() for run in runs}) < len(runs):
        raise ConfigError(
            "a run is named twice", got=runs, fix="name each once; --set weights=... makes one count more"
        )
    missing = [run for run in runs if find_run(run) is None]
    if missing:
        raise ConfigError("this is no run", got=missing, fix="name folders that `modaxfer train` wrote")


def _only_tower(run: str) -> Mapping[str, Any]:
    """Return what ``model.json`` says of the encoder of a run, with its classes and head."""
    values = read_description(Path(run))
    if len(values["towers"]) > 1:
        raise RefusedError(
            "a run of several encoders is not joined with others", got=run, allowed="runs of one encoder",
            fix="name another",
        )  # fmt: skip
    head = values["head"].get("kind")
    if head != HEAD:
        raise RefusedError(
            f"heads of kind {head} have no mean", got=run, allowed=HEAD, fix="join runs of full, lora and the like"
        )
    tower: dict[str, Any] = values["towers"][0]
    return tower


def _refuse_other_start(run: str, told: Mapping[str, Any], tower: TowerDescription, own: str | None) -> None:
    if (told["id"], told["sha256"]) != (tower.encoder.id, own):
        raise RefusedError(
            f"{run} does not start from the same checkpoint, so what it has added to that means nothing here",
            got=f"{told['id']}, {told['checkpoint']} (sha256 {str(told['sha256'])[:12]})",
            allowed=f"{tower.encoder.id}, {tower.encoder.checkpoint} (sha256 {str(own)[:12]})",
            fix="join runs of one checkpoint",
        )


def _refuse_other_way(run: str, told: Mapping[str, Any], first: Mapping[str, Any], name: str) -> None:
    other = [key for key in ALIKE if told[key] != first[key]]
    if other:
        raise RefusedError(
            f"{run} is fed or read in another way than {name}",
            got=_told(told, other),
            allowed=_told(first, other),
            fix="join runs with the same bridge and the same encoder settings",
        )


def _told(tower: Mapping[str, Any], keys: Sequence[str]) -> str:
    return "; ".join(f"{key}: {json.dumps(tower[key])}" for key in keys)
