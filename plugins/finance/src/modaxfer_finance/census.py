"""Who earns more than 50,000 dollars a year? Light: specs only."""

from __future__ import annotations

from modaxfer.spec import TABLE, Field, FolderSource, SampleSource, SplitPolicy, Target, TaskSpec

__all__ = ["TASKS"]


def _field(name: str, doc: str, unit: str = "") -> Field:
    return Field(name=name, signal=TABLE, doc=doc, unit=unit)


_FIELDS = (
    _field("age", "Age of the person.", "years"),
    _field("workclass", "Kind of employer; missing where nobody knew."),
    _field("fnlwgt", "Sampling weight: people of the population that this row stands for.", "people"),
    _field("education", "Highest level of schooling reached."),
    _field("education_num", "The same level as a rank, 1 (preschool) to 16 (doctorate)."),
    _field("marital_status", "Marital status."),
    _field("occupation", "Kind of work; missing where nobody knew."),
    _field("relationship", "Place in the household."),
    _field("race", "Race as the census recorded it."),
    _field("sex", "Sex as the census recorded it."),
    _field("capital_gain", "Income from sold capital in the year; 99999 stands for anything above.", "dollars"),
    _field("capital_loss", "Loss on sold capital in the year.", "dollars"),
    _field("hours_per_week", "Usual working time.", "hours a week"),
    _field("native_country", "Country of birth; missing where nobody knew."),
)

_ADULT_INCOME = TaskSpec(
    name="adult-income",
    fields=_FIELDS,
    target=Target(column="label", problem="binary", classes=("<=50K", ">50K")),
    sources=(FolderSource(name="adult-income"), SampleSource(target="modaxfer_finance.sample:adult_income")),
    # 24 % earn more.
    metrics=("roc_auc", "average_precision", "f1_macro", "balanced_accuracy", "accuracy"),
    primary="roc_auc",
    # Weight included, a few rows of the official test split stand in train too.
    splits=SplitPolicy(disjoint=tuple(field.name for field in _FIELDS)),
    domain="census",
    licence="CC-BY-4.0",
    summary="Does a person earn more than 50,000 dollars? US census of 1994, official test split (Kohavi 1996, UCI).",
    url="https://github.com/jbrownlee/Datasets",
)

TASKS = (_ADULT_INCOME,)
"""All tasks on census tables."""
