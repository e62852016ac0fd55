"""Where a linear head fits one of Transformers' classes for classification to the last digit, and how it gets there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from modaxfer.export.subject import Subject

__all__ = ["AUTO", "Linear", "fit_of", "linear_of"]

AUTO = {
    "text": "AutoModelForSequenceClassification",
    "image": "AutoModelForImageClassification",
    "audio": "AutoModelForAudioClassification",
}
"""Class of Transformers by kind of input."""

SMALL = 1e-4
"""Below it ``tanh(x)`` is x to the last digit of float32, over any state of a model (error ``x^2 / 3``)."""


@dataclass(frozen=True, kw_only=True)
class Linear:
    """An affine map from pooled vectors to logits."""

    weight: torch.Tensor
    """``[outputs, width]``."""
    bias: torch.Tensor
    """``[outputs]``."""


Fit = Callable[[Any, Linear], None]
"""Puts the map into a model of Transformers."""


def fit_of(subject: Subject) -> tuple[Fit | None, str]:
    """Return how the head gets into Transformers' class for classification, or None; and why it does not fit."""
    readout, model_type = subject.tower.readout, str(subject.encoder.config.model_type)
    if linear_of(subject) is None:
        return None, "its head is not one linear map"
    if readout.layers != (subject.encoder.depth,) or readout.weights != (1.0,):
        read = ", ".join(map(str, readout.layers))
        return None, f"its head reads layer {read} of {subject.encoder.depth}, Transformers' the last"
    if subject.kind not in AUTO:
        return None, "its text is drawn, and Transformers' class takes whole pictures"
    wanted = _FITS.get(model_type)
    if wanted is None:
        return None, f"Transformers' class for {model_type} has more than a linear map, or pools in its own way"
    pooling, fit = wanted
    if readout.pooling != pooling:
        return None, f"its head reads the {readout.pooling} vector, Transformers' class for {model_type} {pooling}"
    return fit, ""


def linear_of(subject: Subject) -> Linear | None:
    """Return the head as one affine map, divided by the run's temperature, or in the target's unit; None = it is not.

    Heads fitted in closed form are linear as well; a scaled one is a linear one with its outputs scaled.
    """
    found = _affine(subject.described.head, subject.predictor.model.head.state_dict())
    if found is None:
        return None
    answers = subject.answers()
    if answers["kind"] == "square":
        deviation, mean = float(answers["deviation"]), float(answers["mean"])
        return Linear(weight=found.weight * deviation, bias=found.bias * deviation + mean)
    temperature = float(answers["temperature"])
    return Linear(weight=found.weight / temperature, bias=found.bias / temperature)


def _affine(config: Mapping[str, Any], state: Mapping[str, torch.Tensor]) -> Linear | None:
    match config["kind"]:
        case "modaxfer/linear":
            return Linear(weight=state["linear.weight"], bias=state["linear.bias"])
        case "modaxfer/scaled":
            inner = {key.removeprefix("head."): value for key, value in state.items() if key.startswith("head.")}
            found = _affine(config["head"], inner)
            if found is not None:
                scale = state["scale"]
                return Linear(weight=found.weight * scale[:, None], bias=found.bias * scale + state["shift"])
    return None


def _first(model: Any, linear: Linear) -> None:
    """Of vision transformers: a linear map of the class token behind the last norm."""
    _fill(model.classifier, linear)


def _averaged(model: Any, linear: Linear) -> None:
    """Of speech models: a projection of each frame, their mean, a linear map; the projection is the identity here."""
    _identity(model.projector)
    _fill(model.classifier, linear)


def _bert(model: Any, linear: Linear) -> None:
    _through_tanh(model.bert.pooler.dense, model.classifier, linear)


def _roberta(model: Any, linear: Linear) -> None:
    _through_tanh(model.classifier.dense, model.classifier.out_proj, linear)


def _through_tanh(dense: Any, classifier: Any, linear: Linear) -> None:
    """Of text models: a square map and tanh of the first token, then a linear map; tanh is passed where it is flat."""
    _identity(dense, SMALL)
    _fill(classifier, Linear(weight=linear.weight / SMALL, bias=linear.bias))


def _identity(module: Any, scale: float = 1.0) -> None:
    with torch.no_grad():
        module.weight.copy_(torch.eye(module.weight.shape[0]) * scale)
        module.bias.zero_()


def _fill(module: Any, linear: Linear) -> None:
    with torch.no_grad():
        module.weight.copy_(linear.weight)
        module.bias.copy_(linear.bias)


_FITS: Mapping[str, tuple[str, Fit]] = {
    "bert": ("cls", _bert),
    "roberta": ("cls", _roberta),
    "xlm-roberta": ("cls", _roberta),
    "camembert": ("cls", _roberta),
    "vit": ("cls", _first),
    "wav2vec2": ("mean", _averaged),
    "hubert": ("mean", _averaged),
}
"""By architecture: the pooling that its class uses, and how a linear map gets into it."""
