"""The Python face of ``modaxfer pretrain``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modaxfer.config import build
from modaxfer.json_file import read_json
from modaxfer.pretraining.config import REQUEST

__all__ = ["pretrain"]


def _begun(output: Any) -> dict[str, Any]:
    """Return the settings of the pretraining that lies in a folder, none where none does."""
    path = Path(str(output)) / REQUEST
    return {key: value for key, value in read_json(path).items() if key != "output"} if path.is_file() else {}


def pretrain(*, resume: bool = False, quiet: bool = False, **settings: Any) -> Path:
    """Train an encoder by an objective, and return the folder that it was written into.

    ``train(encoder=folder)`` and ``AutoModel.from_pretrained(folder)`` read it.

    Args:
        resume: Go on with the unfinished pretraining in the output folder; what is not said is as it was.
        quiet: Keep silent on standard error.
        **settings: Fields of `modaxfer.pretraining.config.PretrainingConfig`, such as ``encoder="./vit-tiny"``,
            ``objective="masked-image"``, ``data="photos/"``, ``steps=2000``, ``output="./eyes"``.

    Raises:
        ModaxferError: The request was wrong, or the training failed.
    """
    from modaxfer.pretraining.config import PretrainingConfig
    from modaxfer.runner.processes.signals import heeded, telling

    plain = {
        key: (value,) if key in ("data", "teacher") and isinstance(value, str | Path) else value
        for key, value in settings.items()
    }
    plain = {key: tuple(map(str, value)) if key in ("data", "teacher") else value for key, value in plain.items()}
    plain = {key: str(value) if isinstance(value, Path) else value for key, value in plain.items()}
    if resume:
        plain = {**_begun(plain.get("output")), **plain}
    wanted = build(PretrainingConfig, plain)
    with heeded():
        from modaxfer.pretraining.run import pretrain, pretraining_folder
        from modaxfer.runner.progress import Progress

        with telling("modaxfer pretrain", pretraining_folder(wanted), begun=REQUEST):
            return pretrain(wanted, resume=resume, progress=Progress(not quiet))
