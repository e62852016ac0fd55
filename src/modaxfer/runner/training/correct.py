"""The end of a plan that corrects what the model says: shown outputs by stream, it puts a head around the head."""

from __future__ import annotations

from typing import Any

from modaxfer.contracts import Corrected, CorrectionContext, Seen
from modaxfer.heads.build import head_config
from modaxfer.plan import Correction, Labels, Role, Stream
from modaxfer.registry import call_target, fault
from modaxfer.runner.model.said import read_said
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.session import TaskSession
from modaxfer.runner.training.features import entry_point
from modaxfer.runner.training.seen import seen_rows
from modaxfer.runner.training.streams import Sessions

__all__ = ["correct"]


def correct(sessions: Sessions, correction: Correction, resolved: ResolvedTask) -> dict[str, Any]:
    """Fit `correction` to what the trained model says, and leave the corrected head in it.

    Args:
        sessions: Of all tasks of the run.
        correction: Of the plan.
        resolved: The task.

    Returns:
        Its name, with what it reports of itself.

    Raises:
        ConfigError: The head that it gives cannot be saved.
        DataError: The run that is gone on with does not say what its model said of its validation rows.
    """
    session = sessions[Role.TARGET, 0]
    session.model.eval()
    context = CorrectionContext(
        seen={name: _seen(stream, sessions, resolved) for name, stream in correction.streams.items()},
        head=session.model.head,
        problem=session.problem,
        criterion=session.criterion,
        classes=resolved.data.classes,
        seed=session.seed,
    )
    kind = f"correction {correction.name}"
    made: Any = call_target(correction.target, context, kind=kind, **correction.options)
    if not isinstance(made, Corrected):
        got, allowed = type(made).__name__, "modaxfer.contracts.Corrected"
        raise fault(correction.target, "returned no corrected head", got=got, allowed=allowed, kind=kind)
    head_config(made.head)
    session.model.head = made.head.to(session.computer.device)
    for warning in made.warnings:
        session.tell(warning)
    session.progress.say(f"  {correction.name}: {made.told}" if made.told else f"  {correction.name}")
    return {"name": correction.name, **made.report}


def _seen(stream: Stream, sessions: Sessions, resolved: ResolvedTask) -> Seen:
    key = (stream.role, stream.task)
    if key not in sessions and resolved.parent is not None:
        return read_said(resolved.parent)
    session = sessions[key]
    seen = seen_rows(session, stream.split, entry_point(session, stream.split))
    return _with_targets(seen, session, stream.split) if stream.labels is Labels.GIVEN else seen


def _with_targets(seen: Seen, session: TaskSession, split: str) -> Seen:
    targets = session.splits[split].targets
    predictions, scores = session.criterion.decode(seen.outputs)
    judged = session.judge(targets, predictions, scores)
    return Seen(outputs=seen.outputs, pooled=seen.pooled, targets=targets, score=lambda: judged)
