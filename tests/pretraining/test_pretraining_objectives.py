from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from modaxfer.contracts import Hidden
from modaxfer.encoders.beginning import grid_sines, sines, whitening
from modaxfer.pretraining.collapse import alarm, spread
from modaxfer.pretraining.config import PretrainingConfig
from modaxfer.pretraining.objectives.distillation import relations
from modaxfer.pretraining.objectives.masked_image import keep_some, patches_of
from modaxfer.pretraining.objectives.masked_language import hide_tokens
from modaxfer.pretraining.objectives.masked_units import hide_spans, perplexity, spectra
from modaxfer.pretraining.teacher import Kept, even_places, word_states
from modaxfer.pretraining.training import rate_at


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_of_hidden_tokens_eight_tenths_are_masked_and_one_tenth_is_another() -> None:
    ids = torch.arange(10, 1010).repeat(40, 1)
    may = torch.ones_like(ids, dtype=torch.bool)
    may[:, 500:] = False
    shown, wanted = hide_tokens(ids, may, 0.15, 4, 5000, generator())
    chosen = wanted != -100
    assert chosen[:, :500].float().mean() == pytest.approx(0.15, abs=0.01)
    assert not chosen[:, 500:].any()
    assert (wanted[chosen] == ids[chosen]).all()
    assert (shown[~chosen] == ids[~chosen]).all()
    assert (shown[chosen] == 4).float().mean() == pytest.approx(0.8, abs=0.03)
    assert (shown[chosen] == ids[chosen]).float().mean() == pytest.approx(0.1, abs=0.03)


def test_some_token_is_always_hidden() -> None:
    may = torch.tensor([[False, True, False]])
    _, wanted = hide_tokens(torch.tensor([[1, 7, 2]]), may, 1e-9, 4, 10, generator())
    assert wanted.tolist() == [[-100, 7, -100]]


def test_of_each_row_a_share_of_its_real_patches_stays() -> None:
    real = torch.arange(16) < torch.tensor([[16], [8], [2], [1]])
    visible = keep_some(real, 0.75, generator())
    assert visible.sum(1).tolist() == [4, 2, 1, 1]
    assert not (visible & ~real).any()


def test_hidden_stretches_have_their_length_and_lie_within_a_sound() -> None:
    real = torch.arange(400) < torch.tensor([[400], [7], [2]])
    hidden = hide_spans(real, 0.02, 5, generator())
    assert not (hidden & ~real).any()
    assert hidden.any(1).all()
    runs = "".join(map(str, hidden[0].int().tolist())).strip("0").split("0")
    assert all(len(run) >= 5 for run in runs[:-1] if run)


def test_a_tone_is_loudest_in_its_band() -> None:
    seconds = np.arange(3200) / 16_000
    tones = np.concatenate([np.sin(2 * np.pi * 300 * seconds), np.sin(2 * np.pi * 5000 * seconds)]).astype(np.float32)
    made = spectra(tones, 19, 320)
    assert made.shape == (19, 40)
    assert made[2].argmax() < 8
    assert made[16].argmax() > 25
    np.testing.assert_allclose(made.mean(0), 0, atol=1e-5)


def test_perplexity_counts_equally_common_units() -> None:
    assert float(perplexity(torch.tensor([0, 1, 2, 3] * 5), 9)) == pytest.approx(4)
    assert float(perplexity(torch.zeros(7, dtype=torch.long), 9)) == pytest.approx(1)


def test_patches_of_a_picture_are_those_that_its_convolution_sees() -> None:
    pixels = torch.randint(0, 255, (2, 3, 8, 12), dtype=torch.uint8)
    parts = patches_of({"pixel_values": pixels}, 4)
    assert parts.shape == (2, 6, 48)
    torch.testing.assert_close(parts[1, 4].reshape(4, 4, 3).permute(2, 0, 1), pixels[1, :, 4:8, 4:8])


def test_the_state_of_a_word_is_the_mean_from_its_first_token_to_the_next_words() -> None:
    tokens = torch.arange(12.0).reshape(2, 6, 1)
    mask = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])
    places = torch.tensor([[1, 3, 4], [-1, 2, -100]])
    # Row 0: tokens 1-2, 3, 4-5; row 1: a word that was not read, then tokens 2-3.
    assert word_states(Hidden(tokens, mask), places).flatten().tolist() == [1.5, 3.0, 4.5, 8.5]


def test_turning_all_vectors_changes_no_relation() -> None:
    vectors = torch.randn(6, 5, generator=generator())
    turn = torch.linalg.qr(torch.randn(5, 5, generator=generator())).Q
    assert float(relations(vectors, 3 * vectors @ turn)) == pytest.approx(0, abs=1e-6)
    assert float(relations(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.0, 2.0]]))) == 1


def test_what_a_teacher_said_is_found_again_and_half_written_things_are_not(tmp_path: Path) -> None:
    first, second = (np.full((rows, 3), rows, np.float16) for rows in (1, 2))
    Kept(tmp_path, 3, 1.0).put({b"one" + b"+" * 17: first, b"two" + b"+" * 17: second})
    values = tmp_path / "values.bin"
    values.write_bytes(values.read_bytes()[:-1])
    again = Kept(tmp_path, 3, 1.0)
    assert again.get([b"two" + b"+" * 17]) == {}
    again.put({b"two" + b"+" * 17: second})
    found = Kept(tmp_path, 3, 1.0).get([b"one" + b"+" * 17, b"two" + b"+" * 17])
    assert [each.tolist() for each in found.values()] == [first.tolist(), second.tolist()]


def test_no_more_is_kept_than_is_allowed(tmp_path: Path) -> None:
    kept = Kept(tmp_path, 1024, 4096 / 2**30)
    kept.put({b"%020d" % number: np.zeros((1, 1024), np.float16) for number in range(5)})
    assert (tmp_path / "values.bin").stat().st_size == 4096


def test_spread_is_one_for_random_directions_and_nothing_for_one() -> None:
    assert spread(torch.randn(2000, 32, generator=generator()))["spread"] == pytest.approx(1, abs=0.02)
    alike = torch.ones(10, 32) + 1e-4 * torch.randn(10, 32, generator=generator())
    before = {"spread": 0.5, "directions": 8.0}
    assert spread(alike)["spread"] < 0.01
    assert "nearly the same of all rows" in alarm(spread(alike), before)
    assert not alarm(spread(torch.randn(64, 32, generator=generator())), before)


def test_directions_count_equal_axes() -> None:
    axes = torch.cat([torch.eye(8)[:3], -torch.eye(8)[:3]])
    assert spread(axes)["directions"] == pytest.approx(3)


def test_a_whitened_projection_tells_patches_apart_that_are_nearly_alike() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        pixels = 0.9 + 0.3 * torch.rand(400, 12) * torch.tensor([1.0] + [0.5] * 11)
        weight, bias = whitening(pixels, 2000)
    said = pixels @ weight.T + bias
    assert float(said.mean().abs()) < 0.01
    assert float(said.std()) == pytest.approx(0.5, rel=0.01)
    # Equally far in all directions, as distances of whitened patches are.
    cosines = torch.nn.functional.normalize(said, dim=1) @ torch.nn.functional.normalize(said, dim=1).T
    assert float(cosines.fill_diagonal_(0).abs().mean()) < 0.35


def test_places_are_known_by_sines_whose_products_depend_on_distance() -> None:
    table = sines(10, 16)
    products = table @ table.T
    torch.testing.assert_close(products.diagonal(3), products.diagonal(3).mean().expand(7))
    grid = grid_sines(3, 16).reshape(3, 3, 16)
    torch.testing.assert_close(grid[0, 1, 8:], grid[2, 1, 8:])
    torch.testing.assert_close(grid[1, 0, :8], grid[1, 2, :8])


@pytest.mark.parametrize(
    ("schedule", "wanted"),
    [("cosine", {0: 0.1, 9: 1.0, 55: 0.5}), ("constant", {0: 0.1, 9: 1.0, 79: 1.0, 90: 0.5, 99: 0.05})],
)
def test_the_rate_rises_and_falls_as_its_schedule_says(schedule: str, wanted: dict[int, float]) -> None:
    config = PretrainingConfig(steps=100, warmup=0.1, schedule=schedule)
    assert {step: rate_at(step, config) for step in wanted} == pytest.approx(wanted)


def test_a_sound_is_cut_at_the_same_times_whatever_its_frame_rate() -> None:
    slow, fast = (
        torch.arange(25) < torch.tensor([[20], [25], [3]]),
        torch.arange(100) < torch.tensor([[80], [100], [12]]),
    )
    one, other = even_places(slow, 5), even_places(fast, 5)
    assert one.tolist() == [[0, 4, 8, 12, 16], [0, 5, 10, 15, 20], [-1] * 5]
    assert torch.equal(other[:2], 4 * one[:2])
    # A mean over parts is the mean over the row where parts are alike.
    tokens = torch.randn(3, 25, 4, generator=generator())
    states = word_states(Hidden(tokens, slow), one)
    torch.testing.assert_close(states[5:10].mean(0), tokens[1].mean(0))
