"""Sentences of financial news. Light: specs only."""

from __future__ import annotations

from modaxfer.spec import TEXT, Field, FolderSource, SampleSource, SplitPolicy, Target, TaskSpec

__all__ = ["TASKS"]

_PHRASEBANK = TaskSpec(
    name="financial-phrasebank",
    fields=(Field(name="text", signal=TEXT, doc="A sentence from news about a listed company, tokenised."),),
    target=Target(column="label", problem="multiclass", classes=("negative", "neutral", "positive")),
    sources=(
        FolderSource(name="financial-phrasebank"),
        SampleSource(target="modaxfer_finance.sample_news:financial_phrasebank"),
    ),
    # 59 % are neutral, 12 % negative.
    metrics=("f1_macro", "accuracy", "balanced_accuracy", "matthews_corrcoef"),
    primary="f1_macro",
    splits=SplitPolicy(disjoint=("text",)),
    domain="finance",
    licence="CC-BY-NC-SA-3.0",
    summary="Is a sentence of financial news good or bad for an investor, or neither? (Malo et al. 2014).",
    url="https://github.com/chiuyuwen91/Forecast-stock-price",
    keep=("agreement",),
)

TASKS = (_PHRASEBANK,)
"""All tasks on news."""
