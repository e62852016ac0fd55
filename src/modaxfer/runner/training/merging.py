"""Weights of finished runs are joined and put into the model, before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from safetensors.torch import load_file

from modaxfer.contracts import Weights
from modaxfer.encoders.checkpoints import ResolvedEncoder
from modaxfer.encoders.load import load_encoder
from modaxfer.encoders.runs import read_description
from modaxfer.encoders.tensor_files import check_files
from modaxfer.errors import RefusedError
from modaxfer.plan import Merge
from modaxfer.runner.model.build import HEAD
from modaxfer.runner.session import TaskSession
from modaxfer.runner.training.best import leads
from modaxfer.runner.training.validation import Validation
from modaxfer.weight_space.merge import mean, merged, scales

__all__ = ["merge_runs"]


def merge_runs(
    session: TaskSession, merge: Merge, runs: Sequence[ResolvedEncoder], validation: Validation
) -> dict[str, Any]:
    """Put the joined weights of `runs` into the model of `session`, at the scale that validation prefers.

    Encoders are joined with their adapters merged. Heads of runs that know the classes of the first one are averaged;
    those of others have nothing to do with them and are left out.

    Args:
        session: Whose encoder has the weights of the common checkpoint.
        merge: Says how.
        runs: What the plan names, in its order.
        validation: Of the first phase.

    Returns:
        What was joined and chosen, as plain JSON types.

    Raises:
        RefusedError: The encoder of a run has other parameters.
        DataError: A file of a run is damaged.
    """
    encoder, head = session.model.towers[0].encoder, session.model.head
    base = _weights(encoder)
    options = session.described.towers[0].encoder_options
    own = [_of_run(base, run, options) for run in runs]
    heads = _heads(runs)
    head.load_state_dict(mean([tensors for tensors in heads if tensors is not None], _of_heads(merge, heads)))
    at = merged(base, own, merge)
    best, tried = None, []
    for scale in scales(merge):
        _put(encoder, at(scale))
        score = validation().score if len(scales(merge)) > 1 else 0.0
        tried.append({"scale": scale, "validation": validation.value_of(score)})
        if leads(score, None if best is None else best[1]):
            best = (scale, score)
    assert best is not None, "there is a scale"
    _put(encoder, at(best[0]))
    return {
        "method": merge.method,
        "runs": [dict(run.trained or {}) for run in runs],
        "heads": sum(tensors is not None for tensors in heads),
        "scale": best[0],
        **({"density": merge.density} if merge.density < 1 else {}),
        **({"weights": list(merge.weights)} if merge.weights else {}),
        **({"tried": tried} if len(tried) > 1 else {}),
    }


def _weights(encoder: Any) -> Weights:
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in encoder.named_parameters()}


def _of_run(base: Weights, run: ResolvedEncoder, options: Any) -> Weights:
    found = _weights(load_encoder(run, options=options))
    other = [name for name in base if name not in found or found[name].shape != base[name].shape]
    if other:
        raise RefusedError(
            f"the encoder of {run.checkpoint} has other parameters than the checkpoint", got=other[:3],
            fix="join runs of one checkpoint",
        )  # fmt: skip
    return found


def _heads(runs: Sequence[ResolvedEncoder]) -> list[Weights | None]:
    """Return the head of each run; None where its classes are not those of the first."""
    told = [read_description(run.model.parent) for run in runs if run.model is not None]
    heads: list[Weights | None] = []
    for run, values in zip(runs, told, strict=True):
        assert run.model is not None, "a run has a model"
        check_files(run.model, {HEAD: values["files"][HEAD]} if HEAD in (values.get("files") or {}) else {})
        same = all(values[key] == told[0][key] for key in ("classes", "criterion"))
        heads.append(load_file(run.model / HEAD) if same else None)
    return heads


def _of_heads(merge: Merge, heads: Sequence[Weights | None]) -> Merge:
    """Return `merge` with the weights of those runs alone whose head is taken."""
    kept = tuple(weight for weight, one in zip(merge.weights, heads, strict=False) if one is not None)
    return replace(merge, weights=kept)


def _put(encoder: Any, weights: Weights) -> None:
    with torch.no_grad():
        for name, tensor in encoder.named_parameters():
            tensor.copy_(weights[name])
