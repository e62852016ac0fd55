"""The kinds of targets that ship with the framework."""

from __future__ import annotations

from modaxfer.spec import ProblemSpec

__all__ = ["PROBLEMS"]

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
