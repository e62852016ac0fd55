"""The kinds of targets that ship with the framework, and the scores that apply to them."""

from __future__ import annotations

from modaxfer.spec import MetricSpec, ProblemSpec

__all__ = ["METRICS", "PROBLEMS"]

_ROOM = "modaxfer.problems."
_FIGURES = "modaxfer.reports.figures:"
_DECISIONS = ("accuracy", "f1_macro", "balanced_accuracy", "matthews_corrcoef", "roc_auc", "recall_macro")

PROBLEMS = (
    ProblemSpec(
        name="binary",
        target=_ROOM + "binary:Binary",
        metrics=(*_DECISIONS, "average_precision"),
        also_called=("binary_classification",),
        link="softmax",
        figure=_FIGURES + "confusion",
        summary="One of two classes per row.",
    ),
    ProblemSpec(
        name="multiclass",
        target=_ROOM + "multiclass:Multiclass",
        metrics=_DECISIONS,
        also_called=("classification", "multi-class", "multi_class", "categorical"),
        link="softmax",
        figure=_FIGURES + "confusion",
        summary="One of several classes per row.",
    ),
    ProblemSpec(
        name="multilabel",
        target=_ROOM + "multilabel:Multilabel",
        metrics=("f1_macro", "f1_micro", "accuracy", "roc_auc", "average_precision"),
        also_called=("multi-label", "multi_label"),
        link="sigmoid",
        figure=_FIGURES + "precision_and_recall",
        summary="Any number of labels per row.",
    ),
    ProblemSpec(
        name="regression",
        target=_ROOM + "regression:Regression",
        metrics=("rmse", "mae", "r2"),
        also_called=("regress", "continuous"),
        link="identity",
        comparable="r2",
        pipeline="{}-regression",
        constant="mean",
        figure=_FIGURES + "residuals",
        summary="A number per row.",
    ),
    ProblemSpec(
        name="tagging",
        target=_ROOM + "tagging:Tagging",
        metrics=("span_f1", "span_precision", "span_recall", "span_f1_strict", "tag_accuracy", "tag_f1_macro"),
        ragged=True,
        pipeline="token-classification",
        figure=_FIGURES + "precision_and_recall",
        summary="A tag per word of a text, per cell of an image, per stretch of a sound.",
    ),
)

_SCORES = "modaxfer.metrics.scores:"
_TAGGED = "modaxfer.metrics.tagged:"
_TAGS = ("tagging",)
_CLASSES = ("binary", "multiclass")
_MULTI = (*_CLASSES, "multilabel")
_NUMBERS = ("regression",)

METRICS = (
    MetricSpec(name="accuracy", target=_SCORES + "accuracy", problems=_MULTI),
    MetricSpec(name="balanced_accuracy", target=_SCORES + "balanced_accuracy", problems=_CLASSES),
    MetricSpec(name="f1_macro", target=_SCORES + "f1_macro", problems=_MULTI),
    MetricSpec(name="f1_micro", target=_SCORES + "f1_micro", problems=_MULTI),
    MetricSpec(name="recall_macro", target=_SCORES + "recall_macro", problems=_MULTI),
    MetricSpec(name="precision_macro", target=_SCORES + "precision_macro", problems=_MULTI),
    MetricSpec(name="matthews_corrcoef", target=_SCORES + "matthews_corrcoef", problems=_CLASSES),
    MetricSpec(name="roc_auc", target=_SCORES + "roc_auc", problems=_MULTI, needs_scores=True),
    MetricSpec(name="average_precision", target=_SCORES + "average_precision", problems=_MULTI, needs_scores=True),
    MetricSpec(name="rmse", target=_SCORES + "rmse", problems=_NUMBERS, greater_is_better=False),
    MetricSpec(name="mae", target=_SCORES + "mae", problems=_NUMBERS, greater_is_better=False),
    MetricSpec(name="r2", target=_SCORES + "r2", problems=_NUMBERS),
    MetricSpec(name="span_f1", target=_TAGGED + "span_f1", problems=_TAGS),
    MetricSpec(name="span_precision", target=_TAGGED + "span_precision", problems=_TAGS),
    MetricSpec(name="span_recall", target=_TAGGED + "span_recall", problems=_TAGS),
    MetricSpec(name="span_f1_strict", target=_TAGGED + "span_f1_strict", problems=_TAGS),
    MetricSpec(name="tag_accuracy", target=_TAGGED + "tag_accuracy", problems=_TAGS),
    MetricSpec(name="tag_f1_macro", target=_TAGGED + "tag_f1_macro", problems=_TAGS),
)
