"""A solved head, kept for a run that is killed later: what it was fitted to may be out of reach by then."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from safetensors.torch import load_file

from modaxfer.contracts import Readout
from modaxfer.heads.build import build_head, head_config
from modaxfer.registry import problem_of
from modaxfer.result import write_atomically
from modaxfer.runner.session import TaskSession
from modaxfer.runner.tensors import write_tensors
from modaxfer.runner.training.checkpoint import Checkpoints

__all__ = ["solved_once"]


def solved_once(
    session: TaskSession, name: str, checkpoints: Checkpoints, solve: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Return the report of `solve`, which leaves head, readout and criterion in `session`; a resumed run reads them.

    Args:
        session: Of the task that is solved.
        name: Of what is kept, unique in the run.
        checkpoints: Of the run.
        solve: Fits the head.
    """
    place = checkpoints.folder / f"{name}.json"
    if place.is_file():
        return _restored(session, json.loads(place.read_text(encoding="utf-8")), checkpoints, name)
    report = solve()
    if checkpoints.writes:
        checkpoints.folder.mkdir(parents=True, exist_ok=True)
        write_tensors(session.model.head.state_dict(), checkpoints.folder / f"{name}.safetensors")
        kept = {
            "head": head_config(session.model.head),
            "readouts": [asdict(tower.readout) for tower in session.model.towers],
            "criterion": dict(session.criterion.state()),
            "report": report,
        }
        write_atomically(place, json.dumps(kept))
    session.accelerator.wait_for_everyone()
    return report


def _restored(session: TaskSession, kept: dict[str, Any], checkpoints: Checkpoints, name: str) -> dict[str, Any]:
    head = build_head(kept["head"])
    head.load_state_dict(load_file(checkpoints.folder / f"{name}.safetensors"))
    session.model.head = head.to(session.computer.device)
    for tower, readout in zip(session.model.towers, kept["readouts"], strict=True):
        tower.readout = Readout(**{**readout, "layers": tuple(readout["layers"]), "weights": tuple(readout["weights"])})
    session.criterion = problem_of(session.problem).restored(kept["criterion"])
    report: dict[str, Any] = kept["report"]
    session.warnings.extend(report.get("left_out", ()))
    return report | {"features_s": 0.0, "search_s": 0.0}
