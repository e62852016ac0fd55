"""Numbers of an explanation against closed forms."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
import torch
from torch import nn

from modaxfer.metrics import Scored
from modaxfer.reports.explain.words import _randomised
from modaxfer.runner.explain.answer import Answer
from modaxfer.runner.explain.cutting import CUTTERS, Known
from modaxfer.runner.explain.gradients import attribute
from modaxfer.runner.explain.importance import permutation_importance
from modaxfer.runner.explain.neighbours import Neighbours, _means, nearest
from modaxfer.runner.explain.occlusion import occlude, partial_rank_correlation, rank_correlation
from modaxfer.runner.explain.part import NO_PART, Part, unit_sums
from modaxfer.runner.explain.randomised import at_stake, randomised
from modaxfer.runner.explain.units import band_edges, bands_and_stretches, cells
from modaxfer.runner.model.joint import JointRows

pytestmark = pytest.mark.skipif(find_spec("captum") is None, reason="explanations need the extra explain")

W, X, X0 = (torch.tensor(values) for values in ([0.5, -2.0, 3.0], [1.0, 2.0, -1.0], [0.0, 1.0, 1.0]))


def part(values=X, baseline=X0, units=(0, 1, 2), shape=(3,)):
    return Part(
        key="values", kind="tokens", fields=("x",), values=values, baseline=baseline, said="", shape=shape,
        units=torch.tensor(units),
    )  # fmt: skip


def test_a_linear_model_gives_its_weights_times_the_difference():
    found = attribute(lambda x: x @ W + 7.0, [X], [X0], batch=8)
    assert found.parts[0].numpy() == pytest.approx((W * (X - X0)).numpy(), abs=1e-6)
    assert found.complete
    assert (found.answer, found.baseline) == pytest.approx((float(X @ W) + 7, float(X0 @ W) + 7))


def test_a_product_is_shared_as_sundararajan_says():
    # f = x·y from (0, 0): each gets ∫ t·y·x dt = x·y / 2, and occlusion of either all of it.
    found = attribute(lambda x: x[:, 0] * x[:, 1], [torch.tensor([3.0, 4.0])], [torch.zeros(2)], batch=8)
    assert found.parts[0].tolist() == pytest.approx([6.0, 6.0], abs=1e-5)
    (hidden,) = occlude(
        lambda x: x[:, 0] * x[:, 1], [part(torch.tensor([3.0, 4.0]), torch.zeros(2), (0, 1), (2,))], batch=1
    )
    assert hidden.tolist() == [12.0, 12.0]


def test_steps_are_doubled_until_the_sum_is_right_and_a_jump_is_told():
    steep = attribute(lambda x: torch.sigmoid(400 * (x[:, 0] - 0.437)), [torch.ones(1)], [torch.zeros(1)], batch=64)
    assert steep.complete
    assert steep.steps > 32
    jump = attribute(lambda x: (x[:, 0] > 0.4).float() + 0 * x[:, 0], [torch.ones(1)], [torch.zeros(1)], batch=64)
    assert (jump.total, jump.answer - jump.baseline, jump.complete, jump.steps) == (0.0, 1.0, False, 512)


def test_units_add_up_and_special_tokens_are_none():
    found = unit_sums(part(units=(0, NO_PART, 0), shape=(2,)), torch.tensor([1.0, 5.0, 2.0]))
    assert found.tolist() == [3.0, 0.0]


def test_an_answer_is_the_log_odds_of_the_calibrated_probability():
    outputs = torch.tensor([[1.0, -0.5, 2.0]])
    p = float((outputs / 2.5).softmax(1)[0, 1])
    asked = Answer(link="softmax", name="b", place=1, temperature=2.5)
    assert float(asked(outputs)[0]) == pytest.approx(np.log(p / (1 - p)), abs=1e-6)
    assert float(Answer(link="identity", name="", mean=10.0, deviation=2.0)(outputs)[0]) == 12.0
    assert float(Answer(link="sigmoid", name="c", place=2)(outputs)[0]) == 2.0


def test_rank_correlation_is_spearmans_and_undefined_of_a_constant():
    assert rank_correlation(torch.tensor([1.0, 2.0, 9.0]), torch.tensor([10.0, 20.0, 21.0])) == pytest.approx(1.0)
    assert rank_correlation(torch.zeros(4), torch.arange(4.0)) is None


def test_random_weights_are_the_same_numbers_in_another_order():
    model = nn.Linear(6, 5)
    made = randomised(model, 0)
    assert not torch.equal(made.weight, model.weight)
    assert torch.equal(made.weight.flatten().sort()[0], model.weight.flatten().sort()[0])
    assert torch.equal(randomised(model, 0).weight, made.weight)


def test_a_sound_is_made_again_of_its_spectra():
    wave = torch.randn(3000, generator=torch.Generator().manual_seed(1))
    made = CUTTERS["input_values"](
        Known(key="input_values", fields=("s",), processor=None, patch=None, mean=None), wave
    )
    assert made.enter(made.values.unsqueeze(0))[0].numpy() == pytest.approx(wave.numpy(), abs=1e-5)
    noise = made.enter(made.baseline.unsqueeze(0))[0]
    assert 20 * np.log10(float(noise.std() / wave.std())) == pytest.approx(-20, abs=0.5)
    assert int(made.units.max()) == made.count - 1


def test_cells_and_bands():
    units, shape = cells(18, 22, 2)  # A cell is a patch; of few patches a part of one; of none a fourteenth of a side.
    assert shape == (9, 11)
    assert units[:4, :6:2].tolist() == [[0, 1, 2], [0, 1, 2], [11, 12, 13], [11, 12, 13]]
    assert [cells(32, 32, 16)[1], cells(99, 99, None)[1]] == [(8, 8), (14, 14)]
    units, shape = bands_and_stretches(np.linspace(0, 1, 16), 48)
    assert shape == (8, 24)
    assert units[0, 0] == 0
    assert units[-1, -1] == 8 * 24 - 1
    edges = band_edges(8000.0, 8)
    assert (edges[0], edges[-1]) == pytest.approx((0.0, 8000.0))
    assert np.all(np.diff(np.diff(edges)) >= -1e-6)


def test_permutation_importance_finds_the_one_column_that_tells():
    generator = np.random.default_rng(0)
    rows = [{"told": int(label), "noise": float(generator.normal())} for label in generator.integers(0, 2, 120)]
    references = np.array([row["told"] for row in rows])

    def predict(some):
        said = np.array([row["told"] for row in some])
        return Scored(predictions=said, scores=np.eye(2)[said])

    groups = {"noise": ["noise"], "told": ["told"]}
    score, found = permutation_importance(
        rows, references, groups, predict, metric="accuracy", problem="binary", repeats=20
    )
    assert score == 1.0
    assert [one.name for one in found] == ["told", "noise"]
    # Of two classes as common as each other, a shuffled label is right half of the time.
    share = references.mean()
    assert found[0].value == pytest.approx(1 - (share**2 + (1 - share) ** 2), abs=0.03)
    assert found[0].low < found[0].value < found[0].high
    assert (found[1].value, found[1].low, found[1].high) == (0.0, 0.0, 0.0)


def test_of_an_error_more_is_still_more_important():
    rows = [{"x": float(value), "y": 0.0} for value in range(40)]
    references = np.arange(40.0)
    _, (first, second) = permutation_importance(
        rows,
        references,
        {"x": ["x"], "y": ["y"]},
        lambda some: Scored(predictions=np.array([row["x"] for row in some])),
        metric="rmse",
        problem="regression",
    )
    assert (first.name, second.value) == ("x", 0.0)
    assert first.low > 0


def test_nearest_rows_are_by_angle_from_the_mean_and_never_the_row_itself():
    vectors = np.array([[3.0, 0.0], [0.0, 2.0], [-3.0, 0.0], [0.0, -2.0]], np.float32)
    known = Neighbours(numbers=np.array([0, 4, 8, 12]), vectors=vectors, labels=[], means={})
    assert nearest(np.array([5.0, 0.1]), known, 2) == [
        (0, pytest.approx(0.0, abs=1e-3)),
        (1, pytest.approx(0.98, abs=0.01)),
    ]
    assert nearest(vectors[1], known, 1, but=4)[0][0] != 1


def test_what_two_series_owe_to_a_third_is_taken_out_of_their_rank_correlation():
    draw = torch.Generator().manual_seed(0)
    far, own, other = torch.randn(3, 4000, generator=draw, dtype=torch.float64)
    one, two = far + own, far + other
    assert rank_correlation(one, two) == pytest.approx(0.48, abs=0.03)  # 6 / pi * asin(rho / 2) of normals, rho 1/2
    assert partial_rank_correlation(one, two, far) == pytest.approx(0.01, abs=0.05)
    assert partial_rank_correlation(one, two, other) == pytest.approx(0.67, abs=0.04)
    assert partial_rank_correlation(one, two, torch.ones(4000)) == rank_correlation(one, two)
    assert partial_rank_correlation(far, far, far) is None


def test_sizes_that_agree_for_the_input_alone_are_told_from_those_that_agree_beyond_it():
    assert _randomised((0.2,), (0.1,))[0][0] is True
    passed, said = _randomised((0.6, 0.8), (0.1, -0.1))[0]
    assert passed is None
    assert "both follow how far each part is from x₀, and agree beyond that by 0.00" in said
    assert _randomised((0.6,), (0.6,))[0][0] is False
    assert _randomised((0.6,), ())[0][0] is False


def test_units_without_a_part_in_either_attribution_do_not_make_them_alike():
    """Of an encoder that the head does not read: two pictures of words with nothing in common would agree."""
    idle = torch.zeros(200)
    own, other = (torch.cat([torch.tensor(each), idle]) for each in ([1.0, 2.0, 3.0, 0.0], [3.0, 2.0, 1.0, 1e-9]))
    some = at_stake(own, other)
    assert some.tolist() == [True] * 3 + [False] * 201
    assert rank_correlation(own, other) > 0.7
    assert rank_correlation(own[some], other[some]) == pytest.approx(-1.0)


def test_means_are_taken_of_rows_that_are_read_one_at_a_time():
    """As those of several encoders are."""
    rows = JointRows([[{"pixel_values": np.full((1, 2), each, np.float32)} for each in range(4)]], np.ones((4, 1)))
    assert _means(None, rows)["0.pixel_values"].tolist() == [[1.5, 1.5]]
