"""A recommendation on disk: what was asked, what has been found out so far, and what models said of held-out rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from modaxfer.config import read_yaml
from modaxfer.errors import ConfigError, DataError, OutputExistsError
from modaxfer.json_file import read_json
from modaxfer.result import defined, write_atomically
from modaxfer.runner.claims.hold import LOCK
from modaxfer.runner.recommend.question import Question, changes_of, read_question

__all__ = ["FILE", "REQUEST", "SCHEMA", "Store", "claim", "read_recommendation", "slug", "stored_question"]

SCHEMA = 1
FILE = "recommend.json"
REQUEST = "recommend.yaml"
SAID = "said"
"""Folder of predictions of rows that were held out."""


def claim(question: Question, folder: Path) -> None:
    """Make `folder` the one of `question`, or find the same question there.

    Raises:
        ConfigError: It holds another question; says what differs.
        OutputExistsError: It is something else.
    """
    if (folder / REQUEST).is_file():
        changes = changes_of(question, stored_question(folder))
        if changes:
            raise ConfigError(
                "the output folder holds another recommendation",
                got="; ".join(changes),
                fix="choose another --output, or ask for the same: "
                f"`modaxfer recommend --resume --output {folder}` resumes what is there",
            )
        return
    if folder.exists() and (not folder.is_dir() or any(path.name != LOCK for path in folder.iterdir())):
        raise OutputExistsError(
            "the output folder is not empty and holds no recommendation", got=folder, fix="choose another --output"
        )
    import yaml

    text = yaml.safe_dump(question.to_dict(), sort_keys=False, allow_unicode=True)
    write_atomically(folder / REQUEST, str(text))


def stored_question(folder: Path) -> Question:
    """Return what the recommendation in `folder` was asked for.

    Raises:
        ConfigError: There is none.
    """
    if not (folder / REQUEST).is_file():
        raise ConfigError(
            "there is no recommendation here",
            got=folder,
            fix="name a folder that `modaxfer recommend` wrote with --output",
        )
    return read_question({**read_yaml(folder / REQUEST), "output": str(folder)})


def read_recommendation(folder: Path) -> dict[str, Any]:
    """Return the content of ``recommend.json`` in `folder`.

    Raises:
        DataError: There is none, or of another schema.
    """
    path = folder / FILE
    if not path.is_file():
        raise DataError("no recommendation here", file=folder, fix="name a folder that `modaxfer recommend` wrote")
    stored = read_json(path)
    if stored.get("schema") != SCHEMA:
        raise DataError("recommendation of another schema", file=path, got=stored.get("schema"), allowed=SCHEMA)
    return stored


class Store:
    """What has been found out so far; written after every step, so that a killed recommendation goes on from there.

    Args:
        folder: Of the recommendation, claimed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found: dict[str, Any] = read_recommendation(folder) if (folder / FILE).is_file() else {"schema": SCHEMA}

    def kept(self, kind: str, name: str) -> Any:
        """Return what is known under `name`, None where nothing is."""
        return self.found.get(kind, {}).get(name)

    def keep(self, kind: str, name: str, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """Write `value` under `name`, and return it."""
        self.found.setdefault(kind, {})[name] = dict(value)
        self.write()
        return value

    def write(self, **more: Any) -> None:
        """Write ``recommend.json`` with `more` in it, whole or not at all."""
        self.found.update(more)
        text = json.dumps(defined(json.loads(json.dumps(self.found, default=_plain))), indent=1, ensure_ascii=False)
        write_atomically(self.folder / FILE, text + "\n")

    def keep_arrays(self, name: str, arrays: Mapping[str, np.ndarray | None]) -> None:
        """Write arrays that belong to what is kept under `name`; absent ones are left out."""
        path = self.folder / SAID / f"{slug(name)}.npz"
        path.parent.mkdir(exist_ok=True)
        temporary = path.with_suffix(".tmp.npz")
        kept: dict[str, Any] = {key: _flat(value) for key, value in arrays.items() if value is not None}
        np.savez(temporary, **kept)
        temporary.replace(path)

    def arrays(self, name: str) -> dict[str, np.ndarray] | None:
        """Return the arrays of `name`; None where there are none."""
        path = self.folder / SAID / f"{slug(name)}.npz"
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}


def slug(name: str) -> str:
    """Return the name of a file after `name`, unlike those of all other names."""
    import hashlib
    import re

    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{re.sub(r'[^A-Za-z0-9._-]+', '-', name).strip('-.')[-60:]}-{digest}"


def _flat(value: np.ndarray) -> np.ndarray:
    assert value.dtype != object, "rows with parts are not stored"
    return value


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else str(value)
