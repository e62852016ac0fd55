"""The validators that the framework itself brings. Light: specs only."""

from __future__ import annotations

from modaxfer.spec import ValidatorSpec

__all__ = ["VALIDATORS"]

_ROOM = "modaxfer.validators."

VALIDATORS = (
    ValidatorSpec(
        name="score",
        target=_ROOM + "score:Score",
        needs_labels=True,
        summary="The primary metric on validation rows of the source; the default.",
    ),
    ValidatorSpec(
        name="im",
        target=_ROOM + "information:InformationMaximisation",
        summary="Sure of each target row, and of many classes: mutual information (Musgrave et al. 2022).",
    ),
    ValidatorSpec(
        name="bnm",
        target=_ROOM + "bnm:NuclearNorm",
        summary="Nuclear norm of the predictions for target rows (Cui et al. 2020).",
    ),
    ValidatorSpec(
        name="snd",
        target=_ROOM + "snd:NeighbourhoodDensity",
        summary="Dense neighbourhoods of predictions for target rows (Saito et al. 2021); blind to a collapse.",
    ),
    ValidatorSpec(
        name="class-ami",
        target=_ROOM + "class_ami:ClassClusters",
        summary="Predicted classes agree with clusters of target features (Musgrave et al. 2022).",
    ),
    ValidatorSpec(
        name="dev",
        target=_ROOM + "dev:EmbeddedValidation",
        needs_labels=True,
        summary="Source accuracy, each row weighted as often as the target has it (You et al. 2019).",
    ),
    ValidatorSpec(
        name="circular",
        target=_ROOM + "circular:Circular",
        needs_labels=True,
        summary="A head taught by target predictions is tried on the source (Bruzzone & Marconcini 2010).",
    ),
)
