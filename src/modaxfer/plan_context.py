"""What a strategy is told before it writes its plan."""

from __future__ import annotations

from dataclasses import dataclass

from modaxfer.spec import ProblemSpec, Rates

__all__ = ["PlanContext"]


@dataclass(frozen=True, kw_only=True)
class PlanContext:
    """What a strategy may know when it writes its plan: sizes and safe rates, no names, no files."""

    rates: Rates
    depth: int
    """Layers of the encoder's body."""
    adapter_targets: tuple[str, ...]
    problem: ProblemSpec
    """What the target asks for; of several tasks the first one's."""
    rows: int
    """Training rows, of all target tasks."""
    source_rows: int = 0
    """Training rows of the source task, where there is one."""
    from_run: bool = False
    """Whether a whole run stands behind ``--encoder``, see `modaxfer.plan.Plan.head_from_run`."""
    unlabelled_rows: int = 0
    """Rows that come without labels beside those of the task, ``--unlabelled``."""
    tasks: int = 1
    """Target tasks."""
    batch_size: int
    epochs: float | None = None
    """The user's setting; None leaves it to the strategy."""
    learning_rate: float | None = None
    """The user's setting of the main peak rate; None leaves it to the strategy."""
    trained_bridge: bool = False
    """Whether a bridge has weights that must be trained."""
    private: bool = False
    """Whether training rows are protected, ``--private``: then nothing may be fitted to them in closed form."""
    pretrained: bool = True
    """Whether the encoder's weights are pretrained; a random body has nothing worth freezing."""
