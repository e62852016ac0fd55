"""scikit-learn's face of a run: estimators that fit, predict, are cloned, searched over and pickled like any other."""

from modaxfer.estimators.transfer import TransferClassifier, TransferRegressor

__all__ = ["TransferClassifier", "TransferRegressor"]
