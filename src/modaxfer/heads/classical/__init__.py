"""Heads fitted in closed form (or by a convex solver) on frozen features, chosen by inner validation.

The way of the data: `modaxfer.contracts.LayerFeatures` (all layers, all poolings), `View` (one weighted sum of layers,
one pooling), `Cut` (its rows in folds), `Space` (scaled, perhaps reduced, as moments per split), `AffineMaps` (a
solution per split). A head of a plugin is a `ClassicalHead`; a linear one solves for maps in a `Space`, and
`outputs_of_maps` and `folded` do the rest. Solvers of plans name `fit`, or `fit_to_tune` where the body moves later.
"""

from modaxfer.heads.classical.calibration import Calibration
from modaxfer.heads.classical.cut import AffineMaps, Cut, FitTargets
from modaxfer.heads.classical.family import ClassicalHead, folded, outputs_of_maps
from modaxfer.heads.classical.search import fit, fit_to_tune
from modaxfer.heads.classical.space import Space, UnsolvableError, solve_positive

__all__ = [
    "AffineMaps",
    "Calibration",
    "ClassicalHead",
    "Cut",
    "FitTargets",
    "Space",
    "UnsolvableError",
    "fit",
    "fit_to_tune",
    "folded",
    "outputs_of_maps",
    "solve_positive",
]
