"""The heads that the framework itself brings. Light: specs only."""

from __future__ import annotations

from modaxfer.spec import ClassicalHeadSpec, HeadSpec

__all__ = ["CLASSICAL_HEADS", "HEADS"]

HEADS = (
    HeadSpec(
        name="linear",
        target="modaxfer.heads.linear:LinearHead",
        summary="One affine map; what gradient strategies train, and what closed forms are folded into.",
    ),
    HeadSpec(
        name="nearest",
        target="modaxfer.heads.nearest:KNearestHead",
        summary="The nearest training rows vote (Wu et al. 2018).",
    ),
    HeadSpec(
        name="reduced",
        target="modaxfer.heads.reduced:ReducedHead",
        summary="Another head behind a reduction that cannot be folded into it.",
    ),
    HeadSpec(
        name="code",
        target="modaxfer.heads.reduced:CodeReducer",
        summary="The encoder half of an autoencoder, as a reduction before a head.",
    ),
    HeadSpec(
        name="fusion",
        target="modaxfer.heads.fusion:FusionHead",
        summary="Features of several encoders side by side, gated, by cross-attention or by vote.",
    ),
    HeadSpec(
        name="scaled",
        target="modaxfer.heads.scaled:ScaledHead",
        summary="Another head whose outputs are scaled and shifted by class: calibrated, or under another prior.",
    ),
    HeadSpec(
        name="tip",
        target="modaxfer.heads.tip:TipHead",
        summary="Class means blended with the training rows near a row (Zhang et al. 2022).",
    ),
    HeadSpec(
        name="solved-fusion",
        target="modaxfer.heads.fusion.solved:SolvedFusion",
        summary="Classical heads of several encoders, the best one's alone, voting, stacked or on features of all.",
    ),
)

CLASSICAL_HEADS = (
    ClassicalHeadSpec(
        name="lda",
        target="modaxfer.heads.classical.discriminant:LDA",
        links=("softmax",),
        tried=True,
        summary="Linear discriminant analysis with a shrunk covariance (Friedman 1989).",
    ),
    ClassicalHeadSpec(
        name="ridge",
        target="modaxfer.heads.classical.ridge:Ridge",
        links=("softmax", "sigmoid", "identity"),
        tried=True,
        summary="Ridge regression onto values or class indicators, calibrated (Hoerl & Kennard 1970).",
    ),
    ClassicalHeadSpec(
        name="logistic",
        target="modaxfer.heads.classical.logistic:Logistic",
        links=("softmax", "sigmoid"),
        tried=True,
        summary="L2-penalised logistic regression.",
    ),
    ClassicalHeadSpec(
        name="knn",
        target="modaxfer.heads.classical.neighbours:Neighbours",
        links=("softmax", "sigmoid", "identity"),
        tried=True,
        summary="The nearest training rows vote (Wu et al. 2018).",
    ),
    ClassicalHeadSpec(
        name="prototype",
        target="modaxfer.heads.classical.prototype:Prototype",
        links=("softmax",),
        summary="The nearest class mean (Snell et al. 2017); for a few rows per class.",
    ),
    ClassicalHeadSpec(
        name="tip",
        target="modaxfer.heads.classical.tip:Tip",
        links=("softmax",),
        summary="Class means beside a cache of training rows (Tip-Adapter, Zhang et al. 2022).",
    ),
)
"""Cheapest first."""
