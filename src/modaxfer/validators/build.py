"""A phase's validator: built from its plan, and held to what it promises."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modaxfer.registry import build_target, calling, fault, load_target

if TYPE_CHECKING:
    from modaxfer.contracts import Seen, Validator, ValidatorContext
    from modaxfer.plan import Component

__all__ = ["build_validator", "judged", "needs_labels"]


def needs_labels(component: Component) -> bool:
    """Tell whether a validator needs a stream that shows its targets; one that needs none is shown none."""
    return bool(load_target(component.target).needs_labels)


def build_validator(component: Component, context: ValidatorContext) -> Validator:
    """Return the validator that `component` names, told of targets only if it needs some.

    Raises:
        ConfigError: It does not take what it is given.
        RefusedError: It has no use for streams like these.
    """
    if not needs_labels(component):
        hidden = {name: replace(facts, targets=None) for name, facts in context.streams.items()}
        context = replace(context, streams=hidden)
    validator: Validator = build_target("the validator", component.target, (context,), component.options)
    return validator


def judged(component: Component, validator: Validator, seen: Mapping[str, Seen]) -> float:
    """Return what `validator` makes of what the model says; minus infinity where that is undefined.

    Raises:
        PluginFaultError: It fails; it is no number, or one that cannot be compared.
    """
    if not validator.needs_labels:
        seen = {name: replace(each, targets=None, score=None) for name, each in seen.items()}
    kind = f"validator {component}"
    with calling(component.target, kind):
        found: Any = validator(seen)
    try:
        score = float(found)
    except (TypeError, ValueError, RuntimeError):
        score = math.nan
    if math.isnan(score) or score == math.inf:
        raise fault(
            component.target,
            "gives nothing by which epochs can be compared",
            got=repr(found),
            allowed="a finite number, greater is better; or minus infinity where it is undefined",
            kind=kind,
            at=type(validator).__call__,
        )
    return score
