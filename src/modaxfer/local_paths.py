"""Paths of this machine in what is written to be shared: names alone, since folders tell of people and of projects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

__all__ = ["absolute_paths", "name_alone", "names_alone", "source_alone"]

_SOURCE = re.compile(r"((?:task [^,]+, )?(?:file|folder) )(.+)", re.DOTALL)
"""Where rows came from, as `modaxfer.data.sources` says it; the path may be relative and have spaces."""

_ABSOLUTE = re.compile(r"(?<![\w:/\\.~<])(?:[A-Za-z]:[\\/]|~?/)(?:[^\s/\\'\"`,;|<>()]+[\\/])+[^\s/\\'\"`,;|<>()]*")
"""A path inside a text; addresses (``https://``) and closing tags are none."""


def name_alone(text: str) -> str:
    """Return `text`, a path or a sentence, with the folders before the name of each absolute path left out.

    Names of the hub (``owner/model``) and of plugins stay: they are not absolute.

    >>> name_alone("lora on reviews (/home/ann/acme/runs/1)")
    'lora on reviews (1)'
    """
    if _is_absolute(text):
        return _last(text)
    return _ABSOLUTE.sub(lambda each: _last(each[0]), text)


def source_alone(text: str) -> str:
    """Return where rows came from (``file acme/reviews.csv``) without folders, whether or not the path is absolute."""
    found = _SOURCE.fullmatch(text)
    return found[1] + _last(found[2]) if found else name_alone(text)


def names_alone(value: Any) -> Any:
    """Return plain JSON `value` with `name_alone` of each text in it; keys stay."""
    if isinstance(value, str):
        return name_alone(value)
    if isinstance(value, Mapping):
        return {key: names_alone(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(names_alone, value))
    return value


def absolute_paths(text: str) -> list[str]:
    """Return what in `text` looks like an absolute path of some folder's file, in order."""
    return _ABSOLUTE.findall(text)


def _is_absolute(text: str) -> bool:
    one_line = "\n" not in text
    return one_line and (text.startswith(("/", "~/")) or PureWindowsPath(text).is_absolute())


def _last(path: str) -> str:
    plain = PureWindowsPath(path) if "\\" in path else PurePosixPath(path)
    return plain.name or "."
