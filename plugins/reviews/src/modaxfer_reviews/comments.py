"""Comments that a moderator would look at: several labels at once, most of them rare. Light: specs only."""

from __future__ import annotations

from modaxfer.spec import TEXT, Field, FolderSource, SampleSource, SplitPolicy, Target, TaskSpec

__all__ = ["LABELS", "TASKS"]

LABELS = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
"""Columns of 0 and 1, as the published files have them."""

TASKS = (
    TaskSpec(
        name="toxic-comments",
        fields=(Field(name="comment_text", signal=TEXT, doc="A comment, as it was written."),),
        target=Target(column="labels", columns=LABELS, problem="multilabel", classes=LABELS),
        sources=(
            FolderSource(name="toxic-comments", reader="modaxfer_reviews.comment_rows:read"),
            SampleSource(target="modaxfer_reviews.comment_sample:toxic_comments"),
        ),
        # Labels of one row in a hundred: accuracy is that of saying nothing. F1 is asked of each label at a threshold
        # that validation rows choose for it, average precision of the scores alone.
        metrics=("f1_macro", "average_precision", "f1_micro", "roc_auc"),
        primary="f1_macro",
        splits=SplitPolicy(disjoint=("comment_text",)),
        domain="social media",
        licence="CC0-1.0 (comments CC-SA-3.0)",
        summary="Which of six kinds of toxicity a comment on Wikipedia's talk pages has, if any (Wulczyn et al. 2017).",
        url="https://www.kaggle.com/c/jigsaw-toxic-comment-classification-challenge",
        keep=("id",),
    ),
)
"""All tasks of moderation."""
