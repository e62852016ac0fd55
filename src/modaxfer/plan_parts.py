"""Parts of the model under a plan, whole or by the names of their parameters; `modaxfer.plan` has these names."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeVar

from modaxfer.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Moving", "Parameters", "Part", "covering", "parts_of", "unrated"]


class Part(StrEnum):
    """A part of the model under a plan, by what can be trained separately."""

    BRIDGE = "bridge"
    EMBEDDINGS = "embeddings"
    BODY = "body"
    NORM = "norm"
    """Layer norms of the body, where it has any; they move with the body, and can move alone."""
    ADAPTER = "adapter"
    HEAD = "head"


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Some parameters of a part, chosen by their names; stands wherever a phase names a `Part`.

    The biases of all layers (BitFit, Ben Zaken et al. 2022) are ``Parameters(part=Part.BODY, names=("*.bias",))``,
    LoRA+'s faster half (Hayou et al. 2024) is ``Parameters(part=Part.ADAPTER, names=("*.lora_B.*",))``.
    """

    part: Part
    names: tuple[str, ...]
    """Shell patterns, ``*`` for anything, dots included, at least one of which fits the whole name. A name is that in
    the encoder, ``layers.3.output.dense.bias``, whatever its checkpoint calls it; of the bridge and the head that in
    their own module."""

    def __post_init__(self) -> None:
        if not isinstance(self.names, tuple) or not self.names or not all(self.names):
            raise RefusedError(
                f"parameters of the {self.part} are chosen by patterns of names",
                got=repr(self.names),
                allowed="a tuple of at least one, none of them empty",
                fix="names=('layers.*.bias',)",
            )

    def __str__(self) -> str:
        return f"{self.part} ({', '.join(self.names)})"

    def fits(self, name: str) -> bool:
        """Tell whether a parameter of this name, in its own module, is among them."""
        return any(fnmatchcase(name, pattern) for pattern in self.names)


Moving = Part | Parameters
"""What a phase can say of: a part, or some of its parameters."""

T = TypeVar("T", bound=Moving)


def parts_of(moving: Iterable[Moving]) -> frozenset[Part]:
    """Return the parts that `moving` is of, whole or not."""
    return frozenset(each.part if isinstance(each, Parameters) else each for each in moving)


def unrated(moving: Iterable[Moving], rates: Iterable[Moving]) -> list[str]:
    """Return, for people, which of `moving` have neither a rate of their own nor one of their part."""
    known = {*rates}
    return sorted(str(each) for each in moving if not {each, *parts_of([each])} & known)


def covering(moving: Iterable[T], part: Part, name: str) -> T | None:
    """Return which of `moving` a parameter falls under: the first whose names fit, else its part, else None.

    Norms fall under the body where nothing says more of them.

    Args:
        moving: In the order in which names are tried.
        part: Of the parameter.
        name: In its own module.
    """
    known: list[T] = list(moving)
    for own in (part, Part.BODY) if part is Part.NORM else (part,):
        found = [each for each in known if _fits(each, own, name)] or [each for each in known if each is own]
        if found:
            return found[0]
    return None


def _fits(moving: Moving, part: Part, name: str) -> bool:
    return isinstance(moving, Parameters) and moving.part is part and moving.fits(name)
