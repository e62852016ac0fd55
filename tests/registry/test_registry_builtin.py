"""What the framework brings: every name it lists leads to code that is there."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import pytest

from modaxfer.registry import KINDS, discover, hook_manager, load_plugin, load_target


def own_entries():
    _, entries = load_plugin(discover()[0], hook_manager())
    return entries


def targets(spec):
    """Return every target in `spec` and in the specs inside it."""
    found = {getattr(spec, name, "") for name in ("target", "options", "reader")}
    for field in fields(spec):
        value = getattr(spec, field.name)
        for part in value if isinstance(value, tuple) else (value,):
            found |= targets(part) if is_dataclass(part) else set()
    return {target for target in found if isinstance(target, str) and target}


CASES = {
    f"{entry.kind} {entry.name} {target}": target for entry in own_entries() for target in sorted(targets(entry.spec))
}


@pytest.mark.parametrize("target", CASES.values(), ids=CASES.keys())
def test_every_target_is_there(target):
    assert callable(load_target(target))


def test_every_kind_has_something():
    assert {entry.kind for entry in own_entries()} == set(KINDS)


def test_options_can_be_left_at_their_defaults():
    classes = [load_target(entry.spec.options) for entry in own_entries() if getattr(entry.spec, "options", "")]
    assert classes
    assert all(is_dataclass(cls) and cls() == cls() for cls in classes)
