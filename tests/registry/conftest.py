"""Plugins as modules in memory, and registers made of nothing else."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from modaxfer.hooks import hookimpl
from modaxfer.registry import PluginRecord, Registry, hook_manager, load_plugin


@pytest.fixture
def plugin(monkeypatch):
    """Return a maker of importable plugin modules; keyword arguments are its attributes, functions become hooks."""

    def make(namespace, *, hooks=(), **attributes):
        module = ModuleType(f"memory_{namespace}")
        vars(module).update({"MODAXFER_API": 0} | attributes | {hook.__name__: hookimpl(hook) for hook in hooks})
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return PluginRecord(
            namespace=namespace, module=module.__name__, distribution=f"{namespace}-plugin", version="1.0"
        )

    return make


@pytest.fixture
def register(plugin):
    """Return a maker of registers: namespace to the specs it brings, by kind's plural, and its other hooks."""

    def make(**plugins):
        manager, records, entries = hook_manager(), [], []
        for namespace, brought in plugins.items():
            hooks = [value for value in brought.values() if callable(value)]
            for plural, specs in brought.items():
                if not callable(specs):
                    hooks.append(_returning(f"modaxfer_{plural}", specs))
            record, found = load_plugin(plugin(namespace, hooks=hooks), manager)
            records.append(record)
            entries.extend(found)
        made = Registry(records, entries, manager)
        assert not made.failures
        return made

    return make


def _returning(name, specs):
    def hook():
        return specs

    hook.__name__ = name
    return hook
