"""How threads wait for each other, and how many of them small work deserves. Nothing heavy is imported here."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["let_waiting_threads_sleep", "suitable_threads"]

SLEEPING = {"GOMP_SPINCOUNT": "10000", "KMP_BLOCKTIME": "1"}
"""What GNU's and LLVM's OpenMP read, once, when the first library that needs them is loaded: turns of a loop, and
milliseconds, until a waiting thread sleeps."""

OWN = (*SLEEPING, "OMP_WAIT_POLICY")
"""Variables of the user's that say how threads wait; one that is set decides."""

SMALL = 2**22
"""Numbers in a matrix up to which one thread is best."""


def let_waiting_threads_sleep() -> None:
    """Set the environment so that OpenMP's threads soon sleep while they wait, in this process and those it starts.

    By default they spin: on cores that another process wants too, a thread spins away the time that the one it waits
    for would need. Asleep at once, they cost a fifth of the time on an idle machine instead. Has an effect before torch
    and scikit-learn are imported only, and none where the user has set one of the variables.
    """
    if not any(name in os.environ for name in OWN):
        os.environ.update(SLEEPING)


@contextmanager
def suitable_threads(rows: int, width: int, *, small: int = SMALL) -> Iterator[None]:
    """Compute in one thread where matrices of `rows` times `width` are small; the old number comes back afterwards.

    On small matrices threads wait for each other longer than they work: two threads gain little on an idle machine and
    cost a factor of ten and more where other processes want the same cores. The vectors that SciPy's L-BFGS handles
    are always small.

    Args:
        rows: Of the largest matrix.
        width: Of the largest matrix.
        small: Numbers up to which one thread is best.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch is not None else 0
    alone = rows * width <= small
    if alone and torch is not None:
        torch.set_num_threads(1)
    try:
        with threadpool_limits(limits=1, user_api=None if alone else "blas"):
            yield
    finally:
        if torch is not None:
            torch.set_num_threads(before)
