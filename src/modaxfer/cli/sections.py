"""The flags of a command in sections: which data, which model, how it is trained, judged, where it runs and is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SECTIONS", "section_of", "write_sections"]

SECTIONS: dict[str, tuple[str, ...]] = {
    "Data": (
        "task", "data", "stream", "text", "image", "audio", "number", "ignore", "label", "group", "problem",
        "source_task", "map_classes", "unlabelled", "limit", "test_limit", "shots", "data_dir", "on_bad_row",
    ),
    "Model": (
        "encoder", "strategy", "bridge", "checkpoint", "weights", "revision", "teacher", "objective",
        "trust_remote_code",
    ),
    "Training": (
        "epochs", "steps", "batch_size", "learning_rate", "schedule", "warmup", "weight_decay", "clip_norm", "augment",
        "private", "tune", "tune_over", "budget", "seed", "set",
    ),
    "Judging": (
        "metric", "score", "threshold", "cost", "group_by", "baseline", "seeds", "folds", "fold", "episodes",
        "episode", "validate_every", "probe",
    ),
    "Machine": ("device", "precision", "engine", "jobs", "resource", "num_processes", "workers", "checkpoint_minutes"),
    "Output": (
        "output", "config", "resume", "overwrite", "retry_failed", "standalone", "track", "quiet", "wide", "json",
        "help",
    ),
}  # fmt: skip
"""Sections in the order in which they are shown, and the flags of each, as their long names with underscores."""

MANY = 12
"""A command with more options than this shows them in sections."""


def section_of(option: click.Option) -> str:
    """Return the section in which `option` is shown; what no section names is shown with the output."""
    name = max(option.opts, key=len).lstrip("-").replace("-", "_")
    return next((title for title, names in SECTIONS.items() if name in names), "Output")


def write_sections(options: Sequence[click.Option], ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """Write `options` section by section, and behind the model what each strategy does; few options are one list."""
    if len(options) <= MANY:
        _write("Options", options, ctx, formatter)
        return
    for title, names in SECTIONS.items():
        found = [option for option in options if section_of(option) == title]
        _write(title, sorted(found, key=lambda option: _place(option, names)), ctx, formatter)
        if any("--strategy" in option.opts for option in found):
            _write_strategies(formatter)


def _write(title: str, options: Sequence[click.Option], ctx: click.Context, formatter: click.HelpFormatter) -> None:
    records = [record for option in options if (record := option.get_help_record(ctx)) is not None]
    if records:
        with formatter.section(title):
            formatter.write_dl(records)


def _place(option: click.Option, names: Sequence[str]) -> int:
    name = max(option.opts, key=len).lstrip("-").replace("-", "_")
    return names.index(name) if name in names else len(names)


def _write_strategies(formatter: click.HelpFormatter) -> None:
    # Specs alone, and none of plugins, which would have to be imported: help is instant.
    from modaxfer.registry.builtin_strategies import STRATEGIES

    with formatter.section("Strategies (`modaxfer list strategies`: all)"):
        formatter.write_dl([(spec.name, spec.summary) for spec in STRATEGIES], col_max=14)
