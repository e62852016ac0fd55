import pytest
import torch

from modaxfer.heads.classical.threads import SMALL, suitable_threads


@pytest.mark.parametrize(("rows", "threads"), [(SMALL // 8, 1), (SMALL, 2)])
def test_small_work_gets_one_thread_and_the_old_number_comes_back(rows, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert _threads_inside_a_failure(rows) == threads
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def _threads_inside_a_failure(rows):
    seen = []

    def fail():
        with suitable_threads(rows, 8):
            seen.append(torch.get_num_threads())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    return seen[0]
