"""Tasks on road traffic. Light: specs only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer import hookimpl
from modaxfer.spec import (
    IMAGE,
    AugmentationSpec,
    Change,
    Field,
    FolderSource,
    SampleSource,
    SplitPolicy,
    Target,
    TaskSpec,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

MODAXFER_API = 0

# In the order of their official numbers, 0 to 42.
_SIGNS = (
    "speed limit 20", "speed limit 30", "speed limit 50", "speed limit 60", "speed limit 70", "speed limit 80",
    "end of speed limit 80", "speed limit 100", "speed limit 120", "no passing", "no passing for trucks",
    "right of way at next crossing", "priority road", "yield", "stop", "no vehicles", "no trucks", "no entry",
    "general caution", "bend left", "bend right", "double bend", "bumpy road", "slippery road",
    "road narrows on the right", "road works", "traffic signals", "pedestrians", "children crossing",
    "bicycles crossing", "ice or snow", "wild animals", "end of all limits", "turn right ahead", "turn left ahead",
    "ahead only", "straight or right", "straight or left", "keep right", "keep left", "roundabout",
    "end of no passing", "end of no passing for trucks",
)  # fmt: skip

_TRAFFIC_SIGNS = TaskSpec(
    name="traffic-signs",
    fields=(
        Field(
            name="image",
            signal=IMAGE,
            doc="A German traffic sign cut out of a street scene, at most 64 pixels. Never to be mirrored: "
            "left and right are classes.",
        ),
    ),
    target=Target(column="label", problem="multiclass", classes=_SIGNS),
    sources=(FolderSource(name="traffic-signs"), SampleSource(target="modaxfer_traffic.sample:traffic_signs")),
    metrics=("accuracy", "f1_macro", "balanced_accuracy", "matthews_corrcoef"),
    primary="accuracy",
    # A track is one physical sign that a car drives up to: its frames are nearly the same picture.
    splits=SplitPolicy(group=("track",), disjoint=("track",)),
    domain="road traffic",
    licence="free use with citation (Stallkamp et al. 2012)",
    summary="Which of 43 German traffic signs; left and right differ, so pictures are never mirrored (GTSRB, Stallkamp "
    "et al. 2012).",
    url="https://benchmark.ini.rub.de/gtsrb_news.html",
    keep=("class_id",),
    # Left and right are classes, an arrow's direction too; red forbids what blue demands.
    forbid=(Change.MIRROR, Change.TURN, Change.COLOUR),
    augment=("traffic/approach", "modaxfer/trivial-augment"),
)

_APPROACH = AugmentationSpec(
    name="approach",
    signal="image",
    target="modaxfer_traffic.approach:approach",
    strength=0.5,
    meaning="how far, how aslant and how blurred at most",
    summary="Signs are seen from farther away, from the side and out of focus; never mirrored, no colour changes.",
)


@hookimpl
def modaxfer_augmentations() -> Iterable[AugmentationSpec]:
    """Return how signs may look without becoming others."""
    return (_APPROACH,)


@hookimpl
def modaxfer_tasks() -> Iterable[TaskSpec]:
    """Return the road traffic tasks."""
    return (_TRAFFIC_SIGNS,)
