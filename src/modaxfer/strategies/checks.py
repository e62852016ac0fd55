"""Checks that options made in Python pass as well as options from the command line."""

from __future__ import annotations

import dataclasses
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from modaxfer.config import build
from modaxfer.errors import ConfigError, MissingPackageError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modaxfer.plan import PlanContext

__all__ = ["check_declared", "check_from_layer", "check_idle", "check_installed", "check_one_class", "check_share"]


def check_declared(options: Any) -> None:
    """Check choices and minima that the fields of the dataclass `options` declare.

    Raises:
        ConfigError: A value is out of range.
    """
    values = {item.name: getattr(options, item.name) for item in dataclasses.fields(options)}
    build(type(options), values, "strategy.")


def check_from_layer(from_layer: int, context: PlanContext) -> None:
    """Check that at least one layer of the body is left to train.

    Raises:
        ConfigError: `from_layer` is not below the encoder's depth.
    """
    if from_layer >= context.depth:
        raise ConfigError(
            "strategy.from_layer leaves no layer to train",
            got=from_layer,
            allowed=f"0 to {context.depth - 1}",
            fix="choose a lower layer, or strategy `frozen`",
        )


def check_idle(options: Any, names: Sequence[str], choice: str) -> None:
    """Check that options which `choice` does not heed stand at their defaults: no setting is ignored in silence.

    Raises:
        ConfigError: One does not.
    """
    defaults = {item.name: item.default for item in dataclasses.fields(options)}
    set_away = [name for name in names if getattr(options, name) != defaults[name]]
    if set_away:
        raise ConfigError(
            f"{', '.join(f'strategy.{name}' for name in set_away)} would do nothing with {choice}",
            got=[f"{name}={getattr(options, name)}" for name in set_away],
            fix="leave it out, or choose otherwise",
        )


def check_installed(package: str, purpose: str, install: str) -> None:
    """Check that an optional package is there, before anything is loaded.

    Raises:
        MissingPackageError: `package` is not installed, with the line that does it.
    """
    if find_spec(package) is None:
        raise MissingPackageError(package, purpose, install)


def check_one_class(
    strategy: str, context: PlanContext, *, about: str = "the classes that rows without labels are taken for"
) -> None:
    """Check that each row has one class, of which a model gives probabilities.

    Args:
        strategy: Its name.
        context: Of the run.
        about: What the strategy is about, for people.

    Raises:
        RefusedError: The task asks for something else.
    """
    if context.problem.link != "softmax" or context.problem.ragged:
        raise RefusedError(
            f"strategy {strategy} is about {about}",
            got=f"a {context.problem.name} target",
            allowed="one class per row: binary, multiclass",
            fix="choose another strategy (`modaxfer list strategies`)",
        )


def check_share(name: str, value: float, *, one_allowed: bool) -> None:
    """Check that `value` lies between 0 and 1.

    Raises:
        ConfigError: It does not.
    """
    if not (0 <= value < 1 or (one_allowed and value == 1)):
        allowed = "0 to 1" if one_allowed else "0 to below 1"
        raise ConfigError(f"strategy.{name} is out of range", got=value, allowed=allowed, fix="correct the value")
