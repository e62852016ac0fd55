"""Short messages rated by 20 people. Light: specs only."""

from __future__ import annotations

from dataclasses import replace

from modaxfer.spec import TEXT, Field, FolderSource, SampleSource, SplitPolicy, Target, TaskSpec

__all__ = ["TASKS"]

_VADER_TWEETS = TaskSpec(
    name="vader-tweets",
    fields=(Field(name="text", signal=TEXT, doc="A tweet or a text written like one."),),
    target=Target(column="label", problem="multiclass", classes=("negative", "neutral", "positive")),
    sources=(FolderSource(name="vader-tweets"), SampleSource(target="modaxfer_reviews.sample:vader_tweets")),
    metrics=("f1_macro", "accuracy", "balanced_accuracy", "matthews_corrcoef"),
    primary="f1_macro",
    splits=SplitPolicy(disjoint=("text",)),
    domain="social media",
    licence="MIT",
    summary="Tweet-like texts; classes cut from the mean of 20 ratings at -0.5 and 0.5 (Hutto & Gilbert 2014).",
    url="https://github.com/cjhutto/vaderSentiment",
    keep=("id", "rating"),
)

_VADER_TWEETS_RATING = replace(
    _VADER_TWEETS,
    name="vader-tweets-rating",
    target=Target(column="rating", problem="regression", unit="-4 to 4"),
    metrics=("rmse", "mae", "r2"),
    primary="rmse",
    summary="Mean rating, -4 to 4, of a tweet-like text by 20 people (Hutto & Gilbert 2014).",
    keep=("id", "label"),
)

TASKS = (_VADER_TWEETS, _VADER_TWEETS_RATING)
"""All tasks on tweets."""
