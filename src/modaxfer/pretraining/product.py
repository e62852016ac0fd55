"""What a pretraining leaves behind: an encoder that Transformers reads, a record, and a card for people."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from modaxfer.bridges.seen import signal_seen
from modaxfer.encoders.pretraining_record import RECORD
from modaxfer.encoders.saving import save_encoder
from modaxfer.escaping import markdown
from modaxfer.local_paths import name_alone, names_alone
from modaxfer.pretraining.asked_sources import source_facts
from modaxfer.pretraining.request import ResolvedPretraining
from modaxfer.pretraining.training import Trained
from modaxfer.result import write_atomically
from modaxfer.runner.model.seen import FILE, SeenRows, packed
from modaxfer.runner.tensors import write_tensors
from modaxfer.version import __version__

__all__ = ["card", "record", "write_product"]

STATISTICS = {"do_resize": True, "do_rescale": True, "do_normalize": True, "rescale_factor": 1 / 255,
              "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}  # fmt: skip


def record(resolved: ResolvedPretraining, trained: Trained, parameters: int, teachers: Sequence[str]) -> dict[str, Any]:
    """Return what is said of a finished pretraining, as plain JSON types.

    It is part of what is shared: of paths of this machine it has the names alone.
    """
    config = resolved.config
    return {
        "modaxfer": __version__,
        "objective": resolved.objective.id,
        "objective_options": None if resolved.objective_options is None else asdict(resolved.objective_options),
        "encoder": resolved.student.id,
        "start": name_alone(resolved.student.checkpoint) if resolved.pretrained else "random weights",
        "teachers": list(teachers),
        "trained_on": [signal_seen([way.kind], way.bridge.spec.sink) for way in resolved.ways],
        "bridges": [
            {"id": way.bridge.id, "options": names_alone(dict(way.options(resolved.groups.bridge)))}
            for way in resolved.ways
        ],
        "data": source_facts(resolved.sources, resolved.weights),
        "parameters": parameters,
        "steps": config.steps,
        "rows": config.steps * config.batch_size,
        "batch_size": config.batch_size,
        "learning_rate": config.learning_rate,
        "schedule": config.schedule,
        "seed": config.seed,
        "seconds": trained.seconds,
        "history": list(trained.history),
        "warnings": names_alone(list(trained.warnings)),
    }


def write_product(encoder: Any, told: Mapping[str, Any], seen: Sequence[SeenRows], folder: Path) -> None:
    """Write encoder, record, card and digests of labelled rows into `folder`, beside what is there."""
    made = folder / ".encoder"
    shutil.rmtree(made, ignore_errors=True)
    save_encoder(encoder, made)
    for path in made.iterdir():
        path.replace(folder / path.name)
    made.rmdir()
    if encoder.config.model_type == "vit" and not (folder / "preprocessor_config.json").is_file():
        side = encoder.config.image_size
        values = {"image_processor_type": "ViTImageProcessor", "size": {"height": side, "width": side}, **STATISTICS}
        write_atomically(folder / "preprocessor_config.json", json.dumps(values, indent=2))
    if seen:
        write_tensors({name: torch.from_numpy(rows.copy()) for name, rows in packed(seen).items()}, folder / FILE)
    write_atomically(folder / "README.md", card(told, folder.name))
    write_atomically(folder / RECORD, json.dumps(told, indent=2, allow_nan=False))


def card(told: Mapping[str, Any], name: str) -> str:
    """Return a model card as Markdown with Hugging Face front matter."""
    first, last = told["history"][0], told["history"][-1]
    data = [
        f"| {markdown(each['name'])} | {each['kind']} | {each['rows']:,} | {each['share']:.1%} | "
        f"{markdown(each.get('labels', 'not read'))} |"
        for each in told["data"]
    ]
    keys = [key for key in last if key != "step"]
    losses = [f"| {markdown(key)} | {first.get(key, float('nan')):.4g} | {last[key]:.4g} |" for key in keys]
    teacher = f" from {' and '.join(map(markdown, told['teachers']))}" if told["teachers"] else ""
    rows = "labelled rows" if _labelled(told) else "rows without labels"
    lines = [
        "---", "library_name: transformers", "tags:", "- modaxfer", "- pretraining", "---", "",
        f"# {markdown(name)}", "",
        f"An encoder of {told['parameters'] / 1e6:.1f} M parameters, trained by {markdown(told['objective'])}{teacher} "
        f"on {rows}; it starts from {markdown(told['start'])}.", "",
        f"    modaxfer train --encoder ./{name} --strategy frozen --task TASK", "",
        "## Data", "",
        "| rows from | kind | rows | share | labels |", "| --- | --- | ---: | ---: | --- |", *data, "",
        f"{_labels(told)} What licence these rows, and the weights that it starts from, allow, is for whoever shares "
        "it to say.", "",
        "## Budget", "",
        f"{told['steps']:,} steps of {told['batch_size']} rows, {told['rows']:,} rows in all, in "
        f"{told['seconds']:,.0f} seconds; AdamW, peak rate {told['learning_rate']:g}, {told['schedule']}; seed "
        f"{told['seed']}.", "",
        "## On rows that were held out", "",
        "| | before | after |", "| --- | ---: | ---: |", *losses, "",
        *(["## Warnings", "", *(f"- {markdown(line)}" for line in told["warnings"]), ""] if told["warnings"] else []),
    ]  # fmt: skip
    return "\n".join(lines)


def _labelled(told: Mapping[str, Any]) -> bool:
    return any("labels" in each for each in told["data"])


def _labels(told: Mapping[str, Any]) -> str:
    """Say whose labels were read: whoever tests the encoder on a task wants to know."""
    if not _labelled(told):
        return "Labels were not read."
    return (
        f"Labels of training rows were read (splits of seed {told['seed']}), those of validation and test rows were "
        f"not; digests of the rows lie in `{FILE}`, so that `modaxfer train` counts which of its test rows are known."
    )
