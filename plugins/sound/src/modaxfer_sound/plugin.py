"""Tasks on recorded sound. Light: specs only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modaxfer import hookimpl
from modaxfer.spec import AUDIO, Change, Field, FolderSource, SampleSource, SplitPolicy, Target, TaskSpec

if TYPE_CHECKING:
    from collections.abc import Iterable

MODAXFER_API = 0

_SPOKEN_DIGITS = TaskSpec(
    name="spoken-digits",
    fields=(
        Field(
            name="audio",
            signal=AUDIO,
            doc="One English digit, spoken by one of six people, 0.14 to 2.3 seconds.",
        ),
    ),
    target=Target(column="label", problem="multiclass", classes=tuple("0123456789")),
    sources=(FolderSource(name="spoken-digits"), SampleSource(target="modaxfer_sound.spoken:spoken_digits")),
    metrics=("accuracy", "f1_macro", "balanced_accuracy", "matthews_corrcoef"),
    primary="accuracy",
    domain="speech",
    licence="CC-BY-SA-4.0",
    summary="English digits 0 to 9; the same six speakers in train and test, official split (Free Spoken Digit "
    "Dataset, Jackson et al. 2018).",
    url="https://github.com/Jakobovski/free-spoken-digit-dataset",
    keep=("speaker", "accent", "take"),
)


def _spoken_by(speaker: str, accent: str) -> TaskSpec:
    """Return the digits of one speaker: where another is the source, voice and accent are what differs."""
    return replace(
        _SPOKEN_DIGITS,
        name=f"spoken-digits-{speaker}",
        fields=(Field(name="audio", signal=AUDIO, doc="One English digit, spoken by one person."),),
        # The made-up sample has other speakers.
        sources=(FolderSource(name="spoken-digits", reader=f"modaxfer_sound.speakers:{speaker}"),),
        domain=f"speech of a {accent} speaker",
        summary=f"English digits 0 to 9 of speaker {speaker} ({accent}), official split (Free Spoken Digit Dataset).",
    )


_SPEAKERS = {
    "george": "Greek",
    "jackson": "US",
    "lucas": "German",
    "nicolas": "Belgian French",
    "theo": "US",
    "yweweler": "German",
}
"""Each with the accent."""

_ESC10 = TaskSpec(
    name="esc10",
    fields=(
        Field(
            name="audio",
            signal=AUDIO,
            doc="An everyday sound, about 5 seconds, silence at its end where it is shorter.",
        ),
    ),
    target=Target(
        column="label",
        problem="multiclass",
        classes=(
            "baby cry",
            "chainsaw",
            "clock tick",
            "dog bark",
            "fire crackling",
            "helicopter",
            "person sneeze",
            "rain",
            "rooster",
            "sea waves",
        ),
    ),
    sources=(FolderSource(name="esc10"), SampleSource(target="modaxfer_sound.everyday:esc10")),
    metrics=("accuracy", "f1_macro", "balanced_accuracy", "matthews_corrcoef"),
    primary="accuracy",
    # One recording gave several clips; the official folds keep them together.
    splits=SplitPolicy(group=("source_clip",), disjoint=("source_clip",), fold="fold"),
    domain="everyday sound",
    licence="CC-BY-3.0",
    summary="Ten everyday sounds; official folds 1 to 3 train, 4 validates, 5 tests; --folds 5 takes all five (Piczak "
    "2015).",
    url="https://github.com/karoldvl/ESC-10",
)

_SPEECH_EMOTION = TaskSpec(
    name="speech-emotion",
    fields=(
        Field(
            name="audio",
            signal=AUDIO,
            doc="A German sentence acted with one emotion, cut or padded to 2 seconds.",
        ),
    ),
    target=Target(
        column="label",
        problem="multiclass",
        classes=("anger", "boredom", "disgust", "fear", "happiness", "neutral", "sadness"),
    ),
    sources=(FolderSource(name="speech-emotion"),),
    # Balanced accuracy is what the field calls unweighted average recall.
    metrics=("balanced_accuracy", "f1_macro", "accuracy", "matthews_corrcoef"),
    primary="balanced_accuracy",
    splits=SplitPolicy(group=("speaker",), disjoint=("speaker",)),
    domain="speech",
    licence="none stated; free for research",
    summary="Seven acted emotions in German speech, tested on speakers not heard in training (EMO-DB, Burkhardt et "
    "al. 2005).",
    url="https://www.emodb.bilderbar.info",
    keep=("sex", "sentence"),
    # Anger is loud, sadness soft.
    forbid=(Change.LOUDNESS,),
)


@hookimpl
def modaxfer_tasks() -> Iterable[TaskSpec]:
    """Return the sound tasks."""
    spoken = (_spoken_by(speaker, accent) for speaker, accent in _SPEAKERS.items())
    return _SPOKEN_DIGITS, *spoken, _ESC10, _SPEECH_EMOTION
