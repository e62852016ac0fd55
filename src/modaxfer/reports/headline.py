"""What a result shows, in words. The one place that decides which claim a score supports.

A claim about a baseline needs the 95 % interval of the paired difference (run minus baseline, on the same rows) on one
side of zero. Where no difference is stored, it needs the interval of the test score on one side of the baseline's
value, which takes the baseline as a fixed number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from modaxfer.escaping import lines
from modaxfer.reports.ablation import parts_clause
from modaxfer.reports.claims import Outcome, compare
from modaxfer.reports.phrases import listed
from modaxfer.reports.scores import (
    Interval,
    ScoreRow,
    baseline_label,
    baselines_present,
    interval_of,
    interval_text,
    number,
    posed,
    score_rows,
    simple_model,
)
from modaxfer.reports.shared import sharing_clause, short_names
from modaxfer.reports.transfer import gains
from modaxfer.spec import ProblemSpec

if TYPE_CHECKING:
    from modaxfer.result import Result

__all__ = [
    "Comparison",
    "comparisons",
    "headline",
    "is_sample",
    "notebook",
    "title",
    "verdict",
]

ALWAYS_COMPARED = ("chance", "majority", "simple")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The primary test score beside one baseline."""

    baseline: str
    label: str
    value: float
    difference: Interval | None
    """95 % interval of run minus baseline, in ``baselines.NAME.difference.METRIC``; None where it is not stored."""
    outcome: Outcome


def comparisons(result: Result) -> tuple[Comparison, ...]:
    """Compare the primary test score with every baseline that was measured in that metric.

    Those without a step of the transfer are left to its gain, which says more of them: it counts all seeds.
    """
    row = _primary_row(result)
    if row is None:
        return ()
    told = {found.step.baseline for found in gains(result)}
    return tuple(_compared(result, row, name) for name in baselines_present((row,)) if name not in told)


def is_sample(result: Result) -> bool:
    """Say whether the rows were a small sample that the project made, not the real data."""
    return str(result.data.get("source", "")).strip().lower().startswith("sample")


def title(result: Result) -> str:
    """Name the run, on one line: ``vit with lora on legal-sentiment, through render``."""
    strategy = result.strategy.rpartition("/")[2]
    tasks = " + ".join(short_names(result.tasks)) or result.task.rpartition("/")[2]
    encoder = _encoder(result)
    bridges = dict.fromkeys(name for name in _shorts(result.bridge) if name and not name.startswith("native"))
    through = f", through {' + '.join(bridges)}" if bridges else ""
    source = f", from {' and '.join(_shorts(result.source_task))}" if result.source_task else ""
    return " ".join(f"{encoder} with {strategy} on {tasks}{source}{through}".split())


def _shorts(names: str) -> list[str]:
    """Names without namespace; several are joined by ``+``."""
    return [name.strip().rpartition("/")[2] for name in names.split("+")]


def _encoder(result: Result) -> str:
    """The checkpoint says more than ``auto`` does."""
    name = " + ".join(_shorts(str(result.encoder.get("id", ""))))
    return str(result.encoder.get("checkpoint") or name).rpartition("/")[2] if name == "auto" else name


def headline(result: Result) -> str:
    """Say in one sentence what was found, claiming no more than the test interval supports."""
    if result.status != "completed":
        reason = (result.error or "no reason was stored").strip().splitlines()[0].rstrip(".")
        return f"The run failed, so there is no score: {reason}."
    row = _primary_row(result)
    if row is None or row.test is None:
        return f"{title(result)} finished without a test score, so nothing can be claimed."
    notes = [f"95 % interval {number(row.interval[0])} to {number(row.interval[1])}"] if row.interval else []
    notes += [] if row.greater_is_better else ["lower is better"]
    notes += [f"the mean of the primary metrics of {len(result.tasks)} tasks"] if result.tasks else []
    notes += ["on a small sample that the project made, not on the real data"] if is_sample(result) else []
    noted = f" ({'; '.join(notes)})" if notes else ""
    return f"{title(result)} reaches a test {row.name} of {number(row.test)}{noted}: {verdict(result)}."


def verdict(result: Result) -> str:
    """Say what the primary score supports against each baseline, strongest claim first, and what each step did.

    Of a fused model also what its parts are worth, of a shared one what sharing did to each task: there the baselines
    are those of the tasks, in their own reports.
    """
    found = comparisons(result)
    clauses = [_clause(result, outcome, [item for item in found if item.outcome == outcome]) for outcome in Outcome]
    missing = [name for name in ALWAYS_COMPARED if name not in {item.baseline for item in found}]
    if missing and not result.tasks:
        names = [_long(result, name) for name in missing]
        clauses.append(f"{listed(names)} {'was' if len(names) == 1 else 'were'} not measured")
    clauses += [*(found.sentence for found in gains(result)), parts_clause(result), sharing_clause(result)]
    return "; ".join(clause for clause in clauses if clause)


def notebook(result: Result) -> str:
    """Render `result` as a small HTML table with its headline, for a notebook's ``_repr_html_``."""
    rows = score_rows(result)
    names = baselines_present(rows)
    heads = "".join(f"<th>{escape(lines(head))}</th>" for head in ("metric", "test", "95 % interval", *names))
    body = "".join(_notebook_row(row, names) for row in rows)
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>" if rows else ""
    return f"<div><p><strong>{escape(lines(headline(result)))}</strong></p>{table}</div>"


def _notebook_row(row: ScoreRow, names: Sequence[str]) -> str:
    cells = (number(row.test), interval_text(row.interval), *(number(row.baselines.get(name)) for name in names))
    name = escape(lines(row.name))
    head = f"<th>{name} (primary)</th>" if row.primary else f"<th>{name}</th>"
    return f"<tr>{head}{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _compared(result: Result, row: ScoreRow, baseline: str) -> Comparison:
    value, stored = row.baselines[baseline], result.baselines[baseline]
    differences = stored.get("difference") if isinstance(stored, Mapping) else None
    difference = interval_of(differences.get(row.name)) if isinstance(differences, Mapping) else None
    better = row.greater_is_better
    return Comparison(
        baseline=baseline,
        label=baseline_label(result, baseline),
        value=value,
        difference=difference,
        outcome=compare(difference, 0.0, greater_is_better=better)
        if difference
        else compare(row.interval, value, greater_is_better=better),
    )


def _primary_row(result: Result) -> ScoreRow | None:
    return next((row for row in score_rows(result) if row.primary), None)


def _clause(result: Result, outcome: Outcome, found: Sequence[Comparison]) -> str:
    return f"{outcome} {listed([_named(result, item) for item in found])}" if found else ""


def _named(result: Result, item: Comparison) -> str:
    """``chance (0.310)``, ``the simple bar (tf-idf + logistic regression, 0.520)``."""
    model = simple_model(result) if item.baseline == "simple" else ""
    return f"{_long(result, item.baseline)} ({model + ', ' if model else ''}{number(item.value)})"


def _long(result: Result, baseline: str) -> str:
    if baseline == "simple":
        return "the simple bar"
    if baseline == "majority":
        problem = posed(result)
        said = ProblemSpec.constant if problem is None else problem.constant
        return "the majority class" if said == ProblemSpec.constant else f"always guessing the {said}"
    return baseline_label(result, baseline)
