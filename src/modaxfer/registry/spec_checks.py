"""What a registration hook returned, checked before anything of it is registered."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Hashable, Iterable
from dataclasses import Field, fields, is_dataclass
from functools import cache
from typing import Any

from modaxfer.registry.names import is_short_name
from modaxfer.registry.records import Kind, LoadError

__all__ = ["TARGET", "check_specs"]

TARGET = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
"""``package.module:Attribute``."""

_SPEC_MODULES = tuple(
    f"modaxfer.{name}"
    for name in ("spec", "augmentation_spec", "head_specs", "pretraining_specs", "score_specs", "source_specs")
)

_PLAIN = (str, int, float, tuple, list)
"""What is told as it is written, without its type."""

_TARGET_FIELDS = ("target", "configuration", "options", "reader")


def check_specs(kind: Kind, returned: object) -> tuple[Any, ...]:
    """Return what a hook returned as a tuple of checked specs.

    Raises:
        LoadError: It is not an iterable of specs of `kind`, or a field of one holds what it cannot hold.
    """
    if not isinstance(returned, Iterable) or isinstance(returned, str | bytes | type):
        what = "nothing" if returned is None else _described(returned)
        raise LoadError(f"{kind.hook}() returned {what}, expected a list of {kind.spec.__name__}")
    specs = tuple(returned)
    for spec in specs:
        _check_type(kind, spec)
        _check_name(kind, spec.name)
        _check_fields(f"{kind.name} {spec.name!r}", spec)
        if not spec.target and kind.name != "checkpoint":
            raise LoadError(f"{kind.name} {spec.name!r}: target is empty, expected 'package.module:Attribute'")
    return specs


def _check_type(kind: Kind, spec: object) -> None:
    if isinstance(spec, kind.spec):
        return
    fix = f"return {kind.spec.__name__}(name=..., ...)"
    if isinstance(spec, type):
        fix = f"return {kind.spec.__name__}(name=..., target='{spec.__module__}:{spec.__qualname__}', ...)"
    raise LoadError(f"{kind.hook}() returned {_described(spec)}, expected {kind.spec.__name__}; {fix}")


def _check_name(kind: Kind, name: object) -> None:
    if not is_short_name(name):
        raise LoadError(
            f"{kind.name} name {name!r} is not valid; use lower-case letters, digits, '.', '_' and '-', "
            "a letter or digit first (the namespace is put in front automatically)"
        )


def _check_fields(where: str, spec: Any) -> None:
    """Check the fields of `spec` and of the specs inside it; a plugin's own dataclasses are its own affair."""
    if type(spec).__module__ not in _SPEC_MODULES:
        return
    hints = _hints(spec.__class__)
    for field in fields(spec):
        value, place = getattr(spec, field.name), f"{where}: {field.name}"
        if not _fits(value, hints[field.name]):
            got = repr(value) if isinstance(value, _PLAIN) else _described(value)
            raise LoadError(f"{place} is {got}, expected {field.type}{_hint(field, value)}")
        if field.name in _TARGET_FIELDS and isinstance(value, str) and value and not TARGET.fullmatch(value):
            raise LoadError(f"{place} is {value!r}, expected 'package.module:Attribute'")
        for part in value if isinstance(value, tuple) else (value,):
            if is_dataclass(part):
                _check_fields(place, part)


def _hint(field: Field[Any], value: object) -> str:
    """Return how to write what `field` wants, where people often write something else."""
    if field.name in _TARGET_FIELDS and callable(value):
        named = f"{getattr(value, '__module__', 'package.module')}:{getattr(value, '__qualname__', 'Attribute')}"
        return f": code is named by a string, '{named}', and imported when it is first used"
    if str(field.type).startswith("tuple"):
        return " (a tuple of one is written with a comma: (x,))"
    if field.type == "Signal":
        return ": TEXT, IMAGE, AUDIO, TABLE or WORDS of modaxfer.spec, or a kind of your own, Signal(kind='gene')"
    return ""


@cache
def _hints(spec: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(spec)


@cache
def _apart(hint: Hashable) -> tuple[Any, tuple[Any, ...]]:
    """Return what a type is made of; the same few are asked for thousands of times at each start."""
    return typing.get_origin(hint), typing.get_args(hint)


def _fits(value: object, hint: Any) -> bool:
    origin, arguments = _apart(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, option) for option in arguments)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(item, arguments[0]) for item in value)
    if hint is float:
        return isinstance(value, int | float)
    return isinstance(value, origin or hint)


def _described(value: object) -> str:
    """Return `value` as people would say it: a spec by its type and name, and not with all its fields."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if is_dataclass(value):
        name = getattr(value, "name", None)
        return f"one {type(value).__name__}" + (f" {name!r}" if name is not None else "")
    return f"{type(value).__name__} {value!r}"
