"""How well frozen features will serve a task, and what differs between two tasks, before anything is trained.

A file is a score, or a family of them (`predicted`, `source_head`); `judge` asks them by name. What they
share: `reading` (layers and their mean) and `targets`.
"""

from modaxfer.transferability.judge import check_fit, default_scores, judged
from modaxfer.transferability.shift import ShiftReport, dataset_distance, shift_report

__all__ = ["ShiftReport", "check_fit", "dataset_distance", "default_scores", "judged", "shift_report"]
