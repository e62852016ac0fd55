"""What a recommendation is asked for: a task, the encoders and strategies to choose among, and how long it may take."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modaxfer.config import RunConfig, build, documented
from modaxfer.errors import ConfigError
from modaxfer.registry import registry
from modaxfer.runner.folder import absolute, absolute_name
from modaxfer.runner.request.asked_scores import refuse_decisions
from modaxfer.runner.request.misplaced import refuse_misplaced

__all__ = ["SHARED", "Choices", "Question", "changes_of", "read_question"]

SHARED = (
    "task", "data", "text", "image", "audio", "number", "ignore", "label", "group", "problem", "data_dir", "on_bad_row",
    "bridge", "batch_size", "seed", "metric", "threshold", "cost", "limit", "precision", "device", "output",
    "trust_remote_code", "set",
)  # fmt: skip
"""Fields of `RunConfig` that mean the same as in `modaxfer train`, and stand in the line that is recommended."""

STRATEGIES = ("frozen", "lora", "full")
"""Tried where none is named: an encoder as it is, with an adapter, and moved as a whole."""

TENTH = 0.1
"""Share of the budget that goes into short runs."""

PROMISED = 0.3
"""Share of the budget in which few rows have their answer: 3 of 10 minutes."""


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What to choose among, and how long to look."""

    encoder: tuple[str, ...] = documented(
        (), "Candidates: encoders or checkpoints. Default: all that have weights on this machine."
    )
    strategy: tuple[str, ...] = documented(STRATEGIES, "Strategies to choose among.")
    source_task: tuple[str, ...] = documented(
        (), "Labelled source tasks: how each differs from the task, as the best encoder sees them."
    )
    score: tuple[str, ...] = documented(
        (), "Transferability scores to rank encoders by beside the usual ones, such as logme."
    )
    budget: float = documented(
        10.0, "Minutes that training may take; a tenth of them goes into short runs that decide.", above=0.0
    )


@dataclass(frozen=True, kw_only=True)
class Question:
    """A whole request."""

    choices: Choices
    settings: RunConfig
    """What every run shares; its encoder and strategy are empty."""

    @property
    def box(self) -> float:
        """Seconds for all short runs together."""
        return TENTH * 60 * self.choices.budget

    @property
    def promised(self) -> float:
        """Seconds in which an answer for few rows is there."""
        return PROMISED * 60 * self.choices.budget

    @property
    def task(self) -> str:
        """Name of the task, of own data as a run names it."""
        return self.settings.task[0] if self.settings.task else f"own/{Path(self.settings.data or '').stem}"

    def cell(self, encoder: str, strategy: str) -> RunConfig:
        """Return the request of one run: what `modaxfer train` would be told."""
        return replace(self.settings, encoder=(encoder,), strategy=strategy, output=None)

    def to_dict(self) -> dict[str, Any]:
        """Return the request as plain values without the folder, paths absolute; settings at their default left out."""
        usual, settings = RunConfig(), absolute(self.settings)
        choices = {**vars(self.choices), "encoder": tuple(map(absolute_name, self.choices.encoder))}
        shared = {
            name: getattr(settings, name)
            for name in SHARED
            if name != "output" and getattr(settings, name) != getattr(usual, name)
        }
        plain = {
            key: list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, Mapping) else value
            for key, value in {**choices, **shared}.items()
        }
        return {key: value for key, value in plain.items() if value not in ([], {})}

    @property
    def folder(self) -> Path:
        """The folder of ``--output``, else ``runs/recommend-HASH``: the same request finds the same folder again."""
        if self.settings.output:
            return Path(self.settings.output)
        digest = hashlib.sha256(repr(sorted(self.to_dict().items())).encode()).hexdigest()
        return Path("runs") / f"recommend-{digest[:10]}"


def read_question(values: Mapping[str, Any]) -> Question:
    """Make a question from plain values: fields of `Choices`, and those of `RunConfig` that are in `SHARED`.

    Raises:
        ConfigError: A key or a value is wrong, or there is no task, or several.
        UnknownNameError: A strategy is not registered.
    """
    names = {item.name for item in dataclasses.fields(Choices)}
    chosen = {key: value for key, value in values.items() if key in names}
    chosen |= {key: _listed(chosen[key]) for key in ("encoder", "strategy", "source_task", "score") if key in chosen}
    shared = {key: value for key, value in values.items() if key not in names}
    idle = [key for key in shared if key not in SHARED and hasattr(RunConfig(), key)]
    if idle:
        raise ConfigError(
            "a recommendation takes no such setting",
            got=idle,
            allowed=[*names, *SHARED],
            fix="leave it out here, and give it to the `modaxfer train` line that is recommended",
        )
    question = Question(choices=build(Choices, chosen), settings=build(RunConfig, shared))
    _check(question)
    return question


def _check(question: Question) -> None:
    settings, choices = question.settings, question.choices
    if settings.task and settings.data is not None:
        got = f"{settings.task[0]} and {settings.data}"
        raise ConfigError("--task and --data exclude each other", got=got, fix="leave one of them out")
    if not settings.task and settings.data is None:
        raise ConfigError(
            "--task missing",
            fix="for example `modaxfer recommend --task legal-sentiment`; --data FILE with --label COL takes your own "
            "rows instead of --task",
        )
    if len(settings.task) > 1:
        raise ConfigError("a recommendation is for one task", got=settings.task, fix="ask for one after the other")
    refuse_misplaced(settings)
    refuse_decisions(settings)
    _check_names(settings, choices)


def _check_names(settings: RunConfig, choices: Choices) -> None:
    for name in choices.strategy:
        spec = registry().get("strategy", name).spec
        if spec.many_encoders or spec.many_tasks or spec.adapts:
            raise ConfigError(
                "a recommendation chooses among strategies of one encoder and one task",
                got=name,
                fix="name others, such as --strategy frozen --strategy lora --strategy full",
            )
    for name in settings.task:
        registry().get("task", name)
    for name in choices.score:
        if registry().get("transferability score", name).spec.needs_source_head:
            raise ConfigError(
                "a recommendation ranks all encoders by the same scores, and most checkpoints have no head to read",
                got=f"--score {name}",
                fix="leave it out; modaxfer.transferability.judged asks it of rows that you have encoded",
            )
    targets = [registry().get("task", name).id for name in settings.task]
    for name in choices.source_task:
        if registry().get("task", name).id in targets:
            raise ConfigError("the source task is the task itself", got=name, fix="name another --source-task")


def changes_of(question: Question, stored: Question) -> list[str]:
    """Return in what `question` differs from `stored`, one clause each; where to compute does not count."""
    asked, kept = question.to_dict(), stored.to_dict()
    keys = [key for key in dict.fromkeys([*kept, *asked]) if key != "device"]
    return [
        f"{key} (there {kept.get(key)}, here {asked.get(key)})"
        for key in keys
        if _comparable(asked.get(key)) != _comparable(kept.get(key))
    ]


def _comparable(value: Any) -> Any:
    return {key: str(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def _listed(value: Any) -> tuple[str, ...]:
    """Return names given as text with commas, or as a list of such; a path is one name, whatever is in it."""
    if isinstance(value, str | Path):
        text = str(value)
        parts = [text] if Path(text).expanduser().exists() else text.split(",")
        return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
    if not isinstance(value, Iterable):
        raise ConfigError("encoders, strategies and tasks are lists of names", got=value)
    return tuple(dict.fromkeys(name for item in value for name in _listed(item)))
