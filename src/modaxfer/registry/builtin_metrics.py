"""The scores that ship with the framework, named as scikit-learn's scorers where it has them."""

from __future__ import annotations

import math

from modaxfer.spec import MetricSpec

__all__ = ["METRICS"]

_SCORES = "modaxfer.metrics.scores:"
_COSTS = "modaxfer.metrics.costs:"
_PROBABILITIES = "modaxfer.metrics.probabilities:"
_TAGGED = "modaxfer.metrics.tagged:"
_TAGS = ("tagging",)
_SHARE, _CORRELATION, _LOSS = (0.0, 1.0), (-1.0, 1.0), (0.0, math.inf)
_BINARY = ("binary",)
_CLASSES = (*_BINARY, "multiclass")
_MULTI = (*_CLASSES, "multilabel")
_EACH = (*_BINARY, "multilabel")
_NUMBERS = ("regression",)

_DECISIONS = (
    MetricSpec(
        name="accuracy",
        target=_SCORES + "accuracy",
        bounds=_SHARE,
        problems=_MULTI,
        summary="Share of rows that are right; for multi-label, right in every label.",
    ),
    MetricSpec(
        name="balanced_accuracy",
        target=_SCORES + "balanced_accuracy",
        bounds=_SHARE,
        problems=_CLASSES,
        threshold=_BINARY,
        summary="Mean recall of the classes that occur in the references.",
    ),
    MetricSpec(
        name="f1_macro",
        target=_SCORES + "f1_macro",
        bounds=_SHARE,
        problems=_MULTI,
        threshold=_EACH,
        summary="Mean of the classes' F1.",
    ),
    MetricSpec(
        name="f1_micro",
        target=_SCORES + "f1_micro",
        bounds=_SHARE,
        problems=_MULTI,
        threshold=("multilabel",),
        summary="F1 of all decisions counted together; equals accuracy unless multi-label.",
    ),
    MetricSpec(
        name="recall_macro",
        target=_SCORES + "recall_macro",
        bounds=_SHARE,
        problems=_MULTI,
        threshold=_BINARY,
        summary="Mean of the classes' recall; a class that was predicted but never occurs counts as 0.",
    ),
    MetricSpec(
        name="precision_macro",
        target=_SCORES + "precision_macro",
        bounds=_SHARE,
        problems=_MULTI,
        summary="Mean of the classes' precision.",
    ),
    MetricSpec(
        name="matthews_corrcoef",
        target=_SCORES + "matthews_corrcoef",
        bounds=_CORRELATION,
        problems=_CLASSES,
        threshold=_BINARY,
        summary="Correlation of references and predictions over the confusion matrix, -1 to 1 (Gorodkin 2004).",
    ),
    MetricSpec(
        name="f1",
        target=_SCORES + "f1",
        bounds=_SHARE,
        problems=_BINARY,
        threshold=_BINARY,
        summary="F1 of class 1, the second one.",
    ),
    MetricSpec(
        name="precision",
        target=_SCORES + "precision",
        bounds=_SHARE,
        problems=_BINARY,
        summary="Precision of class 1, the second one.",
    ),
    MetricSpec(
        name="recall",
        target=_SCORES + "recall",
        bounds=_SHARE,
        problems=_BINARY,
        summary="Recall of class 1, the second one.",
    ),
    MetricSpec(
        name="quadratic_kappa",
        target=_SCORES + "quadratic_kappa",
        bounds=_CORRELATION,
        problems=_CLASSES,
        summary="Cohen's kappa for classes that are steps of a scale, in the task's order.",
    ),
)
_RANKINGS = (
    MetricSpec(
        name="roc_auc",
        target=_SCORES + "roc_auc",
        bounds=_SHARE,
        problems=_MULTI,
        needs_scores=True,
        summary="Area under the ROC curve: of class 1 for two classes, else the mean of each class against the rest.",
    ),
    MetricSpec(
        name="average_precision",
        target=_SCORES + "average_precision",
        bounds=_SHARE,
        problems=_MULTI,
        needs_scores=True,
        summary="Average precision over recall: of class 1 for two classes, else the mean of each against the rest.",
    ),
    MetricSpec(
        name="gini",
        target=_SCORES + "gini",
        bounds=_CORRELATION,
        problems=_BINARY,
        needs_scores=True,
        summary="Twice the area under the ROC curve of class 1, less 1.",
    ),
    MetricSpec(
        name="ks",
        target=_SCORES + "ks",
        bounds=_SHARE,
        problems=_BINARY,
        needs_scores=True,
        summary="Kolmogorov-Smirnov distance between the scores of class 1 of its rows and of the others.",
    ),
)
_LIKELIHOODS = (
    MetricSpec(
        name="log_loss",
        target=_PROBABILITIES + "log_loss",
        bounds=_LOSS,
        problems=_MULTI,
        greater_is_better=False,
        needs_scores=True,
        summary="Mean negative logarithm of the true class's probability; for multi-label, over all labels.",
    ),
    MetricSpec(
        name="brier_score",
        target=_PROBABILITIES + "brier_score",
        bounds=(0.0, 2.0),
        problems=_MULTI,
        greater_is_better=False,
        needs_scores=True,
        summary="Mean squared error of probabilities, 0 to 1; of more than two classes their sum (Brier 1950).",
    ),
    MetricSpec(
        name="ece",
        target=_PROBABILITIES + "ece",
        bounds=_SHARE,
        problems=_MULTI,
        greater_is_better=False,
        needs_scores=True,
        summary="Expected calibration error, 15 bins of equal width (Guo et al. 2017).",
    ),
)
_MISTAKES = (
    MetricSpec(
        name="expected_cost",
        target=_COSTS + "expected_cost",
        bounds=_LOSS,
        problems=_CLASSES,
        greater_is_better=False,
        needs_cost=True,
        summary="Mean cost of what is said, by the cost matrix of --cost or of the task; less is better (Elkan 2001).",
    ),
)
_ERRORS = (
    MetricSpec(
        name="rmse",
        target=_SCORES + "rmse",
        bounds=_LOSS,
        problems=_NUMBERS,
        greater_is_better=False,
        summary="Root of the mean squared error, in the target's unit.",
    ),
    MetricSpec(
        name="mae",
        target=_SCORES + "mae",
        bounds=_LOSS,
        problems=_NUMBERS,
        greater_is_better=False,
        summary="Mean absolute error, in the target's unit.",
    ),
    MetricSpec(
        name="mape",
        target=_SCORES + "mape",
        bounds=_LOSS,
        problems=_NUMBERS,
        greater_is_better=False,
        summary="Mean absolute error as a share of the reference; nan where one is 0.",
    ),
    MetricSpec(
        name="r2",
        target=_SCORES + "r2",
        bounds=(-math.inf, 1.0),
        problems=_NUMBERS,
        summary="Share of variance explained, at most 1; nan where all references are equal.",
    ),
    MetricSpec(
        name="spearman",
        target=_SCORES + "spearman",
        bounds=_CORRELATION,
        problems=_NUMBERS,
        summary="Spearman's correlation of the ranks, -1 to 1; 0 where all predictions are equal.",
    ),
)
_SPANS = (
    MetricSpec(
        name="span_f1",
        target=_TAGGED + "span_f1",
        bounds=_SHARE,
        problems=_TAGS,
        summary="Harmonic mean of precision and recall of spans, read leniently.",
    ),
    MetricSpec(
        name="span_precision",
        target=_TAGGED + "span_precision",
        bounds=_SHARE,
        problems=_TAGS,
        summary="Share of the predicted spans that are right.",
    ),
    MetricSpec(
        name="span_recall",
        target=_TAGGED + "span_recall",
        bounds=_SHARE,
        problems=_TAGS,
        summary="Share of the true spans that are found.",
    ),
    MetricSpec(
        name="span_f1_strict",
        target=_TAGGED + "span_f1_strict",
        bounds=_SHARE,
        problems=_TAGS,
        summary="F1 over spans that are written as the scheme of the references wants; others are none.",
    ),
    MetricSpec(
        name="tag_accuracy",
        target=_TAGGED + "tag_accuracy",
        bounds=_SHARE,
        problems=_TAGS,
        summary="Share of words that have the right tag.",
    ),
    MetricSpec(
        name="tag_f1_macro",
        target=_TAGGED + "tag_f1_macro",
        bounds=_SHARE,
        problems=_TAGS,
        summary="Mean of the tags' F1 over words; a tag on neither side does not count.",
    ),
)

METRICS = (*_DECISIONS, *_RANKINGS, *_LIKELIHOODS, *_MISTAKES, *_ERRORS, *_SPANS)
