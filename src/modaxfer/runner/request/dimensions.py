"""What a search over settings may change, from where to where, and what a run has without it."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from modaxfer.config import EncoderOptions, RunConfig, TrainOptions
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.heads.search_options import heads_for
from modaxfer.registry import problem_spec
from modaxfer.runner.request.options import full_keys, options_class
from modaxfer.runner.request.rates import USUAL, main_rate_of
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.request.tuned import Asked, asked_dimensions

__all__ = ["SETTINGS", "Dimension", "applied", "find_dimensions"]

SETTINGS = ("learning_rate", "epochs", "batch_size")
"""Settings of a run that can be searched; everything else is an option."""

WIDE = 10.0
"""A range whose ends are so many times apart is searched by its logarithm."""


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """One setting that is searched: numbers between two ends, or choices."""

    key: str
    """A setting of the run, or the full key of an option."""
    default: Any = None
    """What the run has without a search; None where no number says it."""
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    step: float | None = None
    """Between two values that may be taken; None = any."""
    whole: bool = False
    choices: tuple[Any, ...] = ()
    """What is chosen among; then the ends mean nothing."""

    @property
    def ends(self) -> tuple[Any, Any]:
        """The values farthest from each other, to be checked before any is tried."""
        return (self.choices[0], self.choices[-1]) if self.choices else (self._tidy(self.low), self._tidy(self.high))

    def tidy(self, value: Any) -> Any:
        """Return a value as people write it, with three digits, and within the ends."""
        if self.choices:
            return value
        return value if self.step else min(max(self._tidy(value), self.low), self.high)

    def has(self, value: Any) -> bool:
        """Return whether `value` lies within the ends, or is a choice."""
        if self.choices:
            return value in self.choices
        if value is None or not self.low <= value <= self.high:
            return False
        return self.step is None or math.isclose((value - self.low) / self.step % 1, 0, abs_tol=1e-9)

    def __str__(self) -> str:
        if self.choices:
            return ", ".join(map(str, self.choices))
        return f"{self.low:g} to {self.high:g}{' (log)' if self.log else ''}"

    def _tidy(self, value: float) -> Any:
        return int(value) if self.whole else float(f"{value:.3g}")


def find_dimensions(config: RunConfig, resolved: ResolvedTask, probed: ResolvedTask) -> tuple[Dimension, ...]:
    """Return what is searched around `resolved`.

    By default, as far as the plan has it: learning rate (a tenth to ten times the strategy's), epochs (half to double),
    rank (a quarter to four times), layer decay and head.

    Args:
        config: The request.
        resolved: What the run is without a search.
        probed: The same, but for a learning rate of `PROBE`: the plan's own is read off from the difference.

    Raises:
        ConfigError: There is no such setting or option, or it has no range of its own.
        RefusedError: The plan has nothing to search.
    """
    found = _Found(config, resolved, probed)
    asked = asked_dimensions(config.tune_over)
    if asked:
        return tuple(found.dimension(key, each) for key, each in found.by_full_key(asked).items())
    usual = tuple(found.usual())
    if not usual:
        raise RefusedError(
            f"--tune has nothing to search: strategy {resolved.strategy.name} takes no steps here, and what it fits in "
            "closed form it searches itself",
            got=f"--tune {config.tune}",
            fix="leave --tune out, or name options with --tune-over KEY=LOW..HIGH or KEY=A,B,C",
        )
    return usual


def applied(config: RunConfig, setting: Mapping[str, Any]) -> RunConfig:
    """Return `config`, whose options stand by their full keys, with the values of a trial."""
    own = {key: value for key, value in setting.items() if key in SETTINGS}
    options = {key: value for key, value in setting.items() if key not in SETTINGS}
    return replace(config, **own, set={**config.set, **options})


PROBE = 1e-3
"""Learning rate that the probed plan is made with."""


class _Found:
    """Ranges and defaults of what a run can be asked for."""

    def __init__(self, config: RunConfig, resolved: ResolvedTask, probed: ResolvedTask) -> None:
        self.config, self.resolved = config, resolved
        self.stepped = [phase for phase in resolved.plan.phases if phase.solver is None and phase.epochs]
        self.rate = config.learning_rate or main_rate_of(self.stepped, probed.plan.phases, PROBE)
        bridges = [tower.bridge for tower in resolved.towers]
        classes = [options_class(resolved.strategy), *map(options_class, bridges), EncoderOptions, TrainOptions]
        groups = ["strategy", *("bridge" for _ in bridges), "encoder", "train"]
        self.declared = {
            f"{group}.{item.name}": (item, typing.get_type_hints(cls)[item.name])
            for group, cls in zip(groups, classes, strict=True)
            if cls is not None
            for item in dataclasses.fields(cls)
        }

    def by_full_key(self, asked: Mapping[str, Asked]) -> dict[str, Asked]:
        other = {item.name for item in dataclasses.fields(RunConfig)} - set(SETTINGS)
        for key in asked:
            if key.lstrip("-").replace("-", "_") in other or key.startswith("source."):
                raise ConfigError(
                    f"--tune-over cannot search {key}",
                    got=key,
                    allowed=f"{', '.join(SETTINGS)} and options of strategy, bridge, encoder and train",
                    fix="take it out",
                )
        strategy, towers = options_class(self.resolved.strategy), self.resolved.towers
        bridges = [options_class(tower.bridge) for tower in towers]
        return {
            key if key in SETTINGS else next(iter(full_keys({key: None}, strategy, bridges))): each
            for key, each in asked.items()
        }

    def usual(self) -> Iterator[Dimension]:
        if not self.stepped:
            return
        yield self.dimension("learning_rate", Asked())
        yield self.dimension("epochs", Asked())
        adapter = self.resolved.plan.adapter
        if adapter is not None and "r" in adapter.options and "strategy.rank" in self.declared:
            yield self.dimension("strategy.rank", Asked())
        if "strategy.layer_decay" in self.declared and any(phase.layer_decay < 1 for phase in self.stepped):
            yield self.dimension("strategy.layer_decay", Asked())
        # What joins encoders by gradient has a head of its own kind; a classical one is for those that stay frozen.
        joined = self.resolved.plan.fusion is not None
        if not joined and "strategy.head" in self.declared and len(self._heads()) > 1:
            yield self.dimension("strategy.head", Asked())

    def dimension(self, key: str, asked: Asked) -> Dimension:
        """Return one dimension, its range as `asked`, else its own.

        Raises:
            ConfigError: It is not a number where a range is asked for, or has no range of its own.
        """
        item, hint, default = self._declared(key)
        kinds = set(typing.get_args(hint)) if typing.get_origin(hint) in (typing.Union, types.UnionType) else {hint}
        whole, numeric = int in kinds, bool({int, float} & kinds) and bool not in kinds
        if asked.choices is not None:
            return Dimension(key=key, default=default, choices=tuple(map(_plain, asked.choices)))
        own = self._choices(key, item, kinds)
        if asked.ends is None and own:
            return Dimension(key=key, default=default, choices=own)
        if not numeric:
            raise ConfigError(
                f"--tune-over {key}: no numbers lie between its values",
                got=item.metadata.get("doc", key),
                fix=f"name choices: --tune-over {key}=A,B",
            )
        low, high = asked.ends or self._range(key, item, default)
        if whole and (low != int(low) or high != int(high)):
            raise ConfigError(f"--tune-over {key} counts", got=f"{low:g}..{high:g}", allowed="whole numbers")
        return Dimension(
            key=key,
            default=default,
            low=int(low) if whole else low,
            high=int(high) if whole else high,
            log=low > 0 and high / low >= WIDE,
            step=0.5 if key == "epochs" and (2 * low).is_integer() and (2 * high).is_integer() else None,
            whole=whole,
        )

    def _declared(self, key: str) -> tuple[dataclasses.Field[Any], Any, Any]:
        """Return a setting's declaration, its type and what the run has without a search."""
        if key in SETTINGS:
            item = next(item for item in dataclasses.fields(RunConfig) if item.name == key)
            epochs = float(sum(phase.epochs for phase in self.stepped))
            default = {"learning_rate": self.rate, "epochs": epochs, "batch_size": self.config.batch_size}[key]
            return item, typing.get_type_hints(RunConfig)[key], default
        item, hint = self.declared[key]
        default = self.resolved.config.set.get(key)
        if key == "strategy.layer_decay" and default is None:
            default = min((phase.layer_decay for phase in self.stepped), default=None)
        return item, hint, default

    def _choices(self, key: str, item: dataclasses.Field[Any], kinds: set[Any]) -> tuple[Any, ...]:
        if bool in kinds:
            return (False, True)
        return self._heads() if key == "strategy.head" else tuple(item.metadata.get("choices") or ())

    def _heads(self) -> tuple[str, ...]:
        problem = problem_spec(self.resolved.task.target.problem)
        return ("auto", *heads_for("auto", problem)) if problem.link else ()

    def _range(self, key: str, item: dataclasses.Field[Any], default: Any) -> tuple[float, float]:
        """Return the ends where only the key is given: the usual ones, the declared ones, or around the default."""
        minimum, maximum = item.metadata.get("minimum"), item.metadata.get("maximum")
        if key == "strategy.layer_decay":
            return 0.5, 1.0
        if default and default > 0:
            factor = {"learning_rate": USUAL, "epochs": 2, "batch_size": 2}.get(key, 4)
            low, high = default / factor, default * factor
            if key == "epochs" and (2 * default).is_integer() and default >= 1:
                low = math.ceil(default) / 2
            if isinstance(default, int):
                low = max(1, default // factor)
            low, high = max(low, minimum or 0), min(high, high if maximum is None else maximum)
            if low < high:
                return float(low), float(high)
        if minimum is not None and maximum is not None:
            return float(minimum), float(maximum)
        raise ConfigError(
            f"--tune-over {key} has no range of its own", got=f"default {default}", fix=f"write {key}=LOW..HIGH"
        )


def _plain(text: str) -> Any:
    """Return a choice as the number or the truth value that it is written as, else as text."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
