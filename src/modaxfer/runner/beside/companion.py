"""A companion: a run with changes to its request, in a folder of its own below the run that it stands beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from modaxfer.config import RunConfig
from modaxfer.result import Result

__all__ = ["SEARCH", "Companion", "Kind", "Main", "Runs", "settled", "unchanged"]

SEARCH = "train.rates"
"""Option that holds the factors of a search over learning rates."""

Runs = Mapping[str, Result]
"""Results of the companions that are finished, by their place."""


def unchanged(config: RunConfig) -> RunConfig:
    """Return `config`."""
    return config


@dataclass(frozen=True, kw_only=True)
class Main:
    """The run that others stand beside."""

    config: RunConfig
    """As it is stored: everything resolved."""
    folder: Path
    result: Result
    writes: bool = True
    """Whether this process is the one that writes."""


@dataclass(frozen=True, kw_only=True)
class Companion:
    """One run beside another."""

    place: str
    """Its folder from the main run's, such as ``seeds/8``; what names it."""
    label: str
    """For people: ``seed 8``."""
    config: Callable[[Runs], RunConfig]
    """Makes its request, when those that stand before it are finished or have failed; its folder is named later."""
    needs: tuple[str, ...] = ()
    """Places of those without which it says nothing: it is not run where one of them failed."""
    same_weights: bool = False
    """Whether it starts from the weights that the main run started from, which is checked."""
    brief: bool = False
    """Whether it is one of many alike: then a line tells its score, and the rest lies in its folder."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One question to a run that only others can answer: what they are, and what they say together.

    What is known of it before anything is run, such as its folder, stands in `modaxfer.runner.kinds`.
    """

    name: str
    """What is missing where it fails, for people."""
    companions: Callable[[Main], tuple[Companion, ...]]
    """Returns the runs that the main one asks for; none where it does not ask."""
    is_told: Callable[[Main], bool]
    """Tells whether the result of the main run holds everything that they say; asked where there are any."""
    tell: Callable[[Main, Result, Runs], Result]
    """Returns the result with what the finished ones say."""
    request: Callable[[RunConfig], RunConfig] = unchanged
    """Returns the request of the main run with what they need of it; whoever does not ask for them gets his own."""


def settled(config: RunConfig, first: Result | None) -> RunConfig:
    """Return `config` with the factor on learning rates that the search of `first` chose: it is searched once."""
    chosen = (first.training.get("rates") or {}).get("chosen") if first is not None else None
    return config if chosen is None else replace(config, set={**config.set, SEARCH: (chosen,)})
