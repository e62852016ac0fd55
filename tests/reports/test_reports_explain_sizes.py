"""Numbers of an explanation: what is nothing beside the others reads 0."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from modaxfer.reports.explain.marks import boxes, marks
from modaxfer.reports.explain.sizes import Sizes, sizes_of
from modaxfer.reports.explain.words import checks, score_lines, strongest, summary
from modaxfer.reports.scores import signed


@pytest.mark.parametrize(
    ("largest", "value", "said"),
    [
        (0.412, 0.412, "+0.412"),
        (0.412, -0.03, "-0.030"),
        (0.412, 1e-8, "0"),
        (0.412, -4.9e-4, "0"),
        (0.412, 5.1e-4, "+0.001"),
        (12.94, -0.649, "-0.6"),
        (12_345.0, 12_345.0, "+12,345"),
        (12_345.0, 30.0, "0"),
        (3.2e-6, 3.21e-6, "+3.21e-06"),
        (3.2e-6, 1e-10, "0"),
        (0.0, 0.0, "0"),
        (1.0, float("nan"), "+nan"),
    ],
)
def test_a_number_has_the_decimals_that_the_largest_asks_for(largest, value, said):
    assert Sizes(largest)(value) == said


def test_a_mean_that_is_none_has_no_sign():
    assert [signed(each) for each in (-1e-8, 4e-4, -6e-4, 0.25)] == ["0.000", "0.000", "-0.001", "+0.250"]


def row(sums, *, unit="log-odds", value=1.5, effects=None):
    """Return an explained row of one text of as many tokens as `sums`."""
    part = SimpleNamespace(kind="tokens", fields=("review",), labels=("fine", "and", "plain")[: len(sums)])
    found = SimpleNamespace(answer=value, baseline=value - sum(sums), total=sum(sums), gap=0.0, steps=32, complete=True)
    made = SimpleNamespace(
        parts=(part,), sums=(torch.tensor(sums, dtype=torch.float64),), value=value, attributed=found, reason="",
        answer=SimpleNamespace(unit=unit, name="good"), correlation=None, sanity=(), beyond=(),
    )  # fmt: skip
    wanted = SimpleNamespace(number=1, split="test", label=None)
    return SimpleNamespace(made=made, wanted=wanted, score=None, prediction="good", effects=effects or {}, near=())


def test_units_that_add_nothing_are_not_named_and_fields_read_0():
    lines = summary(row([0.8, 1e-8, -2e-7], effects={"review": 0.8, "title": -3e-9}))
    assert lines[1:3] == ["  for      'fine' +0.800", "  fields   review +0.800, title 0"]
    assert not any("e-0" in line for line in lines)
    nothing = summary(row([1e-8, -2e-7, 0.0]))
    assert nothing[1] == "  --       no part of review adds anything to the answer"
    assert nothing[2].startswith("  ok       attributions add up to 0, f(x) - f(x₀) is 0: 0.00% off")


def test_of_a_number_nothing_is_what_the_arithmetic_cannot_hold():
    assert sizes_of(row([1e-8, 2e-8, 0.0], unit="the target's unit", value=350_000.0))(0.02) == "0"
    tiny = row([3e-9, 1e-9, 0.0], unit="the target's unit", value=5e-9)
    assert sizes_of(tiny)(3e-9) == "+3e-09"
    assert checks(tiny)[0][1].startswith("attributions add up to 4e-09, f(x) - f(x₀) is 4e-09")


def test_marks_boxes_and_scores_say_the_same():
    sizes, part = Sizes(0.8), SimpleNamespace(kind="picture", shape=(1, 2))
    marked, boxed = marks(("a", "b"), [0.8, -1e-8], sizes), boxes(part, [1e-8, -0.5], 2, 1, sizes)
    assert [(mark.side, mark.value) for mark in marked] == [("for", "+0.800"), ("", "0")]
    assert [(box.side, box.value) for box in boxed] == [("", "0"), ("against", "-0.500")]
    assert strongest(part, [1e-8, -0.5], 4, sizes) == [("cell 1,2", -0.5)]
    field = SimpleNamespace(name="title", value=-1e-9, low=-1e-9, high=0.02)
    score = SimpleNamespace(metric="accuracy", score=0.9, rows=9, of=9, repeats=5, fields=(field,))
    assert score_lines(score)[2] == [("title", "0.0000", "[0.0000, +0.0200]")]
