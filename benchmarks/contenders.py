"""Who runs in the speed benchmark: modaxfer's strategies and a plain Trainer, each as a command line of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

__all__ = ["COMPARISONS", "WORKLOADS", "Contender", "Setting", "Workload", "contenders"]

BASELINE = Path(__file__).with_name("trainer_baseline.py")

COMPARISONS = (
    ("full", "trainer-defaults"),
    ("full", "trainer-tuned"),
    ("full", "trainer-searched"),
    ("lora", "trainer-defaults"),
    ("lora", "trainer-tuned"),
    ("lora", "trainer-searched"),
    ("full-head-first", "trainer-defaults"),
    ("full-head-first", "trainer-tuned"),
    ("full-head-first", "trainer-searched"),
    ("lora-head-first", "trainer-defaults"),
    ("lora-head-first", "trainer-tuned"),
    ("lora-head-first", "trainer-searched"),
    ("full-head-first-half", "trainer-defaults"),
    ("full-head-first-half", "trainer-tuned"),
    ("full-head-first-half", "trainer-searched"),
    ("lora-head-first-half", "trainer-defaults"),
    ("lora-head-first-half", "trainer-tuned"),
    ("lora-head-first-half", "trainer-searched"),
    ("frozen", "trainer-tuned-frozen"),
    ("frozen-again", "trainer-tuned-frozen"),
)
"""Pairs (ours, theirs) whose ratio of seconds is reported."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Rows of one kind, and the checkpoint that is trained on them."""

    kind: str
    """``text``, ``image`` or ``audio``."""
    task: str
    encoder: str
    checkpoint: str
    """Registered name."""
    limit: int
    """Training rows; a quarter as many test rows."""
    epochs: int = 2
    frozen_epochs: int = 10
    """Epochs of the Trainer with a frozen body."""
    searched_rate: float | None = None
    """The learning rate at which the tuned Trainer's macro-F1 on validation rows was best, seed 0; None = its own."""


WORKLOADS = {
    "texts": Workload(
        kind="text", task="legal-sentiment", encoder="bert", checkpoint="minilm", limit=800, searched_rate=5e-4
    ),
    "pictures": Workload(kind="image", task="pacs", encoder="vit", checkpoint="vit-focus", limit=120),
    "sounds": Workload(
        kind="audio",
        task="spoken-digits",
        encoder="wav2vec2",
        checkpoint="embedded/wav2vec2-tiny",
        limit=400,
        searched_rate=2e-4,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What all contenders share."""

    workload: Workload
    data_dir: Path
    rows: Path
    """Folder with the task's own splits as parquet files: what the Trainer reads."""
    fields: tuple[str, ...]
    location: str
    """Folder of the checkpoint, for the Trainer."""
    batch_size: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One command to be timed. `read` gets its output folder and what it printed and returns seconds and scores."""

    name: str
    arguments: tuple[str, ...]
    read: Callable[[Path, str], dict[str, float]]
    cache_of: str = ""
    """Contender of the same round whose cache it finds; its own, empty one where this is empty."""

    def command(self, output: Path) -> list[str]:
        """Return the command line that writes into `output`."""
        return [sys.executable, *self.arguments, "--output", str(output)]


def contenders(setting: Setting) -> tuple[Contender, ...]:
    """Return all contenders in the order in which a round runs them: ours and theirs in turn."""
    work = setting.workload
    rate = work.searched_rate
    made = (
        _ours("full", setting, epochs=work.epochs),
        _theirs("trainer-defaults", setting, "--variant", "defaults", epochs=work.epochs),
        _ours("lora", setting, epochs=work.epochs),
        _theirs("trainer-tuned", setting, "--variant", "tuned", epochs=work.epochs),
        _ours("frozen", setting),
        _head_first("full", setting),
        _head_first("lora", setting, of=4, name="lora-head-first-half"),
        _theirs("trainer-searched", setting, "--variant", "tuned", "--learning-rate", str(rate), epochs=work.epochs),
        _head_first("lora", setting),
        _head_first("full", setting, of=4, name="full-head-first-half"),
        replace(_ours("frozen", setting), name="frozen-again", cache_of="frozen"),
        _theirs("trainer-tuned-frozen", setting, "--variant", "tuned", "--frozen", epochs=work.frozen_epochs),
    )
    return made if rate else tuple(each for each in made if each.name != "trainer-searched")


def _ours(strategy: str, setting: Setting, epochs: float | None = None) -> Contender:
    work = setting.workload
    what = ("--encoder", work.encoder, "--checkpoint", work.checkpoint, "--strategy", strategy, "--task", work.task)
    how = ("--seed", str(setting.seed), "--data-dir", str(setting.data_dir), "--limit", str(work.limit))
    length = ("--batch-size", str(setting.batch_size), "--epochs", str(epochs)) if epochs else ()
    return Contender(name=strategy, arguments=("-m", "modaxfer", "train", *what, *how, *length), read=_read_run)


def _head_first(strategy: str, setting: Setting, of: int = 2, name: str = "") -> Contender:
    """Return `strategy` from a head in closed form, which needs fewer epochs: one part `of` those of the others."""
    made = _ours(strategy, setting, epochs=setting.workload.epochs / of)
    given = ("--set", "head_first=true", "--set", "head_by=closed-form")
    return replace(made, name=name or f"{strategy}-head-first", arguments=(*made.arguments, *given))


def _theirs(name: str, setting: Setting, *variant: str, epochs: int) -> Contender:
    what = ("--data", str(setting.rows), "--fields", *setting.fields, "--checkpoint", setting.location)
    how = ("--epochs", str(epochs), "--batch-size", str(setting.batch_size), "--seed", str(setting.seed))
    kind = ("--kind", setting.workload.kind)
    return Contender(name=name, arguments=(str(BASELINE), *what, *how, *kind, *variant), read=_read_line)


def _read_run(output: Path, printed: str) -> dict[str, float]:
    result: Mapping[str, Any] = json.loads((output / "result.json").read_text(encoding="utf-8"))
    seconds = result["time_s"]
    # Encoding the rows once is part of our training; validation after each epoch is too, which the Trainer does not do.
    return {"train_s": seconds.get("features", 0.0) + seconds["train"], **_scores(result["metrics"]["test"])}


def _read_line(output: Path, printed: str) -> dict[str, float]:
    values: Mapping[str, Any] = json.loads(printed.strip().splitlines()[-1])
    return {"train_s": values["train_s"], **_scores(values)}


def _scores(values: Mapping[str, float]) -> dict[str, float]:
    return {name: values[name] for name in ("accuracy", "f1_macro")}
