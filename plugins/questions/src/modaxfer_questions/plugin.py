"""Tasks on questions. Light: specs only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer import hookimpl
from modaxfer.spec import TEXT, Field, FolderSource, SampleSource, SplitPolicy, Target, TaskSpec

if TYPE_CHECKING:
    from collections.abc import Iterable

MODAXFER_API = 0

_FINE = {
    "ABBR": ("abb", "exp"),
    "DESC": ("def", "desc", "manner", "reason"),
    "ENTY": (
        "animal", "body", "color", "cremat", "currency", "dismed", "event", "food", "instru", "lang", "letter", "other",
        "plant", "product", "religion", "sport", "substance", "symbol", "techmeth", "termeq", "veh", "word",
    ),
    "HUM": ("desc", "gr", "ind", "title"),
    "LOC": ("city", "country", "mount", "other", "state"),
    "NUM": (
        "code", "count", "date", "dist", "money", "ord", "other", "perc", "period", "speed", "temp", "volsize",
        "weight",
    ),
}  # fmt: skip

_QUESTIONS = TaskSpec(
    name="trec-questions",
    fields=(Field(name="text", signal=TEXT, doc="A question in English, tokenised."),),
    target=Target(
        column="label",
        problem="multiclass",
        classes=("abbreviation", "description", "entity", "human", "location", "number"),
    ),
    sources=(FolderSource(name="trec-questions"), SampleSource(target="modaxfer_questions.sample:questions")),
    metrics=("f1_macro", "accuracy", "balanced_accuracy", "matthews_corrcoef"),
    primary="f1_macro",
    # Ten questions of the official test split stand in train too.
    splits=SplitPolicy(disjoint=("text",)),
    domain="general knowledge",
    licence="none stated",
    summary="What kind of answer does a question ask for? Six kinds, official test split (Li & Roth 2002).",
    url="https://github.com/harvardnlp/sent-conv-torch",
    keep=("fine_label",),
)

_FINE_QUESTIONS = TaskSpec(
    name="trec-questions-fine",
    fields=_QUESTIONS.fields,
    target=Target(
        column="fine_label",
        problem="multiclass",
        classes=tuple(f"{coarse}:{fine}" for coarse, kinds in _FINE.items() for fine in kinds),
    ),
    sources=(FolderSource(name="trec-questions"), SampleSource(target="modaxfer_questions.sample:fine_questions")),
    metrics=("accuracy", "f1_macro", "balanced_accuracy", "matthews_corrcoef"),
    # Many classes have one test question or none: a mean over classes would hang on single rows.
    primary="accuracy",
    splits=_QUESTIONS.splits,
    domain=_QUESTIONS.domain,
    licence=_QUESTIONS.licence,
    summary="The same questions in 50 kinds, such as HUM:ind, a single person (Li & Roth 2002).",
    url=_QUESTIONS.url,
    keep=("label",),
)


@hookimpl
def modaxfer_tasks() -> Iterable[TaskSpec]:
    """Return the question tasks."""
    return _QUESTIONS, _FINE_QUESTIONS
