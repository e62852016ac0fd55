"""Rows for several towers: each gets its own arrays back, padded its own way."""

from __future__ import annotations

import numpy as np
import torch

from modaxfer.runner.model.joint import JointProcessor, JointRows, joined, part_of_example
from modaxfer.runner.model.transfer import part_of_batch


class Padded:
    """Counts up to the raw number, padded with `filler`."""

    def __init__(self, filler):
        self.filler, self.identity = filler, f"padded with {filler}"

    def __call__(self, raws):
        return [{"ids": np.arange(raw), "size": np.array(raw)} for raw in raws]

    def length(self, example):
        return len(example["ids"])

    def collate(self, examples):
        longest = max(len(example["ids"]) for example in examples)
        rows = [np.pad(e["ids"], (0, longest - len(e["ids"])), constant_values=self.filler) for e in examples]
        return {"ids": torch.from_numpy(np.stack(rows)), "size": torch.tensor([int(e["size"]) for e in examples])}


def test_each_tower_is_padded_by_its_own_processor():
    both = JointProcessor([Padded(-1), Padded(-2)])
    rows = [(1, 3), (2, 1)]
    examples = both(rows)
    assert [both.length(example) for example in examples] == [4, 3]
    batch = both.collate(examples)
    for place, filler in enumerate((-1, -2)):
        part = part_of_batch(batch, place)
        alone = Padded(filler)
        expected = alone.collate(alone([row[place] for row in rows]))
        assert part.keys() == {*expected, "present"}
        assert all(torch.equal(part[key], expected[key]) for key in expected)
        assert part["present"].tolist() == [1.0, 1.0]
        assert part["present"].dtype == torch.float32


def test_what_a_row_lacks_is_marked_and_not_left_out():
    parts = [Padded(0)([2, 3, 4]), Padded(0)([5, 6, 7])]
    there = np.array([[True, True], [False, True], [True, False]])
    rows = JointRows(parts, there)
    assert len(rows) == 3
    for number, row in enumerate(rows[place] for place in range(3)):
        for tower in (0, 1):
            part = part_of_example(row, tower)
            assert bool(part.pop("present")) == there[number, tower]
            assert part.keys() == {"ids", "size"}
            np.testing.assert_array_equal(part["ids"], parts[tower][number]["ids"])
    batch = JointProcessor([Padded(0), Padded(0)]).collate([rows[0], rows[1], rows[2]])
    assert torch.stack([batch["0.present"], batch["1.present"]], dim=1).tolist() == there.astype(float).tolist()


def test_eleven_towers_keep_apart():
    """``1.`` is no prefix of ``10.``."""
    row = joined([{"value": np.array(place)} for place in range(11)], [1.0] * 11)
    assert [int(part_of_example(row, place)["value"]) for place in range(11)] == list(range(11))
