"""The weights of finished runs, joined: nothing is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modaxfer.config import documented
from modaxfer.errors import ConfigError
from modaxfer.plan import Merge, Part, Phase, Plan
from modaxfer.strategies.checks import check_declared, check_idle

if TYPE_CHECKING:
    from modaxfer.plan import PlanContext

__all__ = ["MergeOptions", "plan"]

METHODS = ("average", "task-arithmetic", "ties", "dare")

DENSITY = {"ties": 0.2, "dare": 0.1}
"""Share of each run's changes that is kept where nothing is said: the papers' own. Other methods keep all."""


@dataclass(frozen=True, kw_only=True)
class MergeOptions:
    """Options of strategy ``merge``."""

    runs: tuple[str, ...] = documented((), "Folders of the runs, two or more; `modaxfer merge` fills them in.")
    method: str = documented(
        "average",
        "How they are joined: the mean of their weights; task vectors added up; trimmed to their largest entries and "
        "agreed upon in sign (TIES); or with entries dropped at random (DARE).",
        choices=METHODS,
    )
    weights: tuple[float, ...] = documented((), "How much each run counts, in their order; default all alike.")
    density: float | None = documented(
        None, "ties, dare: share of each run's changes that is kept; default 0.2 and 0.1.", above=0.0, maximum=1.0
    )
    scale: float | None = documented(
        None, "Factor on what is added to the checkpoint; default 1 of an average, else validation's choice."
    )
    drop_seed: int = documented(0, "dare: seed of what is dropped.", minimum=0)


def plan(options: MergeOptions, context: PlanContext) -> Plan:
    """Return a plan that begins with joined weights and has no epochs.

    Raises:
        ConfigError: There are fewer than two runs, weights are not one per run, or an option does nothing.
    """
    check_declared(options)
    if len(options.runs) < 2:
        raise ConfigError(
            "strategy merge joins finished runs", got=list(options.runs) or "no run", allowed="two or more",
            fix="`modaxfer merge RUN RUN --output FOLDER`",
        )  # fmt: skip
    if options.weights and (len(options.weights) != len(options.runs) or sum(options.weights) == 0):
        raise ConfigError(
            "strategy.weights are one per run, and do not add up to nothing", got=list(options.weights),
            allowed=f"{len(options.runs)} numbers", fix="correct them, or leave them out",
        )  # fmt: skip
    idle = [] if options.method in DENSITY else ["density"]
    check_idle(options, idle + ([] if options.method == "dare" else ["drop_seed"]), f"method={options.method}")
    density = options.density if options.density is not None else DENSITY.get(options.method, 1.0)
    merge = Merge(
        runs=options.runs, method=options.method, weights=options.weights, density=density, scale=options.scale,
        seed=options.drop_seed,
    )  # fmt: skip
    rates = {Part.EMBEDDINGS: 0.0, Part.BODY: 0.0, Part.HEAD: 0.0}
    phase = Phase(name="merge", trainable=frozenset(rates), learning_rates=rates, epochs=0)
    return Plan(phases=(phase,), merge=merge)
