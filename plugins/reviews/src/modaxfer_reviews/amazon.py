"""Product reviews in four domains: all together, and one task per domain. Light: specs only."""

from __future__ import annotations

from dataclasses import replace

from modaxfer.spec import TEXT, Field, FolderSource, SampleSource, SplitPolicy, Target, TaskSpec

__all__ = ["TASKS"]

DOMAINS = ("books", "dvd", "electronics", "kitchen")
"""Values of the column ``domain``."""

_ALL = TaskSpec(
    name="amazon-reviews",
    fields=(Field(name="text", signal=TEXT, doc="Title and text of a product's review."),),
    target=Target(column="label", problem="binary", classes=("negative", "positive")),
    sources=(FolderSource(name="amazon-reviews"), SampleSource(target="modaxfer_reviews.sample:amazon_reviews")),
    metrics=("accuracy", "f1_macro", "matthews_corrcoef", "roc_auc"),
    primary="accuracy",
    splits=SplitPolicy(disjoint=("text",)),
    domain="shopping",
    licence="none stated",
    summary="Is a product's review positive? Books, DVDs, electronics and kitchen together (Blitzer et al. 2007).",
    url="https://github.com/hsqmlzno1/HATN",
    keep=("domain",),
)


def _of(domain: str) -> TaskSpec:
    return replace(
        _ALL,
        name=f"amazon-{domain}",
        sources=(
            FolderSource(name="amazon-reviews", reader=f"modaxfer_reviews.rows:amazon_{domain}"),
            SampleSource(target=f"modaxfer_reviews.sample:amazon_{domain}"),
        ),
        domain=domain,
        summary=f"Is a product's review positive? Domain {domain} of four (Blitzer et al. 2007).",
    )


TASKS = (_ALL, *map(_of, DOMAINS))
"""All tasks on reviews of the shop."""
