"""Learned weights of several tasks' losses (Kendall et al. 2018)."""

from __future__ import annotations

import torch
from torch import nn


class UncertaintyWeights(nn.Module):
    def __init__(self, problems):
        super().__init__()
        self.s = nn.Parameter(torch.zeros(len(problems)))

    def forward(self, loss, task, share):
        return torch.exp(-self.s[task]) * loss + self.s[task] * share
