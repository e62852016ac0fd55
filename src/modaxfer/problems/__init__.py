"""The kinds of targets that ship with the framework: one file each, of a label type and a criterion.

`modaxfer.contracts.problems` says what a problem is. The label types are for the problems of plugins too: one that
counts things reads numbers as a regression does, and brings a criterion alone.
"""

from modaxfer.problems.labels.classes import ClassLabels
from modaxfer.problems.labels.sets import SetLabels
from modaxfer.problems.labels.tags import TagLabels
from modaxfer.problems.labels.values import ValueLabels

__all__ = ["ClassLabels", "SetLabels", "TagLabels", "ValueLabels"]
