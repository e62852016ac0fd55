"""Answers that nobody may know before the scoring: they are opened once, and are then the opener's alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modaxfer.errors import RunFailedError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Answers", "Sealed"]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What the rows of a split are."""

    targets: np.ndarray
    """As in `TaskData.targets`."""
    unseen: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """As in `TaskData.unseen`, of this split."""


class Sealed:
    """The answers of one split, under a seal that breaks once.

    The room that scores a run opens it, when everything has been chosen; whoever is handed this object before can tell
    how many rows there are, and nothing else.

    Args:
        answers: What is sealed.
    """

    def __init__(self, answers: Answers) -> None:
        self.__answers: Answers | None = answers
        self.__rows = len(answers.targets)

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.__rows

    def __repr__(self) -> str:
        return f"Sealed({self.__rows} rows)"

    def unseal(self) -> Answers:
        """Return the answers, and keep none.

        Raises:
            RunFailedError: They have been taken out already.
        """
        if self.__answers is None:
            raise RunFailedError(
                "the targets of a sealed split are read twice in one run",
                got=repr(self),
                allowed="once, when everything has been chosen",
                fix="hand on what the first reading gave",
            )
        answers, self.__answers = self.__answers, None
        return answers
