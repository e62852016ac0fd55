"""The streams of a step by what their tasks are to the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer.errors import RefusedError
from modaxfer.plan import Role

if TYPE_CHECKING:
    from modaxfer.contracts import LossContext, Step, StreamBatch

__all__ = ["of_role", "require_roles"]


def of_role(step: Step, role: Role) -> list[StreamBatch]:
    """Return the step's streams of `role`, in the order of the phase."""
    return [stream for stream in step.streams.values() if stream.role is role]


def require_roles(context: LossContext, loss: str) -> None:
    """Refuse streams that are not of both roles.

    Args:
        context: What `loss` is built from.
        loss: Its name, for people.

    Raises:
        RefusedError: There is no stream of the source, or none of the target.
    """
    found = {facts.role for facts in context.streams.values()}
    if found != set(Role):
        raise RefusedError(
            f"loss {loss} compares a source with a target",
            got=f"streams of the {' and '.join(sorted(found))} alone",
            allowed="at least one stream of each role",
            fix="correct the plan",
        )
