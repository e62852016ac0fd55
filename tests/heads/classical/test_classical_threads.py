import pytest
import scipy.optimize  # noqa: F401 - loads the BLAS that is to be limited
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from modaxfer.heads.classical.threads import SMALL, suitable_threads


def blas_threads():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.mark.parametrize(("rows", "threads"), [(SMALL // 8, 1), (SMALL, 2)])
def test_small_work_gets_one_thread_and_the_old_number_comes_back(rows, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with threadpool_limits(limits=2, user_api="blas"):
            allowed = blas_threads()
            with suitable_threads(rows, 8):
                assert torch.get_num_threads() == threads
                assert blas_threads() == {1}
            assert torch.get_num_threads() == 2
            assert blas_threads() == allowed
    finally:
        torch.set_num_threads(before)
