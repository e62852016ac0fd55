"""What steps of noisy gradients spend of a privacy budget: Rényi differential privacy, in two conversions."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

from modaxfer.errors import MissingPackageError, RefusedError

__all__ = ["ORDERS", "Spent", "classic_epsilon", "noise_for", "require_opacus", "spent"]

ORDERS: tuple[float, ...] = (
    *(1 + tenth / 10 for tenth in range(1, 100)),
    *map(float, range(12, 64)),
    *(64.0, 96.0, 128.0, 192.0, 256.0, 512.0, 1024.0),
)
"""Rényi orders of which the best is taken: those of opacus and some larger ones. With fewer of them ε may come out
larger, and holds all the same."""

COARSE = 6
"""The best order is looked for among every so many, then among those as near to it: an order takes a millisecond."""

TOLERANCE = 0.005
"""The noise is found to within this share of ε, from below."""


@dataclass(frozen=True, kw_only=True)
class Spent:
    """ε of the same steps at one δ, by two conversions of their Rényi divergences."""

    tight: float
    """By Balle et al. (2020), theorem 21: what opacus says, and what ``--private`` asks for."""
    classic: float
    """By Mironov (2017), proposition 3: larger, the one that most papers before 2020 give."""


def require_opacus() -> None:
    """Check that opacus is there, before anything is loaded.

    Raises:
        MissingPackageError: It is not installed.
    """
    if find_spec("opacus") is None:
        raise MissingPackageError("opacus", "--private", "pip install 'modaxfer[private]'")


def spent(
    *, sampling_rate: float, noise_multiplier: float, steps: int, delta: float, orders: Sequence[float] = ORDERS
) -> Spent:
    """Return ε after `steps` of the sampled Gaussian mechanism (Mironov et al. 2019), rows drawn by Poisson sampling.

    Args:
        sampling_rate: Chance of each row to be in a step.
        noise_multiplier: Standard deviation of the noise over the largest norm of a row's gradient, above 0.
        steps: How many; none of them spend nothing.
        delta: Chance that ε does not hold.
        orders: Rényi orders to try.

    Raises:
        MissingPackageError: opacus is not installed.
    """
    if not steps:
        return Spent(tight=0.0, classic=0.0)
    require_opacus()
    from opacus.accountants.analysis import rdp

    found = rdp.compute_rdp(q=sampling_rate, noise_multiplier=noise_multiplier, steps=steps, orders=list(orders))
    with _bounds_all_the_same():
        tight, _ = rdp.get_privacy_spent(orders=list(orders), rdp=found, delta=delta)
    return Spent(tight=float(tight), classic=classic_epsilon(orders, found, delta))


def classic_epsilon(orders: Sequence[float], divergences: Iterable[float], delta: float) -> float:
    """Return the least ``RDP(order) + log(1 / δ) / (order - 1)`` (Mironov 2017, proposition 3)."""
    return min(
        float(divergence) + math.log(1 / delta) / (order - 1)
        for order, divergence in zip(orders, divergences, strict=True)
    )


@cache
def noise_for(epsilon: float, *, delta: float, sampling_rate: float, steps: int) -> float:
    """Return the least noise multiplier at which so many steps spend no more than `epsilon`, by the tight conversion.

    Raises:
        MissingPackageError: opacus is not installed.
        RefusedError: No noise is enough for so small an ε.
    """
    require_opacus()
    from opacus.accountants.analysis import rdp

    few = [*ORDERS[::COARSE], ORDERS[-1]]
    try:
        with _bounds_all_the_same():
            rough = _least_noise(epsilon, delta, sampling_rate, steps, few)
            known = rdp.compute_rdp(q=sampling_rate, noise_multiplier=rough, steps=steps, orders=few)
            _, best = rdp.get_privacy_spent(orders=few, rdp=known, delta=delta)
            place = ORDERS.index(best)
            near = ORDERS[max(0, place - COARSE) : place + COARSE + 1]
            return _least_noise(epsilon, delta, sampling_rate, steps, near)
    except ValueError:
        raise RefusedError(
            f"no noise makes {steps:,} steps spend less than ε = {epsilon:g} at δ = {delta:.2g}",
            got=f"--private {epsilon:g}, each row in a step with a chance of {sampling_rate:.3g}",
            fix="take a larger --private, or fewer --epochs",
        ) from None


def _least_noise(epsilon: float, delta: float, sampling_rate: float, steps: int, orders: Sequence[float]) -> float:
    """Return the noise by these `orders`: of fewer of them as much or more, which is enough."""
    from opacus.accountants.utils import get_noise_multiplier

    found = get_noise_multiplier(
        target_epsilon=epsilon,
        target_delta=delta,
        sample_rate=sampling_rate,
        steps=steps,
        accountant="rdp",
        epsilon_tolerance=TOLERANCE * epsilon,
        alphas=list(orders),
    )
    return float(found)


@contextmanager
def _bounds_all_the_same() -> Iterator[None]:
    """Keep opacus from warning that the best order is the first or the last: a lower ε may then hold, too."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Optimal order is the")
        yield
