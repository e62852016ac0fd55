"""Run events for plugins that watch. Whatever an observer does, the run stays what it is."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    import pluggy

__all__ = ["EVENTS", "ReadOnly", "call_hook", "notify"]


EVENTS = ("run_start", "stage_end", "logged", "run_end", "run_error")
"""What observers are told of; the hooks are called so behind ``modaxfer_``."""


class ReadOnly(dict[str, Any]):
    """A dict that cannot be changed; copies of it, and its JSON, are those of a plain dict."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("read-only: an observer cannot change a run; change a copy, dict(...)")

    __setitem__ = __delitem__ = __ior__ = update = pop = popitem = clear = setdefault = _refuse

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (dict(self),)


def notify(manager: pluggy.PluginManager, event: str, values: Mapping[str, Any]) -> list[str]:
    """Call all observers of ``modaxfer_<event>``, each with copies of its own.

    Returns:
        One warning per observer that failed; it is never raised.
    """
    warnings = []
    hook = getattr(manager.hook, f"modaxfer_{event}")
    for implementation in reversed(hook.get_hookimpls()):
        try:
            with _world_kept():
                call_hook(implementation, {name: _frozen(value) for name, value in values.items()})
        except (Exception, SystemExit) as error:
            who = f"plugin {implementation.plugin_name!r} failed at {event}"
            warnings.append(f"{who}, the run goes on: {type(error).__name__}: {error}")
    return warnings


def call_hook(implementation: pluggy.HookImpl, values: Mapping[str, Any]) -> Any:
    """Call one plugin's hook with those of `values` that it asks for."""
    return implementation.function(*(values[name] for name in implementation.argnames))


def _frozen(value: Any) -> Any:
    """Return a deep copy in which no container can be changed; an exception stays itself, its traceback has no copy."""
    if isinstance(value, Mapping):
        return ReadOnly({key: _frozen(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return tuple(_frozen(item) for item in value)
    if isinstance(value, set | frozenset):
        return frozenset(_frozen(item) for item in value)
    return value if isinstance(value, BaseException) else copy.deepcopy(value)


@contextmanager
def _world_kept() -> Iterator[None]:
    """Keep stdout to the command, and random states (Python, NumPy, torch on CPU and this CUDA device) as they are.

    An observer that draws a random number would otherwise change a seeded run.
    """
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    with ExitStack() as stack:
        stack.enter_context(redirect_stdout(sys.stderr))
        stack.callback(random.setstate, random.getstate())
        if numpy is not None:
            stack.callback(numpy.random.set_state, numpy.random.get_state())
        if torch is not None:
            devices = [torch.cuda.current_device()] if torch.cuda.is_initialized() else []
            stack.enter_context(torch.random.fork_rng(devices))
        yield
