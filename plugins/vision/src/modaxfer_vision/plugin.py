"""Tasks on pictures of the same things in different styles. Light: specs only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer import hookimpl
from modaxfer.spec import IMAGE, Change, Field, FolderSource, SampleSource, Target, TaskSpec

if TYPE_CHECKING:
    from collections.abc import Iterable

MODAXFER_API = 0

_METRICS = ("accuracy", "f1_macro", "balanced_accuracy", "matthews_corrcoef")


def _digits(name: str, *, side: int, origin: str, licence: str, summary: str, url: str) -> TaskSpec:
    doc = f"{origin}, {side} x {side} pixels, grey."
    return TaskSpec(
        name=name,
        fields=(Field(name="image", signal=IMAGE, doc=doc),),
        target=Target(column="label", problem="multiclass", classes=tuple("0123456789")),
        sources=(
            FolderSource(name=name),
            SampleSource(target=f"modaxfer_vision.drawn_digits:{name.replace('-', '_')}"),
        ),
        metrics=_METRICS,
        primary="accuracy",
        domain="handwriting",
        licence=licence,
        summary=summary,
        url=url,
        # A 6 upside down is a 9, and a 2 in the mirror is no digit.
        forbid=(Change.MIRROR, Change.TURN),
    )


def _pacs(domain: str = "") -> TaskSpec:
    """Return PACS in one of its four styles; without a `domain` in all of them."""
    reader = f"modaxfer_vision.pacs:{domain}" if domain else ""
    return TaskSpec(
        name=f"pacs-{domain}" if domain else "pacs",
        fields=(Field(name="image", signal=IMAGE, doc="One of seven kinds of thing, 160 x 160 pixels, colour."),),
        target=Target(
            column="label",
            problem="multiclass",
            classes=("dog", "elephant", "giraffe", "guitar", "horse", "house", "person"),
        ),
        sources=(
            FolderSource(name="pacs", reader=reader),
            SampleSource(target=f"modaxfer_vision.drawn_things:{domain or 'all_styles'}"),
        ),
        metrics=_METRICS,
        primary="accuracy",
        domain=_STYLES[domain],
        licence="none stated",
        summary=f"Dog, elephant, giraffe, guitar, horse, house or person: {_STYLES[domain]} (PACS, Li et al. 2017).",
        url="https://sketchx.eecs.qmul.ac.uk",
        keep=("domain",),
    )


_STYLES = {
    "": "photos, paintings, cartoons and sketches",
    "photo": "photos",
    "art": "paintings",
    "cartoon": "cartoons",
    "sketch": "sketches",
}

_TASKS = (
    _digits(
        "digits-mnist",
        side=28,
        origin="A handwritten digit",
        licence="CC-BY-SA-3.0",
        summary="Handwritten digits of census clerks and pupils, 500 of each (MNIST, LeCun et al. 1998).",
        url="https://yann.lecun.com/exdb/mnist",
    ),
    _digits(
        "digits-usps",
        side=16,
        origin="A digit from an envelope's postal code",
        licence="none stated",
        summary="Handwritten digits from US envelopes, official split (USPS, Hull 1994).",
        url="https://doi.org/10.1109/34.291440",
    ),
    _digits(
        "digits-optical",
        side=8,
        origin="A handwritten digit, counted down to few pixels",
        licence="CC-BY-4.0",
        summary="Handwritten digits of the built-in task digits, in a fixed split (UCI, Alpaydin & Kaynak 1998).",
        url="https://archive.ics.uci.edu/dataset/80",
    ),
    _pacs(),
    *(_pacs(domain) for domain in ("photo", "art", "cartoon", "sketch")),
)


@hookimpl
def modaxfer_tasks() -> Iterable[TaskSpec]:
    """Return the vision tasks."""
    return _TASKS
