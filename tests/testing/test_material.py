"""The small material that checks and tests are made on."""

from __future__ import annotations

import pytest

from modaxfer.contracts import PatchStrip, Sound
from modaxfer.testing.material.raw_inputs import raws, shortest


def size(raw):
    if isinstance(raw, Sound):
        return len(raw.samples)
    return len(raw.pixels) if isinstance(raw, PatchStrip) else len(raw[0].split())


@pytest.mark.parametrize("kind", ["text", "patches", "audio"])
def test_raw_inputs_grow_and_the_shortest_is_one_thing(kind):
    sizes = [size(raw) for raw in raws(kind, 4)]
    assert sizes == sorted(set(sizes))
    assert size(shortest(kind)) == 1 < sizes[0]
