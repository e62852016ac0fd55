"""What a user can ask of a pretraining; the help of the command line is made from the docs here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modaxfer.config import LARGEST_SEED, documented

__all__ = ["REQUEST", "PretrainingConfig"]

REQUEST = "pretraining-request.json"
"""The request, in the folder of a pretraining that is not finished."""


@dataclass(frozen=True, kw_only=True)
class PretrainingConfig:
    """One pretraining, as asked for."""

    encoder: str = documented(
        "", "Encoder that learns: a folder with a config.json, a name, name:size, a hub id or a completed run."
    )
    objective: str = documented("", "What it learns by, see `modaxfer list objectives`.")
    teacher: tuple[str, ...] = documented((), "Encoder that it learns from, as for --encoder; frozen.")
    data: tuple[str, ...] = documented(
        (),
        "Rows to learn from: a text file of lines, a table, a folder of images or sounds, or the name of a task (its "
        "training rows). Labels are read by objectives that say so, such as supervised. DATA=WEIGHT is drawn in "
        "proportion to its weight; default by rows.",
    )
    text: str | None = documented(None, "Text column of tables; default the only one of text.")
    image: str | None = documented(
        None, "Image column of tables, for an objective of images and texts; default the one called image or file_name."
    )
    label: str | None = documented(
        None, "Label column of tables, for an objective that reads labels; default the one called label."
    )
    data_dir: str | None = documented(None, "Folder that holds data sets by name; else MODAXFER_DATA.")
    weights: str = documented(
        "auto",
        "Where training starts: random, pretrained, or auto: pretrained where the encoder has weights.",
        choices=("auto", "random", "pretrained"),
    )
    bridge: str | None = documented(None, "Bridge from the rows to the encoder; chosen where not given.")
    steps: int = documented(10_000, "Optimiser steps.", minimum=1)
    batch_size: int = documented(64, "Rows per step.", minimum=2)
    learning_rate: float = documented(5e-4, "Peak learning rate.", above=0.0)
    schedule: str = documented(
        "cosine",
        "How the rate falls behind its warm-up: cosine, or constant and down to zero over the last fifth, so that a "
        "finished length can be chosen late.",
        choices=("cosine", "constant"),
    )
    warmup: float = documented(0.05, "Share of all steps in which the learning rate rises.", minimum=0.0, maximum=1.0)
    weight_decay: float = documented(0.05, "Decoupled weight decay of matrices (AdamW).", minimum=0.0)
    clip_norm: float = documented(1.0, "Largest gradient norm; 0 switches clipping off.", minimum=0.0)
    validate_every: int | None = documented(
        None, "Steps between two looks at rows that are held out; default a tenth of all.", minimum=1
    )
    probe: tuple[str, ...] = documented(
        (), "Task that a classifier on frozen vectors is tried on at each look: accuracy on its validation rows."
    )
    checkpoint_minutes: float = documented(5.0, "Longest time between two checkpoints.", minimum=0.0)
    seed: int = documented(0, "Seed of initialisation, order and masks.", minimum=0, maximum=LARGEST_SEED)
    precision: str = documented("auto", "Arithmetic.", choices=("auto", "fp32", "bf16"))
    device: str = documented("auto", "Where to compute.", choices=("auto", "cpu", "cuda", "mps"))
    workers: int | None = documented(
        None,
        "Processes that read and draw rows ahead; default none on the CPU, else up to eight.",
        minimum=0,
    )
    output: str | None = documented(None, "Folder of the encoder; made from the names where not given.")
    set: Mapping[str, Any] = field(
        default_factory=dict,
        metadata={"doc": "An option: objective.KEY, bridge.KEY or encoder.KEY; a short KEY while it is unique."},
    )
