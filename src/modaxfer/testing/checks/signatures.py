"""Level 2: code can be called as the framework will call it, and has the methods that it will call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from modaxfer.registry import KINDS, load_target
from modaxfer.spec import DownloadSource, FolderSource, HubSource, PackageSource, SampleSource
from modaxfer.testing.check import EVERY_KIND, Level, check, fail

if TYPE_CHECKING:
    from modaxfer.testing.subject import Subject

__all__ = ["CHECKS"]

_CALLED = {
    "augmentation": ("value", "strength", "generator"),
    "bridge": ("options", "fields", "layout", "root"),
    "checkpoint": (),
    "classical head": (),
    "metric": ("references", "predictions", "scores"),
    "objective": ("context", "options"),
    "problem": (),
    "report": ("result", "folder"),
    "strategy": ("options", "context"),
    "transferability score": ("encoded",),
    "validator": ("context",),
}
"""By kind, what its target is called with, one behind the other."""

_METHODS: dict[str, dict[str, tuple[str, ...]]] = {
    "bridge": {"__call__": ("rows",)},
    "classical head": {"held_out": ("space", "grid", "link"), "fit": ("space", "value", "link", "calibration")},
    "encoder": {
        "processor": ("kind",),
        "embed": ("batch",),
        "run": ("hidden", "start", "stop"),
        "finish": ("hidden",),
        "save": ("folder",),
    },
    "head": {"__call__": ("features",), "config": ()},
    "objective": {"begin": ("rows",), "prepare": ("rows", "generator"), "__call__": ("prepared",)},
    "problem": {"criterion": ("classes", "targets"), "restored": ("state",)},
    "validator": {"__call__": ("seen",)},
}
"""By kind, the methods of what its target is or makes, and what they are called with behind `self`."""

_CLASS_METHODS = {
    "from_config": ("config", "origin="),
    "from_folder": ("folder", "config", "origin="),
    "layout": ("config", "kind", "options"),
    "shape": ("config",),
}
"""Of an encoder; ``=`` marks a keyword."""


@check(Level.SPECS, EVERY_KIND)
def takes_what_it_is_given(subject: Subject) -> None:
    """What its targets name can be called with what the framework gives them."""
    for target, arguments in _calls(subject):
        _require_call(target, load_target(target), arguments)


@check(Level.SPECS, EVERY_KIND)
def has_the_methods_that_are_called(subject: Subject) -> None:
    """The class that its target names has every method that the framework calls, with the arguments that it gives."""
    target, made = subject.spec.target if subject.kind != "task" else "", _methods(subject)
    cls = load_target(target) if made else None
    if not isinstance(cls, type):
        return  # A function that makes one: its methods are seen at level 3.
    for name, arguments in made.items():
        method = getattr(cls, name, None)
        if not callable(method):
            fail(
                f"{target} has no method {name}",
                got=sorted(own for own in vars(cls) if not own.startswith("_")),
                allowed=f"{name}({', '.join(arguments)})",
                fix=f"write it, see modaxfer.contracts and the page of a {subject.kind}",
            )
        bound = name in _CLASS_METHODS and subject.kind == "encoder"
        _require_call(f"{target}.{name}", method, arguments if bound else ("self", *arguments))


def _methods(subject: Subject) -> dict[str, tuple[str, ...]]:
    more: dict[str, tuple[str, ...]] = {}
    if subject.kind == "encoder":
        more = _CLASS_METHODS
    if subject.kind == "bridge" and subject.spec.trained:
        more = {"processor": (), "embedder": ("width",)}
    return {**_METHODS.get(subject.kind, {}), **more}


def _calls(subject: Subject) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield every target of a spec with what it is called with.

    Heads are left out, which are given what their plan says, and encoders, which class methods make.
    """
    spec, kind = subject.spec, subject.kind
    if kind == "augmentation" and spec.level == "batch":
        yield spec.target, ("own", "partner", "strength", "generator")
    elif kind == "metric":
        read = [f"{name}=" for name in ("cost", "groups") if getattr(spec, f"needs_{name}")]
        yield spec.target, (*_CALLED[kind], *read)
    elif kind == "augmentation" and spec.heeds:
        yield spec.target, (*_CALLED[kind], "forbid=")
    elif kind in _CALLED and spec.target:
        yield spec.target, _CALLED[kind]
    if kind == "problem" and spec.figure:
        yield spec.figure, ("predictions", "theme")
    for source in spec.sources if kind == "task" else ():
        yield from _source_calls(source)


def _source_calls(source: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    if isinstance(source, PackageSource) and source.target:
        yield source.target, ()
    elif isinstance(source, SampleSource):
        yield source.target, ("seed",)
    if isinstance(source, DownloadSource | FolderSource | HubSource | PackageSource) and source.reader:
        yield source.reader, ("folder",)


def _require_call(where: str, called: Callable[..., Any], arguments: tuple[str, ...]) -> None:
    try:
        signature = inspect.signature(called)
    except (TypeError, ValueError):
        return  # Written in C, and says nothing.
    by_place = [name for name in arguments if not name.endswith("=")]
    by_name = {name.rstrip("="): None for name in arguments if name.endswith("=")}
    try:
        signature.bind(*by_place, **by_name)
    except TypeError as error:
        shown = ", ".join(name if not name.endswith("=") else f"{name}..." for name in arguments)
        fail(
            f"{where} cannot be called as it will be: {error}",
            got=f"{where.partition(':')[2]}{signature}",
            allowed=f"a call with ({shown})",
            fix="give it these arguments; further ones need defaults",
        )


assert set(_CALLED) | {"encoder", "head", "task"} == set(KINDS), "every kind is called in some way"

CHECKS = (takes_what_it_is_given, has_the_methods_that_are_called)
