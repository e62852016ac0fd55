"""Carry a pretrained encoder into another domain or modality, and say honestly whether the transfer paid."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from modaxfer.hooks import hookimpl
from modaxfer.threads import let_waiting_threads_sleep as _let_threads_sleep
from modaxfer.version import __version__ as __version__

if TYPE_CHECKING:
    from modaxfer.advice import Recommendation, recommend
    from modaxfer.api import compare, train
    from modaxfer.config import RunConfig
    from modaxfer.curves import Curve, curve
    from modaxfer.encoded import features
    from modaxfer.errors import ModaxferError
    from modaxfer.estimators import TransferClassifier, TransferRegressor
    from modaxfer.opened import Comparison, Run, evaluate, load, predict
    from modaxfer.pretraining.face import pretrain
    from modaxfer.reports.compare.face import Evidence, compare_runs
    from modaxfer.result import Result

_LAZY = {
    "Comparison": "modaxfer.opened",
    "Curve": "modaxfer.curves",
    "Evidence": "modaxfer.reports.compare.face",
    "ModaxferError": "modaxfer.errors",
    "Recommendation": "modaxfer.advice",
    "Result": "modaxfer.result",
    "Run": "modaxfer.opened",
    "RunConfig": "modaxfer.config",
    "TransferClassifier": "modaxfer.estimators",
    "TransferRegressor": "modaxfer.estimators",
    "compare": "modaxfer.api",
    "compare_runs": "modaxfer.reports.compare.face",
    "curve": "modaxfer.curves",
    "evaluate": "modaxfer.opened",
    "features": "modaxfer.encoded",
    "load": "modaxfer.opened",
    "predict": "modaxfer.opened",
    "pretrain": "modaxfer.pretraining.face",
    "recommend": "modaxfer.advice",
    "train": "modaxfer.api",
}

__all__ = [
    "Comparison",
    "Curve",
    "Evidence",
    "ModaxferError",
    "Recommendation",
    "Result",
    "Run",
    "RunConfig",
    "TransferClassifier",
    "TransferRegressor",
    "compare",
    "compare_runs",
    "curve",
    "evaluate",
    "features",
    "hookimpl",
    "load",
    "predict",
    "pretrain",
    "recommend",
    "train",
]


# Before anything imports torch.
_let_threads_sleep()


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
