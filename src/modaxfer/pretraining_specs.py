"""What encoders are pretrained by, as plain data; plugins import it from `modaxfer.spec`."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ObjectiveSpec"]


@dataclass(frozen=True, kw_only=True)
class ObjectiveSpec:
    """What an encoder learns from rows before it has a task: a `modaxfer.contracts.PretrainingObjective`.

    It is built as ``target(context, options)`` with `modaxfer.contracts.ObjectiveContext`.
    """

    name: str
    target: str
    options: str = ""
    """``"module:Dataclass"`` of its options, for ``--set objective.key=value``."""
    inputs: tuple[str, ...] = ()
    """Kinds of the encoder's inputs that it works on (``text``, ``image``, ``patches``); empty = any."""
    teacher: bool = False
    """Whether it learns from other encoders, ``--teacher``."""
    labels: bool = False
    """Whether it reads labels: rows then come from labelled tasks alone, see `modaxfer.contracts.ObjectiveContext`."""
    beside: str = ""
    """Kind of what a row has beside the student's input, such as ``text`` beside an image; one teacher reads it."""
    model_types: tuple[str, ...] = ()
    """Values of `model_type` in configs of the encoders that it works on; empty = any."""
    summary: str = ""
