"""Labels of any type as names that a run can hold, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modaxfer.data.names import tidy

__all__ = ["Labels"]


@dataclass(frozen=True, kw_only=True)
class Labels:
    """The names that the classes of an estimator have in its run."""

    names: tuple[str, ...]
    """In the order of ``classes_``."""

    @classmethod
    def of(cls, classes: np.ndarray) -> Labels:
        """Return names for `classes`: texts that a file would keep apart as they are, others behind ``class``."""
        texts = [str(label) for label in classes]
        alike = {tidy(text).casefold() for text in texts}
        plain = all(isinstance(label, str) for label in classes) and len(alike) == len(texts) and "" not in alike
        kept = plain and all(tidy(text) == text and not _reads_otherwise(text) for text in texts)
        return cls(names=tuple(texts if kept else (f"class {text}" for text in texts)))

    def numbers(self, names: Sequence[str]) -> np.ndarray:
        """Return int64 ``[rows]``: places in ``classes_``."""
        place = {name: number for number, name in enumerate(self.names)}
        return np.array([place[name] for name in names], np.int64)

    def places(self, shown: Sequence[str]) -> np.ndarray:
        """Return, for each of ``classes_``, where it stands among `shown`."""
        return np.array([list(shown).index(name) for name in self.names], np.int64)


def _reads_otherwise(text: str) -> bool:
    """Tell whether a file would take the text for a number, a truth value or a gap."""
    try:
        float(text)
    except ValueError:
        return text.casefold() in ("true", "false", "yes", "no", "none", "null", "na", "n/a", "nan", "-", "?")
    return True
