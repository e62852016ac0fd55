"""Gradients that pull against one another: closed forms."""

from __future__ import annotations

import sys

import pytest
import torch

from modaxfer.errors import MissingPackageError
from modaxfer.losses.conflicts import IMTLG, PCGrad, require_torchjd

ONE, OTHER = (1.0, 0.0), (-1.0, 1.0)


def without_torchjd():
    try:
        require_torchjd("this test")
    except MissingPackageError as error:
        return str(error)
    return ""


needs_torchjd = pytest.mark.skipif(bool(without_torchjd()), reason=without_torchjd() or "torchjd is there")


@needs_torchjd
def test_two_losses_with_closed_forms():
    """PCGrad: (1, 0) less its part along (-1, 1) is (.5, .5), and (-1, 1) less its part along (1, 0) is (0, 1)."""
    gradients = torch.tensor([ONE, OTHER])
    found = PCGrad(("a", "b")).weigh_gradients(gradients @ gradients.T) @ gradients
    torch.testing.assert_close(found, torch.tensor([0.5, 0.5]) + torch.tensor([0.0, 1.0]))
    weighed = IMTLG(("a", "b")).weigh_gradients(gradients @ gradients.T)
    units = gradients / gradients.norm(dim=1, keepdim=True)
    first, second = units @ (weighed @ gradients)
    assert float(first) == pytest.approx(float(second), abs=1e-5)
    assert float(weighed.sum()) == pytest.approx(2.0, abs=1e-5)
    assert PCGrad(("a",)).weigh_gradients(torch.tensor([[4.0]])).tolist() == [1.0]


def test_without_torchjd_there_is_a_line_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchjd.aggregation", None)
    with pytest.raises(
        MissingPackageError, match=r"PCGrad needs the package torchjd.*pip install 'modaxfer\[multitask\]'"
    ):
        PCGrad(("a", "b"))
