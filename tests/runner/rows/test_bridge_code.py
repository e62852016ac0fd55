"""A plugin's bridge is known by its code as well as by its identity."""

from __future__ import annotations

import importlib
import sys

from modaxfer.bridges.native import TextBridge
from modaxfer.runner.rows.bridge_code import known_by
from modaxfer.spec import TEXT, Field

CODE = """
class Upper:
    identity = "upper"

    def __call__(self, rows):
        return [row.{case}() for row in rows]
"""


def test_code_that_changes_is_another_bridge(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    file = tmp_path / "own_bridges.py"

    def known(case):
        file.write_text(CODE.format(case=case), encoding="utf-8")
        monkeypatch.delitem(sys.modules, "own_bridges", raising=False)
        importlib.invalidate_caches()
        return known_by(importlib.import_module("own_bridges").Upper())

    before, same, after = known("upper"), known("upper"), known("casefold")
    assert before == same != after
    assert before.startswith("upper:code=")
    sys.modules.pop("own_bridges")


def test_the_frameworks_own_are_known_by_what_they_say():
    bridge = TextBridge(None, (Field(name="text", signal=TEXT),), None, None)
    assert known_by(bridge) == bridge.identity
