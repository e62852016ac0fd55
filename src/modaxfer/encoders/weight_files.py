"""Weight files: found, refused where they are pickles, hashed. Standard library only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path

from modaxfer.errors import CheckpointUnavailableError
from modaxfer.result import run_around

__all__ = ["SMALL_FILES", "has_weights", "hash_weights", "refuse_unsafe", "sha256_of", "weight_files"]

SMALL_FILES = (".json", ".txt", ".model", ".tiktoken", ".jinja")
"""Endings of the files that describe a model: configs, vocabularies, tokenizers."""

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.msgpack", "*.pkl")


def refuse_unsafe(where: str, names: Sequence[str]) -> None:
    """Check that safetensors weights are among the file `names`.

    Raises:
        CheckpointUnavailableError: They are not; says so where there is a pickle instead.
    """
    if SINGLE in names or INDEX in names:
        return
    pickles = sorted(name for name in names if any(fnmatch(name, pattern) for pattern in PICKLES) and "/" not in name)
    if pickles:
        raise CheckpointUnavailableError(
            f"the weights of {where} are not in safetensors format, and pickles are never opened",
            got=pickles,
            allowed=SINGLE,
            fix="load it once where you trust it and save it again with `model.save_pretrained(FOLDER)`",
        )
    inner, around = Path(where) / "encoder", run_around(Path(where))
    fix = f"did you mean {inner}?" if inner.is_dir() else "name a folder that `save_pretrained` wrote"
    fix = fix if around is None else f"name the folder of the run, {around}"
    raise CheckpointUnavailableError(f"{where} holds no weights", allowed=SINGLE, fix=fix)


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files of the model in `folder`, in order.

    Raises:
        CheckpointUnavailableError: There are none, only pickles, or shards are missing.
    """
    refuse_unsafe(str(folder), [path.name for path in folder.iterdir()])
    if not (folder / INDEX).is_file():
        return [folder / SINGLE]
    shards = sorted(set(json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"].values()))
    strange = [name for name in shards if Path(name).name != name or not name.endswith(".safetensors")]
    if strange:
        raise CheckpointUnavailableError(
            f"the index of the weights in {folder} names files that are no safetensors beside it",
            got=strange,
            allowed="model-00001-of-00002.safetensors and the like",
            fix="fetch the checkpoint again",
        )
    missing = [name for name in shards if not (folder / name).is_file()]
    if missing:
        raise CheckpointUnavailableError(
            f"{len(missing)} of {len(shards)} weight files are missing in {folder}", got=missing, fix="fetch them again"
        )
    return [folder / name for name in shards]


def has_weights(folder: Path) -> bool:
    """Return whether all weights of the model in `folder` are there, as safetensors."""
    try:
        return bool(weight_files(folder))
    except CheckpointUnavailableError:
        return False


def hash_weights(folder: Path) -> str:
    """Return the SHA-256 of the weights: of the file, or of the lines ``name sha256`` where there are several."""
    files = weight_files(folder)
    if len(files) == 1:
        return sha256_of(files[0])
    return hashlib.sha256("".join(f"{path.name} {sha256_of(path)}\n" for path in files).encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, computed once in this process while the file stays as it is."""
    found = path.stat()
    return _sha256_of(path, found.st_ino, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=256)
def _sha256_of(path: Path, *state: int) -> str:
    """Hash a file, once in this process while its `state` (inode, size, time of change) is the same."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
