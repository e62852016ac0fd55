"""Folds and episodes that mean nothing, or not one thing, are refused before a row is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.plan import Plan, Role
from modaxfer.registry import problem_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modaxfer.spec import TaskSpec

__all__ = ["refuse_divisions", "refuse_unseen_shots"]


def refuse_divisions(config: RunConfig, tasks: Sequence[TaskSpec]) -> None:
    """Refuse what `config` says of folds and episodes where it cannot be done for these `tasks`.

    Raises:
        ConfigError: A number has nothing to count, or counts too far.
        RefusedError: Two things are asked for that exclude each other, or that the tasks have no answer to.
    """
    _refuse_numbers(config)
    asked = "--folds" if config.folds is not None else "--shots" if config.shots is not None else ""
    if not asked:
        return
    if config.folds is not None and config.shots is not None:
        raise RefusedError(
            "--folds test on every row and train on most; --shots train on a few",
            got=f"--folds {config.folds} --shots {config.shots}",
            fix="leave one of them out; --episodes repeats --shots",
        )
    if len(tasks) > 1:
        raise RefusedError(
            f"{asked} part the rows of one task, and tasks that share an encoder would be parted in step",
            got=config.task,
            allowed="1",
            fix=f"ask for {asked} with each task alone",
        )
    if config.seeds > 1:
        each = "fold" if config.folds is not None else "episode"
        raise RefusedError(
            f"--seeds and {asked} both say what a run is repeated with",
            got=f"--seeds {config.seeds} {asked} {config.folds or config.shots}",
            fix=f"leave --seeds out: each {each} is a training of its own; `modaxfer compare --seeds` repeats them all",
        )
    problem = tasks[0].target.problem
    if config.shots is not None and not problem_of(problem).labels.one_class:
        raise RefusedError(
            "--shots draw so many rows of each class, and these rows have not one class each",
            got=f"problem {problem}",
            allowed="problems of one class per row, such as binary and multiclass",
            fix="use --limit for fewer training rows",
        )


def refuse_unseen_shots(config: RunConfig, plan: Plan, strategy: str) -> None:
    """Refuse few labelled rows per class of a task whose labels the plan does not see.

    Raises:
        RefusedError: They are asked for.
    """
    if config.shots is not None and not plan.shows(Role.TARGET):
        raise RefusedError(
            f"--shots are labelled rows, and strategy {strategy} sees no label of the task",
            got=f"--shots {config.shots}",
            fix="leave --shots out, or choose a strategy that trains on the task's labels",
        )


def _refuse_numbers(config: RunConfig) -> None:
    """Refuse numbers of folds and draws without what they count, or beyond it."""
    for flag, given, whole, needed in (
        ("--fold", config.fold is not None, config.folds, "--folds"),
        ("--episode", config.episode is not None, config.shots, "--shots"),
        ("--episodes", config.episodes > 1, config.shots, "--shots"),
    ):
        if given and whole is None:
            raise ConfigError(
                f"{flag} counts what {needed} asks for", got=f"{flag} alone", fix=f"give {needed} too, or leave it out"
            )
    if config.fold is not None and config.folds is not None and config.fold >= config.folds:
        raise ConfigError(
            "there is no such fold",
            got=f"--fold {config.fold} of --folds {config.folds}",
            allowed=f"0 to {config.folds - 1}",
            fix="correct the number: folds are counted from 0",
        )
    if config.episode is not None and config.episodes > 1:
        raise ConfigError(
            "--episode is one draw and --episodes asks for several",
            got=f"--episode {config.episode} --episodes {config.episodes}",
            fix="leave one of them out",
        )
