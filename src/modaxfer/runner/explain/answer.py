"""The one number that is explained: what a model answers, as a differentiable function of its outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from modaxfer.errors import ConfigError, RefusedError, close_matches
from modaxfer.registry import problem_spec

if TYPE_CHECKING:
    from modaxfer.runner.model.description import ModelDescription

__all__ = ["Answer", "answer_of", "refuse_label", "refuse_unexplained"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A function of outputs ``[rows, outputs]``.

    Of classes it is the log-odds of the score that `modaxfer predict` shows, ``log(p / (1 - p))`` of the calibrated
    probability, because contributions add up there and not among probabilities. Of a number it is the number itself.
    """

    link: str
    """``softmax``, ``sigmoid`` or ``identity``, see `modaxfer.spec.ProblemSpec.link`."""
    name: str
    """Class or label that is asked about; empty of a number."""
    place: int = 0
    """Its output."""
    temperature: float = 1.0
    mean: float = 0.0
    deviation: float = 1.0
    """Of a number: by which the output is brought into the target's unit."""

    @property
    def unit(self) -> str:
        """What it is counted in."""
        return "the target's unit" if self.link == "identity" else "log-odds"

    def __call__(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return the number of each row, float ``[rows]``."""
        if self.link == "identity":
            return outputs[:, 0] * self.deviation + self.mean
        scaled = outputs / self.temperature
        own = scaled[:, self.place]
        if self.link == "sigmoid" or scaled.shape[1] == 1:
            return own
        others = [place for place in range(scaled.shape[1]) if place != self.place]
        return own - scaled[:, others].logsumexp(1)


def refuse_unexplained(described: ModelDescription) -> None:
    """Refuse what has no single number per row to be explained.

    Raises:
        RefusedError: It answers for each part of a row, or in a way of its own.
    """
    spec = problem_spec(described.problem)
    if spec.ragged or described.towers[0].readout.parts or not spec.link:
        raise RefusedError(
            "what a model says of each part of a row is not explained",
            got=f"a run of problem {described.problem}",
            allowed="one class, several labels or a number per row",
            fix="`modaxfer predict RUN FILE` shows what it says of each part",
        )


def answer_of(described: ModelDescription, outputs: torch.Tensor, label: str | None) -> Answer:
    """Return what is asked about a row: `label`, or what is said of it.

    Args:
        described: The model.
        outputs: What it says of the row, float ``[1, outputs]``.
        label: A class or label; None = the predicted class, or of several labels the one with the greatest score.

    Raises:
        ConfigError: There is no such class, or the model has none.
    """
    link, classes = problem_spec(described.problem).link, described.classes
    refuse_label(described, label)
    if link == "identity":
        scale = described.criterion.state().get("scale", {})
        return Answer(
            link=link, name="", mean=float(scale.get("mean", 0.0)), deviation=float(scale.get("deviation", 1.0))
        )
    decided = described.decision.apply(described.criterion, outputs)
    place = int(outputs[0].argmax()) if link == "sigmoid" else int(decided.predictions[0])
    if label is not None:
        place = classes.index(label)
    return Answer(link=link, name=classes[place], place=place, temperature=described.decision.temperature)


def refuse_label(described: ModelDescription, label: str | None) -> None:
    """Refuse to be asked about a class that the model does not know; None asks about none.

    Raises:
        ConfigError: There is no such class, or the model has none.
    """
    if label is None or label in described.classes:
        return
    if not described.classes:
        raise ConfigError("--label names a class, and this model says a number", got=label, fix="leave --label out")
    close = close_matches(label, described.classes)
    raise ConfigError(
        "--label names a class that the model does not know",
        got=label,
        allowed=described.classes,
        fix=f"did you mean {' or '.join(close)}?" if close else "name one of its classes",
    )
