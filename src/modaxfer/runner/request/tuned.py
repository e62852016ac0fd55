"""``--tune`` in a request: what it cannot stand beside, and how `--tune-over` is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.runner.request.options import flatten
from modaxfer.strategies.checks import check_installed

if TYPE_CHECKING:
    from modaxfer.registry import Entry

__all__ = ["INSTALL", "Asked", "asked_dimensions", "refuse_untunable"]

INSTALL = "pip install 'modaxfer[tune]'"

EXAMPLES = "--tune-over learning_rate=1e-5..1e-3 --tune-over strategy.rank=4,8,16 --tune-over epochs"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One ``--tune-over``: both None where only the key was given."""

    ends: tuple[float, float] | None = None
    choices: tuple[str, ...] | None = None


def refuse_untunable(config: RunConfig, strategy: Entry) -> None:
    """Refuse a search that would not be one thing, or not honest, before anything is read.

    Raises:
        ConfigError: ``--tune-over`` stands alone or is not written as it should be.
        MissingPackageError: optuna is not installed.
        RefusedError: The search cannot stand beside another setting.
    """
    if config.tune is None:
        if config.tune_over:
            raise ConfigError(
                "--tune-over says what --tune searches",
                got=f"--tune-over {config.tune_over[0]} alone",
                fix="say how many trials with --tune N, or leave it out",
            )
        return
    check_installed("optuna", "--tune", INSTALL)
    asked_dimensions(config.tune_over)
    for given, why, fix in _beside(config, strategy):
        raise RefusedError(f"--tune cannot stand beside {given}: {why}", got=f"--tune {config.tune}", fix=fix)


def asked_dimensions(written: tuple[str, ...]) -> Mapping[str, Asked]:
    """Return what is searched, by key as it was written; nothing where the search chooses itself.

    Raises:
        ConfigError: A range is none, or a key is given twice.
    """
    found: dict[str, Asked] = {}
    for text in written:
        key, equals, values = (part.strip() for part in text.partition("="))
        if not key or (equals and not values):
            raise ConfigError("--tune-over takes KEY, KEY=LOW..HIGH or KEY=A,B,C", got=text, fix=f"write {EXAMPLES}")
        if key in found:
            raise ConfigError(f"--tune-over {key} is given twice", got=written, fix="give it once")
        found[key] = _asked(text, values)
    return found


def _asked(text: str, values: str) -> Asked:
    if not values:
        return Asked()
    if ".." in values:
        return Asked(ends=_ends(text, *values.split("..", 1)))
    choices = tuple(part.strip() for part in values.split(",") if part.strip())
    if len(choices) < 2 or len(set(choices)) < len(choices):
        raise ConfigError("--tune-over takes two choices or more, each once", got=text, fix=f"write {EXAMPLES}")
    return Asked(choices=choices)


def _ends(text: str, low: str, high: str) -> tuple[float, float]:
    try:
        ends = float(low), float(high)
    except ValueError:
        raise ConfigError("--tune-over takes numbers for a range", got=text, fix=f"write {EXAMPLES}") from None
    if not float("-inf") < ends[0] < ends[1] < float("inf"):
        raise ConfigError("a range of --tune-over ends above where it begins", got=text, fix=f"write {EXAMPLES}")
    return ends


def _beside(config: RunConfig, strategy: Entry) -> Iterator[tuple[str, str, str]]:
    """Yield what else was asked for, why a search cannot be had with it, and what to do instead."""
    after = "search first, then give what was found as settings"
    if config.folds is not None:
        why = "the setting is chosen by rows that folds test on"
        yield "--folds", why, f"{after}, on other rows, or leave --folds out"
    if config.episodes > 1:
        yield "--episodes", "each draw has labels of its own, and one choice would have seen one draw's", after
    if config.private is not None:
        yield "--private", "each trial spends as much as the run promises", "leave --tune out"
    if config.source_task and strategy.spec.adapts:
        why = "labels of the task are hidden, and rows of the source would choose what adapts least"
        yield "--source-task", why, "search with the source as --task, then give what was found as settings here"
    elif config.source_task:
        fix = "train the source task first, and give its run as --encoder"
        yield "--source-task", "its stage would be chosen by the task that comes after it", fix
    if any(key.rpartition(".")[2] == "rates" and value for key, value in flatten(config.set).items()):
        yield "train.rates", "both search for the learning rate", "leave one of them out"
