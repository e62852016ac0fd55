"""How many threads small matrices deserve."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["suitable_threads"]

SMALL = 2**22
"""Numbers in a view up to which one thread is best."""


@contextmanager
def suitable_threads(rows: int, width: int) -> Iterator[None]:
    """Compute in one thread where views of `rows` times `width` are small; the old number comes back afterwards.

    Threads spin while they wait for each other. On small matrices they wait longer than they work: two threads gain
    little on an idle machine and cost a factor of ten and more where other processes want the same cores. The vectors
    that SciPy's L-BFGS handles are always small.
    """
    before = torch.get_num_threads()
    if rows * width <= SMALL:
        torch.set_num_threads(1)
    try:
        with threadpool_limits(limits=1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)
