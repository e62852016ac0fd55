"""What the closed-form search may be asked for; the strategy's options have these fields."""

from __future__ import annotations

from typing import Protocol

__all__ = ["HEADS", "REDUCTIONS", "SearchOptions"]

HEADS = ("lda", "logistic", "ridge", "knn")
REDUCTIONS = ("none", "pca", "lda", "autoencoder")


class SearchOptions(Protocol):
    """Wishes of the user; ``auto`` leaves a choice to inner validation."""

    @property
    def head(self) -> str:
        """``auto`` or one of `HEADS`."""
        ...

    @property
    def reduction(self) -> str:
        """``auto`` (none or PCA) or one of `REDUCTIONS`."""
        ...

    @property
    def layer(self) -> str:
        """``auto``, ``mix`` (a weighted sum), ``last`` or a layer's number, 0 = embeddings."""
        ...

    @property
    def pooling(self) -> str:
        """``auto``, ``cls``, ``mean`` or ``mean_std``."""
        ...

    @property
    def components(self) -> int:
        """Dimensions that a reduction leaves, at most."""
        ...

    @property
    def folds(self) -> int:
        """Inner folds over the training rows."""
        ...
