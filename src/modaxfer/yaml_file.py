"""Config files: small YAML files that a person wrote, read into plain values; nothing in them is executed."""

from __future__ import annotations

import os
import stat
from functools import cache
from pathlib import Path
from typing import Any

from modaxfer.errors import ConfigError

__all__ = ["read_text", "read_yaml"]

LARGEST = 1 << 20
"""Bytes of a config file; ours have some thousand."""

MOST_VALUES, DEEPEST = 10_000, 20
"""Values and levels; aliases, which make a few lines mean billions of values, are counted as what they stand for."""

PIPES = ("/dev/fd/", "/proc/")
"""Where a shell puts the output of a command that stands for a file: ``<(...)``."""


def read_yaml(path: Path, *, what: str = "config", text: bool = False) -> dict[str, Any]:
    """Read a config file into plain values.

    Args:
        path: The file.
        what: What it is, for people.
        text: Whether keys and values are left as they are written, text all of them.

    Raises:
        ConfigError: The file is missing, no text or far too large, is not YAML, names a key twice, or does not hold one
            mapping.
    """
    import yaml

    written = read_text(path, what)
    try:
        _check_depth(written, path)
        # A subclass of the safe loader, or of the base loader, which make plain values only.
        values = yaml.load(written, Loader=_loader(text))  # noqa: S506
    except yaml.YAMLError as error:
        raise ConfigError(
            f"{path} is not valid YAML", got=error, fix="correct the line named; `key: value`, one a line"
        ) from None
    except RecursionError:
        raise _too_much(path) from None
    except ValueError as error:  # such as 2026-13-45, which looks like a date
        raise ConfigError(f"{path} holds a value that is none", got=error, fix="put it in quotes") from None
    if not isinstance(values, dict):
        got = "nothing" if values is None else type(values).__name__
        raise ConfigError(f"{path} must hold one mapping of keys to values", got=got, fix="write `key: value` lines")
    _count(values, path)
    strange = [key for key in values if not isinstance(key, str)]
    if strange:
        raise ConfigError(f"{path} has keys that are no words", got=strange, fix="write `key: value` lines")
    return values


def read_text(path: Path, what: str = "config") -> str:
    """Read a small file that a person wrote.

    Args:
        path: The file.
        what: What it is, for people.

    Raises:
        ConfigError: It is missing, no text in UTF-8, or far too large.
    """
    named = "a YAML file" if what == "config" else f"a {what}"
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            fix = f"--config {path / 'config.yaml'}" if (path / "config.yaml").is_file() else "name the file in it"
            raise ConfigError(f"the {what} is a folder, not a file", got=path, fix=fix)
        if not stat.S_ISREG(mode) and not str(path).startswith(PIPES):
            raise ConfigError(f"the {what} is no regular file", got=path, fix=f"name {named}")
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise ConfigError(
            f"cannot read {what} file {path}", got=error.strerror or os.strerror(error.errno or 0), fix="check the path"
        ) from None
    if len(data) > LARGEST:
        raise ConfigError(f"{path} is too large for a {what}", allowed=f"{LARGEST:,} bytes", fix=f"name {named}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not text in UTF-8", fix=f"name {named}, or save it as UTF-8") from None


def _check_depth(written: str, path: Path) -> None:
    """Refuse what is nested beyond any config before it is read: libyaml, which recurses, would end the process."""
    import yaml

    depth = 0
    for event in yaml.parse(written, Loader=_loader(text=True)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise _too_much(path)


def _count(values: Any, path: Path) -> None:
    """Refuse what is deep or grows beyond any config; walks no further than that."""
    count, rest = 0, [(values, 1)]
    while rest:
        value, depth = rest.pop()
        count += 1
        if count > MOST_VALUES or depth > DEEPEST:
            raise _too_much(path)
        inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else ()
        rest += [(item, depth + 1) for item in inner[: MOST_VALUES + 1]]


def _too_much(path: Path) -> ConfigError:
    return ConfigError(
        f"{path} is too deep, or its aliases stand for too much",
        allowed=f"{MOST_VALUES:,} values, {DEEPEST} levels",
        fix="write the values out; a config has one level of keys, and one more below `set`",
    )


@cache
def _loader(text: bool) -> Any:
    """Return PyYAML's safe loader, or the one that reads text alone, which here refuses a key that is given twice.

    That of libyaml, where PyYAML was built with it, is ten times as fast: a run reads its config several times.
    """
    import yaml

    name = "BaseLoader" if text else "SafeLoader"

    class Loader(getattr(yaml, f"C{name}", getattr(yaml, name))):  # type: ignore[misc]
        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen: set[str] = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                    if key.value in seen:
                        raise yaml.constructor.ConstructorError(
                            None, None, f"the key {key.value!r} is given twice", key.start_mark
                        )
                    seen.add(key.value)
            return super().construct_mapping(node, deep)

    return Loader
