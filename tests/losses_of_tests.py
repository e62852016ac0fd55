"""Losses that plans of tests name."""

from __future__ import annotations

import torch
from torch import nn


class Scalar(nn.Module):
    """One number, whatever it is given."""

    def __init__(self, context):
        super().__init__()

    def forward(self, step):
        return torch.tensor(1.0)


class Rows(Scalar):
    """A number per row."""

    def forward(self, step):
        return step.only.outputs.square().mean(1)


class Learned(Scalar):
    """A scale of its own on each row."""

    def __init__(self, context):
        super().__init__(context)
        self.scale = nn.Parameter(torch.ones(context.outputs))

    def forward(self, step):
        return (step.only.outputs * self.scale).square().mean(1)
