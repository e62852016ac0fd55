"""Level 4 of the framework and its own plugins: real weights and real rows, where they are at hand."""

from __future__ import annotations

import pytest

from modaxfer.testing import Level, check_plugin
from modaxfer.testing.shown import failure_text

OWN = ("embedded", "finance", "language-vision", "legal", "medical", "modaxfer", "offline")
OWN += ("questions", "retail", "reviews", "sound", "traffic", "vision")


@pytest.mark.weights
@pytest.mark.parametrize("plugin", OWN)
def test_real_weights_and_rows_keep_the_contracts(plugin: str) -> None:
    found = check_plugin(plugin, level=Level.WEIGHTS)
    bad = [outcome for outcome in found.failures if outcome.check.level is Level.WEIGHTS]
    assert [failure_text(found.plugin, outcome) for outcome in bad] == []
