"""Which group a run serves worst, in a line; and that small groups name none."""

from __future__ import annotations

from types import SimpleNamespace

from modaxfer.reports.decisions import decision_facts


def said(rows, worst=None):
    table = {name: {"rows": rows, "score": score, "interval": [0.2, 1.0]} for name, score in (("a", 1.0), ("b", 0.5))}
    groups = {"by": "speaker", "count": 3, "test": table, **({"worst": worst} if worst else {})}
    ((label, text),) = decision_facts(SimpleNamespace(calibration={}, decision={}, groups=groups))
    assert label == "by speaker"
    return text


def test_the_worst_group_comes_first():
    assert said(12, "b") == "worst b 0.500 [0.200, 1.000] (12 rows), a 1.000 [0.200, 1.000] (12 rows) and 1 more"


def test_small_groups_have_no_worst_and_it_is_said():
    assert said(4).endswith("(4 rows) and 1 more; too few rows in each to say which is the worst")
