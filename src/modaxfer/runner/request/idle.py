"""What a user sets and the plan has no use for is refused: who sets something expects it to do something."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from modaxfer.config import EncoderOptions, RunConfig, TrainOptions
from modaxfer.errors import ConfigError
from modaxfer.runner.request.augmented import is_live
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.request.scratch import SCRATCH

__all__ = ["OF_FORMS", "OF_GRADIENTS", "OF_STEPS", "check_idle"]

OF_GRADIENTS = ("epochs", "learning_rate", "batch_size", "augment")
"""Settings that count only where something is trained by gradient."""

OF_SCRATCH = ("epochs", "batch_size")
"""Those of them that a baseline from scratch, which is always trained by gradient, takes over."""

OF_STEPS = (
    "warmup", "weight_decay", "clip_norm", "label_smoothing", "dropout", "accumulation", "rates", "patience",
    "checkpoint_minutes",
)  # fmt: skip
"""Options of `TrainOptions` that only steps by gradient read."""

OF_FORMS = {
    "image_size": {"image"},
    "long": {"text", "audio"},
    "max_tokens": {"text", "patches", "embeddings"},
    "seconds": {"audio"},
    "windows": {"text", "audio"},
}
"""Options of `EncoderOptions` by the forms of input that they are about."""

FORMS = set().union(*OF_FORMS.values())
"""Forms whose options are all known here; a plugin's may read what it likes."""


def check_idle(resolved: ResolvedTask, *, shared: bool) -> list[str]:
    """Refuse settings and options that nothing in `resolved` reads.

    Args:
        resolved: What will be run.
        shared: Whether they stand there for other runs too, as in a grid: then they are noted instead.

    Returns:
        What is noted, one line each.

    Raises:
        ConfigError: There are such; names each and why it plays no part.
    """
    given = {
        **{_flag(name): value for name, value in _changed(resolved.config, RunConfig()) if name in OF_GRADIENTS},
        **{f"train.{name}": value for name, value in _changed(resolved.options.train, TrainOptions())},
        **{f"encoder.{name}": value for name, value in _changed(resolved.options.encoder, EncoderOptions())},
    }
    idle = {key: why for key, why in _idle(resolved) if key in given}
    lines = [f"{key} plays no part here: {why}" for key, why in idle.items()]
    if not lines or shared:
        return lines
    raise ConfigError(
        "; ".join(lines),
        got=[f"{key} {given[key]}" if key.startswith("--") else f"{key}={given[key]}" for key in idle],
        fix=f"leave {', '.join(idle)} out",
    )


def _idle(resolved: ResolvedTask) -> Iterator[tuple[str, str]]:
    """Yield every setting and option that `resolved` does not read, set or not, with the reason."""
    solved = [phase for phase in resolved.plan.phases if phase.solver is not None]
    if len(solved) == len(resolved.plan.phases):
        yield from _idle_without_steps(resolved)
    elif not any(phase.epochs for phase in resolved.plan.phases):
        untrained = f"strategy {resolved.strategy.name} trains nothing"
        yield from ((_flag(name), untrained) for name in OF_GRADIENTS if name != "batch_size")
        yield from ((f"train.{name}", untrained) for name in OF_STEPS)
    elif solved:
        yield from _idle_beside_a_closed_form(resolved, first=resolved.plan.phases[0] in solved)
    if resolved.teacher is None:
        yield from ((f"train.{name}", "there is no --teacher") for name in ("teacher_share", "teacher_temperature"))
    if resolved.plan.privacy is None:
        yield from ((f"train.{name}", "there is no --private") for name in ("delta", "repeatable"))
    if not any(described.bridge.spec.trained for described in resolved.towers):
        yield "train.bridge_rate", "no bridge is trained"
    forms = {described.bridge.spec.sink for described in resolved.towers}
    takes = f"the encoder is given {' and '.join(sorted(forms))}"
    if forms <= FORMS:
        yield from ((f"encoder.{name}", takes) for name, about in OF_FORMS.items() if not about & forms)
    trained = [phase for phase in resolved.plan.phases if phase.solver is None]
    if not any(is_live(stream) for phase in trained for stream in phase.streams.values()):
        yield "train.workers", "no rows are augmented"
    if resolved.options.encoder.long != "mean_of_windows":
        yield "encoder.windows", "encoder.long is not mean_of_windows"


def _idle_beside_a_closed_form(resolved: ResolvedTask, *, first: bool) -> Iterator[tuple[str, str]]:
    """Yield what has no part where a head is fitted before steps (`first`) or after them."""
    if SCRATCH not in resolved.config.baseline:
        yield "train.rates", "a head is fitted in closed form, once"
    if first:
        yield from ((f"encoder.{name}", "the head in closed form chooses it") for name in ("layer", "pooling"))


def _idle_without_steps(resolved: ResolvedTask) -> Iterator[tuple[str, str]]:
    """Yield what only steps read; the baseline from scratch and the source stage take steps, with the same options."""
    stepped = SCRATCH in resolved.config.baseline or _has_stage(resolved)
    does = "fits its head in closed form" if resolved.plan.phases else "trains nothing"
    closed = f"strategy {resolved.strategy.name} {does} and takes no steps"
    yield from ((_flag(name), closed) for name in OF_GRADIENTS if not (stepped and name in OF_SCRATCH))
    yield from ((f"train.{name}", closed) for name in OF_STEPS if not stepped)
    if not resolved.plan.phases:
        return
    chooses = "the head's search chooses it; --set strategy.{} says otherwise"
    yield from ((f"encoder.{name}", chooses.format(name)) for name in ("layer", "pooling"))


def _changed(options: object, usual: object) -> Iterator[tuple[str, object]]:
    for item in dataclasses.fields(usual):  # type: ignore[arg-type]
        if getattr(options, item.name) != getattr(usual, item.name):
            yield item.name, getattr(options, item.name)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _has_stage(resolved: ResolvedTask) -> bool:
    """Return whether a source is learned before the task, with the same options."""
    return bool(resolved.config.source_task) and not resolved.strategy.spec.adapts
