"""The bounds of a run that adapts, in every report: scores, intervals, and the run between them."""

from __future__ import annotations

from modaxfer.reports import card, html, terminal
from modaxfer.reports.bounds import bounds
from modaxfer.reports.claims import Outcome

LOWER = {"f1_macro": 0.4, "interval": {"f1_macro": [0.35, 0.45]}, "difference": {"f1_macro": [0.1, 0.3]}, "run": "a"}
UPPER = {"f1_macro": 0.9, "interval": {"f1_macro": [0.85, 0.95]}, "difference": {"f1_macro": [-0.4, -0.2]}, "run": "b"}


def adapted(run):
    made = run.classes()
    return run.classes(baselines={**made.baselines, "source_only": LOWER, "target_oracle": UPPER})


def test_outcomes_are_those_of_the_paired_difference(run):
    lower, upper = bounds(adapted(run))
    assert (lower.label, lower.value, lower.interval) == ("source only", 0.4, (0.35, 0.45))
    assert (lower.outcome, upper.outcome) == (Outcome.BEATS, Outcome.FALLS_SHORT)
    assert (upper.label, upper.difference) == ("target oracle", (-0.4, -0.2))
    assert bounds(run.classes()) == ()


def test_the_terminal_puts_the_run_between_them(run):
    lines = terminal.summary(adapted(run)).splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("source only "))
    told = "source only f1_macro 0.400 [0.350, 0.450] this run minus it [0.100, 0.300]"
    assert " ".join(lines[first].split()) == told
    assert lines[first + 1].startswith("this run ")
    assert lines[first + 2].startswith("target oracle  f1_macro 0.900  [0.850, 0.950]")
    assert "beats" in lines[first - 1].lower()
    assert not any(line.startswith("source only") for line in terminal.summary(run.classes()).splitlines())


def test_page_and_card_have_a_part_on_them(run):
    page, text = (report.render(adapted(run), run.root) for report in (html, card))
    assert '<h2 id="bounds">What adaptation gained</h2>' in page
    assert "[-0.400, -0.200]</td><td>✗ this run falls short of it" in page
    assert "| source only | 0.400 | 0.350 to 0.450 | 0.100 to 0.300 |" in text
    assert "What adaptation gained" not in html.render(run.classes(), run.root)
