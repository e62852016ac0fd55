"""The transferability scores that the framework itself brings. Light: specs only."""

from __future__ import annotations

from modaxfer.spec import TransferabilitySpec

__all__ = ["TRANSFERABILITY"]

_ROOM = "modaxfer.transferability."
_ANY = ("softmax", "sigmoid", "identity")

TRANSFERABILITY = (
    TransferabilitySpec(
        name="k-nn",
        target=_ROOM + "predicted:nearest_neighbours",
        links=_ANY,
        default=True,
        predicts=True,
        summary="Nearest neighbours by cosine, cross-validated, of the best of all layers and their mean.",
    ),
    TransferabilitySpec(
        name="linear-probe",
        target=_ROOM + "predicted:linear_probe",
        links=_ANY,
        default=True,
        predicts=True,
        summary="A ridge classifier or regression, cross-validated, of the best of all layers and their mean.",
    ),
    TransferabilitySpec(
        name="h-score",
        target=_ROOM + "h_score:h_score",
        links=_ANY,
        default=True,
        summary="Spread between classes over spread of features, shrunk (Bao et al. 2019; Ibrahim et al. 2022).",
    ),
    TransferabilitySpec(
        name="logme",
        target=_ROOM + "logme:logme",
        links=_ANY,
        summary="Log marginal likelihood of a Bayesian linear model, per row and output (You et al. 2021).",
    ),
    TransferabilitySpec(
        name="leep",
        target=_ROOM + "source_head:leep",
        links=("softmax",),
        needs_source_head=True,
        summary="Log likelihood of classes given what the source head says, as shares (Nguyen et al. 2020).",
    ),
    TransferabilitySpec(
        name="nce",
        target=_ROOM + "source_head:nce",
        links=("softmax",),
        needs_source_head=True,
        summary="Negative conditional entropy of classes given the likeliest source class (Tran et al. 2019).",
    ),
)
