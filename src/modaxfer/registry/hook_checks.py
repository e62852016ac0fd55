"""A hook with a misspelled name would never be called and nobody would know: refuse it, and say what was meant."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from inspect import Parameter, signature
from types import FunctionType, ModuleType
from typing import Any

from modaxfer.hooks import HookSpecs
from modaxfer.registry.records import LoadError

__all__ = ["HOOKS", "check_hooks"]

HOOKS = tuple(name for name in vars(HookSpecs) if name.startswith("modaxfer_"))
"""Names of all hooks."""

_NEAR = 0.85
"""Similarity (0 ... 1) from which the name of an unmarked function is taken for a misspelled hook."""


def check_hooks(module: ModuleType) -> None:
    """Check that everything in `module` that looks like a hook is one.

    Raises:
        LoadError: A hook is misspelled, not marked with ``@hookimpl``, not a function, or a wrapper around others.
    """
    for name, value in vars(module).items():
        if isinstance(value, FunctionType | type) or name in HOOKS:
            _check(name, value)


def _check(name: str, value: object) -> None:
    marks = _marks(value)
    hook = (marks and marks["specname"]) or name
    if hook in HOOKS:
        _check_known(name, value, marks)
    elif marks and not marks["optionalhook"]:
        raise LoadError(f"{name}() is marked with @hookimpl, but there is no hook {hook}; {_meant(hook)}")
    elif not marks and isinstance(value, FunctionType) and _resembles_hook(name):
        raise LoadError(f"{name}() looks like a hook, but there is no hook of that name; {_meant(name)}")


def _check_known(name: str, value: object, marks: Mapping[str, Any] | None) -> None:
    if not isinstance(value, FunctionType):
        what = "class" if isinstance(value, type) else type(value).__name__
        raise LoadError(f"{name} is the name of a hook, but is a {what}; write a function marked with @hookimpl")
    if marks is None:
        raise LoadError(f"{name}() is the name of a hook, but is not marked with @hookimpl; add the decorator")
    if marks["wrapper"] or marks["hookwrapper"]:
        raise LoadError(f"{name}() is a hook wrapper; a plugin cannot change what others answer")
    _check_arguments(name, value, marks["specname"] or name)


def _check_arguments(name: str, function: FunctionType, hook: str) -> None:
    """Check that the hook has what `function` asks for; what has a default is the function's own."""
    given = [argument for argument in signature(vars(HookSpecs)[hook]).parameters if argument != "self"]
    needed = [
        one.name
        for one in signature(function).parameters.values()
        if one.kind is Parameter.POSITIONAL_OR_KEYWORD and one.default is Parameter.empty
    ]
    if unknown := [argument for argument in needed if argument not in given]:
        asked = f"{name}() asks for {', '.join(unknown)}, which the hook does not give"
        raise LoadError(f"{asked}; write `def {name}({', '.join(given)})`")


def _marks(value: object) -> Mapping[str, Any] | None:
    found = vars(value).get("modaxfer_impl") if isinstance(value, FunctionType | type) else None
    return found if isinstance(found, Mapping) else None


def _resembles_hook(name: str) -> bool:
    return name.startswith("modaxfer_") or bool(get_close_matches(name.lower(), HOOKS, cutoff=_NEAR))


def _meant(name: str) -> str:
    close = get_close_matches(name.lower(), HOOKS, n=1, cutoff=0.75)  # the common prefix alone makes 0.65
    return f"did you mean {close[0]}?" if close else f"hooks are {', '.join(HOOKS)}"
