"""By what the epochs of a plan are chosen: its validators, and whose labels they are shown."""

from __future__ import annotations

from modaxfer.plan import Phase, Plan, Role
from modaxfer.validators.build import needs_labels

__all__ = ["NO_LABELS", "validated_on", "validators_of"]

NO_LABELS = "no labels"
"""What `validated_on` returns where validators are shown none."""


def validated_on(plan: Plan) -> str:
    """Return whose validation labels choose: ``source``, ``target``, ``source and target``, or `NO_LABELS`.

    A head that is fitted in closed form is chosen by the labels that its streams are given.
    """
    found = {role for phase in plan.phases for role in _shown(phase)}
    return " and ".join(role.value for role in (Role.SOURCE, Role.TARGET) if role in found) or NO_LABELS


def validators_of(plan: Plan) -> list[str]:
    """Return the validators of the phases that are trained by gradient, each once."""
    return list(dict.fromkeys(str(phase.validator) for phase in plan.phases if phase.solver is None))


def _shown(phase: Phase) -> set[Role]:
    """Return the roles of the tasks whose validation labels choose what `phase` leaves behind."""
    if phase.solver is None and not needs_labels(phase.validator):
        return set()
    return {stream.role for name, stream in phase.streams.items() if phase.judges(name)}
