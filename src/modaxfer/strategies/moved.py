"""What strategies that move source features in closed form have in common: one frozen view, and a head fitted to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modaxfer.config import documented
from modaxfer.errors import RefusedError
from modaxfer.heads.search_options import SEARCH_ROWS, SearchOptions, heads_for
from modaxfer.plan import Labels, Part, Phase, Plan, Role, Solver, Stream

if TYPE_CHECKING:
    from modaxfer.plan import PlanContext

__all__ = ["MovedOptions", "moved"]

PLAIN = "modaxfer.heads.classical:fit"


@dataclass(frozen=True, kw_only=True)
class MovedOptions:
    """Which features are read, and by what."""

    layer: str = documented("last", "In closed form: layer read, last or a number, 0 = embeddings.")
    pooling: str = documented("mean", "In closed form: how tokens are pooled.", choices=("cls", "mean", "mean_std"))
    head: str = documented("auto", "In closed form: the head, auto or one of `modaxfer list classical_heads`.")


def moved(target: str, options: MovedOptions, context: PlanContext, own: Any = None) -> Plan:
    """Return a plan that fits a head to source features which `target` has moved; nothing takes a step.

    Args:
        target: Names the solver.
        options: Of the strategy.
        context: Of the run.
        own: Returns what the solver is told, given the options of the search; None = those.

    Raises:
        RefusedError: There is no closed form for the problem, or a bridge has to be trained.
        UnknownNameError: There is no such head.
    """
    if context.trained_bridge or not context.problem.link:
        raise RefusedError(
            "features are moved in closed form where they are there from the start and a head can be solved for",
            got="a bridge that is trained" if context.trained_bridge else f"a {context.problem.name} target",
            fix="choose a strategy that takes steps, such as --strategy coral",
        )
    if not (options.layer == "last" or (options.layer.isdecimal() and int(options.layer) <= context.depth)):
        raise RefusedError(
            "a move is of one layer", got=f"strategy.layer={options.layer}", allowed=f"last, 0 to {context.depth}",
            fix="correct the value",
        )  # fmt: skip
    heads_for(options.head, context.problem)
    search = SearchOptions(head=options.head, layer=options.layer, pooling=options.pooling)
    solver = Solver(
        target=target,
        options=search if own is None else own(search),
        plain=Solver(target=PLAIN, options=search, sample_rows=SEARCH_ROWS),
    )
    streams = {"source": Stream(role=Role.SOURCE), "target": Stream(labels=Labels.HIDDEN)}
    return Plan(phases=(Phase(name="solve", trainable=frozenset({Part.HEAD}), streams=streams, solver=solver),))
