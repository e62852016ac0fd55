"""What chooses the best epoch of a phase: ours, which a plan names, and what those of classifiers share.

A plan names one as ``Component(target="modaxfer.validators:Last")``. Each name is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer.lazy_names import lazily

if TYPE_CHECKING:
    from modaxfer.validators.bnm import NuclearNorm
    from modaxfer.validators.circular import Circular
    from modaxfer.validators.class_ami import ClassClusters
    from modaxfer.validators.dev import EmbeddedValidation
    from modaxfer.validators.information import InformationMaximisation
    from modaxfer.validators.last import Last
    from modaxfer.validators.score import Score
    from modaxfer.validators.snd import NeighbourhoodDensity
    from modaxfer.validators.streams import features_of, shares_of, streams_of, targets_of

__all__ = [
    "Circular",
    "ClassClusters",
    "EmbeddedValidation",
    "InformationMaximisation",
    "Last",
    "NeighbourhoodDensity",
    "NuclearNorm",
    "Score",
    "features_of",
    "shares_of",
    "streams_of",
    "targets_of",
]

_LAZY = {
    "bnm": ("NuclearNorm",),
    "circular": ("Circular",),
    "class_ami": ("ClassClusters",),
    "dev": ("EmbeddedValidation",),
    "information": ("InformationMaximisation",),
    "last": ("Last",),
    "score": ("Score",),
    "snd": ("NeighbourhoodDensity",),
    "streams": ("features_of", "shares_of", "streams_of", "targets_of"),
}
__getattr__, __dir__ = lazily(__name__, globals(), _LAZY)
