"""Parameters that a plan chooses by their names: patterns that fit nothing are refused before weights are loaded."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from modaxfer.encoders.load import outline
from modaxfer.errors import RefusedError
from modaxfer.plan import Parameters, Part

if TYPE_CHECKING:
    from modaxfer.plan import Plan
    from modaxfer.runner.model.description import TowerDescription

__all__ = ["refuse_unfitting"]

OF_ENCODERS = frozenset({Part.EMBEDDINGS, Part.BODY, Part.NORM})
"""Parts whose names are known without an adapter, a bridge or a head."""

SHOWN = 8
"""Names that a message shows."""


def refuse_unfitting(plan: Plan, towers: Sequence[TowerDescription]) -> None:
    """Refuse patterns of names that no parameter of the encoders has.

    Those of bridge, head and adapter are looked at as their phase begins.

    Raises:
        RefusedError: One fits nothing; shows names that there are.
    """
    said = chain.from_iterable((*phase.trainable, *phase.learning_rates, *phase.no_decay) for phase in plan.phases)
    asked = {each for each in said if isinstance(each, Parameters) and each.part in OF_ENCODERS}
    if not asked:
        return
    modules: list[Any] = [outline(tower.encoder) for tower in towers]
    names = [name for module in modules for name, _ in module.named_parameters()]
    for parameters in sorted(asked, key=str):
        for pattern in parameters.names:
            if not any(Parameters(part=parameters.part, names=(pattern,)).fits(name) for name in names):
                raise RefusedError(
                    f"the plan moves parameters of the {parameters.part} that the encoder does not have",
                    got=pattern,
                    allowed=f"{', '.join(names[-SHOWN:])} and others, * for anything",
                    fix="correct the pattern in the strategy's plan",
                )
