"""Augmentations as plain data, and what a task may forbid them; plugins import both from `modaxfer.spec`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["AugmentationSpec", "Change"]


class Change(StrEnum):
    """What an augmentation may do to a row; a task names those after which its target could be another."""

    MIRROR = "mirror"
    """Left and right change places: digits, text in pictures, where the heart is."""
    TURN = "turn"
    """A picture is turned by more than 45 degrees: 6 and 9, which way an arrow points."""
    COLOUR = "colour"
    """Colours or brightness change: stained tissue, the lights of a signal."""
    CROP = "crop"
    """What stands at the edge of a picture may be lost: a count, a small mark."""
    BLEND = "blend"
    """Two rows are laid over each other: a target that is not the mean of two."""
    LOUDNESS = "loudness"
    """A sound is made louder or softer: how near something is."""
    PITCH = "pitch"
    """Pitches are taken out: a tone."""
    ORDER = "order"
    """Words change places: who did what to whom."""
    WORDS = "words"
    """Words are left out: a single one decides."""
    CELLS = "cells"
    """Numbers change, or cells are blank: a code, a threshold."""


@dataclass(frozen=True, kw_only=True)
class AugmentationSpec:
    """A change of training rows after which their targets still hold.

    Of level ``row`` it is ``target(value, strength, generator)``, a pure function that returns a value of the same
    kind: of ``text`` a string, of ``image`` an RGB `PIL.Image.Image`, of ``audio`` a `modaxfer.contracts.Sound`, and of
    ``table`` a `modaxfer.contracts.Cells` in, a mapping of column to value out. All chance comes from the NumPy
    generator. Raw values are changed, before a bridge sees them.

    Of level ``batch`` it is ``target(own, partner, strength, generator)``, which blends what an encoder takes of two
    rows, tensors by name without a batch axis, into a `modaxfer.contracts.Mixed`; their targets are mixed alike.
    """

    name: str
    signal: str
    """Signal kinds of the fields that it changes, joined by ``+``."""
    target: str
    level: str = "row"
    changes: tuple[Change, ...] = ()
    """What it may do, which a task can forbid."""
    heeds: bool = False
    """Whether its target takes a keyword ``forbid``, the task's prohibitions, and leaves out what they name itself."""
    in_place: bool = False
    """Whether every part of a row, a patch or a stretch of sound, stays where it is: parts may have targets."""
    needs: tuple[str, ...] = ()
    """Forms of an encoder's input that it can work on; empty = any."""
    strength: float = 1.0
    """Where none is asked for."""
    least: float = 0.0
    most: float = 1.0
    meaning: str = ""
    """What the strength is, with its unit: ``largest angle in degrees``."""
    summary: str = ""

    def __post_init__(self) -> None:
        if self.level not in ("row", "batch"):
            raise ValueError(f"augmentation {self.name!r}: level is {self.level!r}, expected 'row' or 'batch'")
        if not self.least <= self.strength <= self.most:
            raise ValueError(
                f"augmentation {self.name!r}: strength {self.strength:g} is outside {self.least:g} ... {self.most:g}"
            )

    @property
    def signals(self) -> frozenset[str]:
        """Signal kinds of the fields that it changes."""
        return frozenset(self.signal.split("+"))
