"""Tasks on legal texts. Light: specs only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer import hookimpl
from modaxfer.spec import (
    TEXT,
    BridgeSpec,
    DownloadSource,
    Field,
    FolderSource,
    RemoteFile,
    SampleSource,
    SplitPolicy,
    Target,
    TaskSpec,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

MODAXFER_API = 0

_SIGMALAW = "https://raw.githubusercontent.com/TeamLIR/SigmaLaw-PBSA-Final/1d2681363b5a222171e1fabcf450bf73e2b4ca46/"

_LEGAL_SENTIMENT = TaskSpec(
    name="legal-sentiment",
    fields=(
        Field(name="sentence", signal=TEXT, doc="A sentence of a US court opinion, lower case, no punctuation."),
        Field(name="party", signal=TEXT, doc="A party that the sentence mentions, as it is written there."),
    ),
    target=Target(column="label", problem="multiclass", classes=("negative", "neutral", "positive")),
    sources=(
        FolderSource(name="legal-sentiment"),
        DownloadSource(
            reader="modaxfer_legal.sigmalaw:read",
            files={
                "train.csv": RemoteFile(
                    url=f"{_SIGMALAW}datasets/semeval14/train.csv",
                    sha256="1447c8ad140bb3e43f82e85310257ccb94405a10c74f263624370bba343b6527",
                ),
                "test.csv": RemoteFile(
                    url=f"{_SIGMALAW}datasets/semeval14/test.csv",
                    sha256="6e3da973b2deaf0e87ebfbb1daac6bc50fd47b966d2909850597409ad4f23dce",
                ),
            },
        ),
        SampleSource(target="modaxfer_legal.sample:legal_sentiment"),
    ),
    metrics=("f1_macro", "accuracy", "balanced_accuracy", "matthews_corrcoef"),
    primary="f1_macro",
    # The same sentence stands there once per party: its rows stay together, and those in test leave train.
    splits=SplitPolicy(group=("sentence",), disjoint=("sentence",)),
    domain="law",
    licence="none stated",
    summary="Sentiment towards one party in a sentence of a court opinion (SigmaLaw-ABSA, Mudalige et al. 2020).",
    url="https://github.com/TeamLIR/SigmaLaw-PBSA-Final",
)

_UNFAIR = TaskSpec(
    name="unfair-tos",
    fields=(Field(name="text", signal=TEXT, doc="A sentence of online terms of service."),),
    target=Target(column="label", problem="binary", classes=("fair", "unfair")),
    sources=(FolderSource(name="unfair-tos"),),
    metrics=("f1_macro", "balanced_accuracy", "average_precision", "accuracy"),
    primary="f1_macro",
    # Headings and stock phrases stand in many terms of service; those of test leave train.
    splits=SplitPolicy(group=("company",), disjoint=("text",)),
    domain="law",
    licence="CC-BY-4.0",
    summary="Potentially unfair clauses in 50 terms of service, split by company (Galassi et al. 2024).",
    url="https://github.com/nlp-unibo/Multilingual-Unfair-Clause-Detection",
)

_UNFAIR_CLAUSES = TaskSpec(
    name="unfair-clauses",
    fields=_UNFAIR.fields,
    target=Target(
        column="clause_types",
        problem="multilabel",
        classes=(
            "arbitration",
            "choice of law",
            "content removal",
            "contract by using",
            "jurisdiction",
            "limitation of liability",
            "privacy included",
            "unilateral change",
            "unilateral termination",
        ),
        separator="|",
    ),
    sources=_UNFAIR.sources,
    metrics=("f1_macro", "f1_micro", "average_precision"),
    primary="f1_macro",
    splits=_UNFAIR.splits,
    domain="law",
    licence="CC-BY-4.0",
    summary="Which of nine kinds of unfair clause a sentence of terms of service holds, if any (Galassi et al. 2024).",
    url=_UNFAIR.url,
)


@hookimpl
def modaxfer_bridges() -> Iterable[BridgeSpec]:
    """Return how a sentence and its party are joined."""
    return (
        BridgeSpec(
            name="party-pair",
            source="text",
            sink="text",
            target="modaxfer_legal.party_pair:PartyPairBridge",
            options="modaxfer_legal.party_pair:PartyPairOptions",
            summary="A sentence and one of its parties, whose mentions are marked or who is asked about.",
        ),
    )


@hookimpl
def modaxfer_tasks() -> Iterable[TaskSpec]:
    """Return the legal tasks."""
    return _LEGAL_SENTIMENT, _UNFAIR, _UNFAIR_CLAUSES
