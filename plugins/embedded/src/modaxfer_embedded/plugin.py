"""Checkpoints for `bert`, `vit` and `wav2vec2` whose weights lie in this package. Light: specs only."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from modaxfer import hookimpl
from modaxfer.spec import CheckpointSpec, Rates

MODAXFER_API = 0

WEIGHTS = Path(__file__).parent / "weights"

ENCODERS = {"bert-tiny": "bert", "vit-tiny": "vit", "vit-tiny-pictures": "vit", "wav2vec2-tiny": "wav2vec2"}
"""By checkpoint."""

RATES = {
    "bert": Rates(full=5e-4, adapter=4e-3),
    "vit": Rates(full=5e-4, adapter=2e-3),
    "wav2vec2": Rates(full=5e-4, adapter=2e-3),
}
"""By encoder, four to sixteen times its own, which are for weights twenty times as large: decision 0484."""


@hookimpl
def modaxfer_checkpoints() -> Iterable[CheckpointSpec]:
    """Return the checkpoints that this package holds."""
    return tuple(_spec(name) for name in ENCODERS if (WEIGHTS / name / "model.safetensors").is_file())


def bert_tiny() -> Path:
    """Return the folder of ``bert-tiny``."""
    return WEIGHTS / "bert-tiny"


def vit_tiny() -> Path:
    """Return the folder of ``vit-tiny``."""
    return WEIGHTS / "vit-tiny"


def vit_tiny_pictures() -> Path:
    """Return the folder of ``vit-tiny-pictures``."""
    return WEIGHTS / "vit-tiny-pictures"


def wav2vec2_tiny() -> Path:
    """Return the folder of ``wav2vec2-tiny``."""
    return WEIGHTS / "wav2vec2-tiny"


def _spec(name: str) -> CheckpointSpec:
    """Return a checkpoint, with what its pretraining says of it."""
    told = json.loads((WEIGHTS / name / "pretraining.json").read_text(encoding="utf-8"))
    return CheckpointSpec(
        name=name,
        encoder=ENCODERS[name],
        size="tiny",
        target=f"modaxfer_embedded.plugin:{name.replace('-', '_')}",
        distribution="modaxfer-embedded",
        install="pip install modaxfer-embedded",
        parameters=told["parameters"],
        trained_on=tuple(told["trained_on"]),
        stand_in=True,
        rates=RATES[ENCODERS[name]],
        licence=told["recipe"]["licence"],
        summary=told["recipe"]["summary"],
    )
