"""Power laws of scores over numbers of labels: known ones are found again, and no other is extrapolated."""

from __future__ import annotations

import numpy as np
import pytest

from modaxfer.metrics.power_law import PowerLaw, fit_power_law, power_law_interval, why_no_power_law

SIZES = (4, 8, 16, 32, 64, 128)


def drawn(law, draws=1, noise=0.0, seed=0, sizes=SIZES):
    random = np.random.default_rng(seed)
    return {size: (law.at(size) + noise * random.standard_normal(draws)).tolist() for size in sizes}


@pytest.mark.parametrize(
    "law",
    [
        PowerLaw(limit=0.9, scale=1.2, exponent=0.5, rising=True),
        PowerLaw(limit=0.4, scale=3.0, exponent=1.1, rising=False),
        PowerLaw(limit=1.4, scale=1.3, exponent=0.15, rising=True),
    ],
)
def test_a_known_law_is_found_again(law):
    found = fit_power_law(drawn(law, draws=2), rising=law.rising)
    assert found.limit == pytest.approx(law.limit, rel=1e-4)
    assert found.scale == pytest.approx(law.scale, rel=1e-4)
    assert found.exponent == pytest.approx(law.exponent, rel=1e-4)
    assert found.gain(128) == pytest.approx(law.scale * 128**-law.exponent * (1 - 2**-law.exponent), rel=1e-3)
    assert why_no_power_law(drawn(law), found) == ""


def test_the_interval_of_the_gain_covers_the_true_one_mostly():
    law = PowerLaw(limit=0.9, scale=1.2, exponent=0.5, rising=True)
    covered = 0
    for seed in range(12):
        gain, score = power_law_interval(drawn(law, draws=6, noise=0.02, seed=seed), 128, resamples=40)
        covered += gain.low <= law.gain(128) <= gain.high
        assert gain.low <= gain.high
        assert score.low <= score.high
    assert covered >= 9


def test_one_draw_has_the_deviation_of_its_test_rows():
    law = PowerLaw(limit=0.9, scale=1.2, exponent=0.5, rising=True)
    sure, _ = power_law_interval(drawn(law), 128, resamples=20)
    assert sure.low == pytest.approx(sure.high)
    unsure, _ = power_law_interval(drawn(law), 128, deviations=dict.fromkeys(SIZES, 0.02), resamples=40)
    assert unsure.high - unsure.low > 0.005


def test_nothing_is_said_of_what_is_no_law():
    law = PowerLaw(limit=0.9, scale=1.2, exponent=0.5, rising=True)
    few = drawn(law, sizes=SIZES[:3])
    assert "3 sizes are too few" in why_no_power_law(few, fit_power_law(few))
    falling = {size: [0.9 - 0.001 * size] for size in SIZES}
    assert fit_power_law(falling).scale == 0
    assert "does not get better" in why_no_power_law(falling, fit_power_law(falling))
    jumping = {size: [0.5 + 0.3 * (place % 2)] for place, size in enumerate(SIZES)}
    assert "a power law explains" in why_no_power_law(jumping, fit_power_law(jumping))
    straight = {size: [0.1 * np.log2(size)] for size in SIZES}
    assert "no end of it is in sight" in why_no_power_law(straight, fit_power_law(straight))
