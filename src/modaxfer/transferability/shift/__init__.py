"""What differs between two tasks: their inputs, their classes, and what inputs mean. It describes and ranks nothing.

`distances` are closed forms, `domains` tells the rows of two tasks apart, `covariate`, `labels` and `concept` are the
parts of a `ShiftReport`.
"""

from modaxfer.transferability.shift.effects import Effect, Part
from modaxfer.transferability.shift.report import ShiftReport, dataset_distance, shift_report

__all__ = ["Effect", "Part", "ShiftReport", "dataset_distance", "shift_report"]
