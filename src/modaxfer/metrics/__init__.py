"""Scores, their uncertainty, and what may be said about a difference."""

from modaxfer.metrics.choice import default_metrics, greater_is_better, needs_cost, needs_groups, score_bounds
from modaxfer.metrics.compute import compute, why_undefined
from modaxfer.metrics.costs import CostMatrix
from modaxfer.metrics.gains import Pair, paired_gain
from modaxfer.metrics.intervals import Difference, Interval, bootstrap, paired_difference
from modaxfer.metrics.resampling import Scored
from modaxfer.metrics.student import student_interval

__all__ = [
    "CostMatrix",
    "Difference",
    "Interval",
    "Pair",
    "Scored",
    "bootstrap",
    "compute",
    "default_metrics",
    "greater_is_better",
    "needs_cost",
    "needs_groups",
    "paired_difference",
    "paired_gain",
    "score_bounds",
    "student_interval",
    "why_undefined",
]
