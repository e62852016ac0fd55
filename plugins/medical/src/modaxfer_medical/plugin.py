"""Tasks on medical data. Light: specs only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer import hookimpl
from modaxfer.spec import IMAGE, Change, Field, FolderSource, SampleSource, SplitPolicy, Target, TaskSpec

if TYPE_CHECKING:
    from collections.abc import Iterable

MODAXFER_API = 0

_CHEST_XRAY = TaskSpec(
    name="chest-xray",
    fields=(Field(name="image", signal=IMAGE, doc="A child's chest X-ray from the front, 28 x 28 pixels, grey."),),
    target=Target(column="label", problem="binary", classes=("normal", "pneumonia")),
    sources=(FolderSource(name="chest-xray"), SampleSource(target="modaxfer_medical.sample:chest_xray")),
    metrics=("balanced_accuracy", "roc_auc", "average_precision", "f1_macro", "accuracy"),
    primary="balanced_accuracy",
    # Three pictures of validation stand in train, too.
    splits=SplitPolicy(disjoint_inputs=True),
    domain="medicine",
    licence="CC-BY-4.0",
    summary="Pneumonia or not on chest X-rays, both equally common (PneumoniaMNIST: Kermany et al. 2018, Yang et al. "
    "2023). Not for use on patients.",
    url="https://medmnist.com",
    # The heart is on the left, and how bright the lungs are is the finding.
    forbid=(Change.MIRROR, Change.TURN, Change.COLOUR),
)


@hookimpl
def modaxfer_tasks() -> Iterable[TaskSpec]:
    """Return the medical tasks."""
    return (_CHEST_XRAY,)
