"""Heads fitted in closed form (or by a convex solver) on frozen features, chosen by inner validation.

The way of the data: `modaxfer.contracts.LayerFeatures` (all layers, all poolings), `View` (one weighted sum of layers,
one pooling), `Cut` (its rows in folds), `Space` (scaled, perhaps reduced, as moments per split), `AffineMaps` (a
solution per split).
"""

from modaxfer.heads.classical.search import fit, fit_to_tune

__all__ = ["fit", "fit_to_tune"]
