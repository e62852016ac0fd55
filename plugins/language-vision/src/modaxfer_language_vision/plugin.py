"""Tasks on language about pictures. Light: specs only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modaxfer import hookimpl
from modaxfer.spec import IMAGE, TEXT, Change, Field, FolderSource, SampleSource, SplitPolicy, Target, TaskSpec

if TYPE_CHECKING:
    from collections.abc import Iterable

MODAXFER_API = 0

_NLVR = TaskSpec(
    name="nlvr",
    fields=(
        Field(
            name="image",
            signal=IMAGE,
            doc="Three grey boxes in a row with circles, triangles and squares in yellow, black and blue, 400 x 100 "
            "pixels.",
        ),
        Field(name="sentence", signal=TEXT, doc="What somebody says of the boxes, as typed, slips included."),
    ),
    target=Target(column="label", problem="binary", classes=("false", "true")),
    sources=(FolderSource(name="nlvr"), SampleSource(target="modaxfer_language_vision.sample:nlvr")),
    metrics=("accuracy", "balanced_accuracy", "f1_macro", "matthews_corrcoef", "roc_auc"),
    primary="accuracy",
    # One picture and sentence is shown with its boxes in several orders.
    splits=SplitPolicy(group=("identifier",), disjoint=("identifier",)),
    domain="drawn scenes",
    licence="CC-BY-4.0",
    summary="Is the sentence true of the picture? Words or picture alone do not tell (NLVR, Suhr et al. 2017).",
    url="https://lil.nlp.cornell.edu/nlvr",
    keep=("permutation",),
    # Sentences speak of left and right, of colours, and of how many there are; each word counts.
    forbid=(
        Change.MIRROR,
        Change.TURN,
        Change.COLOUR,
        Change.CROP,
        Change.BLEND,
        Change.WORDS,
        Change.ORDER,
    ),
)

# One field at a time, test rows all the same: neither can tell, which is what makes the task one for both.
_NLVR_PICTURE = replace(
    _NLVR,
    name="nlvr-picture",
    fields=_NLVR.fields[:1],
    summary="The labels of nlvr from the picture alone: a control that no model should pass (Suhr et al. 2017).",
)

_NLVR_SENTENCE = replace(
    _NLVR,
    name="nlvr-sentence",
    fields=_NLVR.fields[1:],
    summary="The labels of nlvr from the sentence alone: a control that no model should pass (Suhr et al. 2017).",
)


@hookimpl
def modaxfer_tasks() -> Iterable[TaskSpec]:
    """Return the language and vision tasks."""
    return _NLVR, _NLVR_PICTURE, _NLVR_SENTENCE
