"""Sentences about gadgets: polarity, and ratings by 20 people. Light: specs only.

customer-reviews and vader-products share about 1,290 sentences: neither may be the source of the other.
"""

from __future__ import annotations

from dataclasses import replace

from modaxfer.spec import TEXT, Field, FolderSource, SampleSource, SplitPolicy, Target, TaskSpec

__all__ = ["TASKS"]

_CUSTOMER_REVIEWS = TaskSpec(
    name="customer-reviews",
    fields=(Field(name="text", signal=TEXT, doc="A sentence from a gadget's review, tokenised, lower case."),),
    target=Target(column="label", problem="binary", classes=("negative", "positive")),
    sources=(FolderSource(name="customer-reviews"), SampleSource(target="modaxfer_reviews.sample:customer_reviews")),
    metrics=("f1_macro", "accuracy", "balanced_accuracy", "roc_auc"),
    primary="f1_macro",
    splits=SplitPolicy(disjoint=("text",)),
    domain="gadgets",
    licence="none stated",
    summary="Is a sentence on a camera, phone or player positive? 64 % are (Hu & Liu 2004).",
    url="https://github.com/harvardnlp/sent-conv-torch",
)

_VADER_PRODUCTS = TaskSpec(
    name="vader-products",
    fields=(Field(name="text", signal=TEXT, doc="A sentence from a gadget's review."),),
    target=Target(column="label", problem="multiclass", classes=("negative", "neutral", "positive")),
    sources=(
        FolderSource(name="vader-products", reader="modaxfer_reviews.rows:vader_products"),
        SampleSource(target="modaxfer_reviews.sample:vader_products"),
    ),
    metrics=("f1_macro", "accuracy", "balanced_accuracy", "matthews_corrcoef"),
    primary="f1_macro",
    splits=SplitPolicy(group=("review",), disjoint=("text",)),
    domain="gadgets",
    licence="MIT",
    summary="Gadget review sentences, split by review; classes cut from the mean of 20 ratings (Hutto & Gilbert 2014).",
    url="https://github.com/cjhutto/vaderSentiment",
    keep=("id", "rating"),
)

_VADER_PRODUCTS_RATING = replace(
    _VADER_PRODUCTS,
    name="vader-products-rating",
    target=Target(column="rating", problem="regression", unit="-4 to 4"),
    metrics=("rmse", "mae", "r2"),
    primary="rmse",
    summary="Mean rating, -4 to 4, of a gadget review sentence by 20 people; split by review (Hutto & Gilbert 2014).",
    keep=("id", "label"),
)

TASKS = (_CUSTOMER_REVIEWS, _VADER_PRODUCTS, _VADER_PRODUCTS_RATING)
"""All tasks on gadgets."""
