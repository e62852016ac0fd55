"""What a run prints at its end: plain text, so that it reads the same on a terminal and in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer.escaping import one_line
from modaxfer.reports import figures
from modaxfer.reports.ablation import PART_CLAIMS, parts_alone
from modaxfer.reports.bounds import BOUNDS, bound_lines
from modaxfer.reports.decisions import decision_facts
from modaxfer.reports.estimates import estimate_facts
from modaxfer.reports.facts import drawn_over, sample_of, trained_before
from modaxfer.reports.headline import headline, is_sample, title, verdict
from modaxfer.reports.narrow import aligned, broken, wrapped
from modaxfer.reports.privacy import privacy_facts
from modaxfer.reports.repeated import repeated_lines
from modaxfer.reports.scores import (
    baseline_label,
    baselines_present,
    duration,
    interval_text,
    memory,
    number,
    score_rows,
)
from modaxfer.reports.shared import shared_tasks
from modaxfer.reports.transfer import gains, spreads
from modaxfer.reports.tuned import tuning_facts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modaxfer.reports.scores import ScoreRow
    from modaxfer.result import Result

__all__ = ["places", "summary"]


def summary(result: Result, folder: Path | None = None, width: int | None = None, *, warned: bool = False) -> str:
    """Return the end of a run as aligned plain text: score beside its baselines, verdict, cost, where the report lies.

    Args:
        result: What was found.
        folder: The run, to name its report.
        width: Letters to a line, but for paths; None = as long as each is.
        warned: The warnings stand above already, so that they are counted here.
    """
    rows = score_rows(result)
    lines = [part for line in _heading(result) for part in wrapped(line, width)]
    lines += _score_lines(result, rows, width) + broken(_parts(result), width) + broken(_tasks(result), width)
    if any(row.primary and row.test is not None for row in rows):
        claim = verdict(result)
        lines += wrapped(f"{claim[:1].upper()}{claim[1:]}.", width)
    lines += broken(bound_lines(result), width)
    lines += [part for line in _told(result, rows, warned=warned) for part in wrapped(line, width)]
    return "\n".join([*lines, places(folder)] if folder else lines)


def _heading(result: Result) -> list[str]:
    lines = [title(result)] if result.status == "completed" else [headline(result)]
    sample = f"THIS IS A SAMPLE, NOT THE REAL DATA: {result.data['source']}" if is_sample(result) else ""
    return [*lines, sample] if sample else lines


def _told(result: Result, rows: Sequence[ScoreRow], *, warned: bool) -> list[str]:
    """Return what is said below the scores."""
    facts = (*decision_facts(result), *estimate_facts(result), *privacy_facts(result), *tuning_facts(result))
    lines = repeated_lines(result) + [one_line(f"{label}: {text}") for label, text in facts]
    below = (_before(result), *_transfer(result), _splits(result, rows), _drawn(result), _cost(result))
    lines += [line for line in below if line]
    count = len(result.warnings)
    if warned and count:
        return [*lines, f"{count} warning{'s' if count > 1 else ''} above, and in the report"]
    return lines + [one_line(f"warning: {warning}") for warning in result.warnings]


def _score_lines(result: Result, rows: Sequence[ScoreRow], width: int | None) -> list[str]:
    """One line per metric with a test score and its baselines; the first line names the simple bar's model.

    Where that is too wide, the baselines are named once, above.
    """
    scored = [row for row in rows if row.test is not None]
    # The bounds of adaptation have lines of their own.
    names = [name for name in baselines_present(tuple(scored)) if name not in BOUNDS]
    cells = [
        [
            f"test {row.name}",
            number(row.test),
            interval_text(row.interval),
            *(_beside(row, name, baseline_label(result, name, model=row is scored[0])) for name in names),
        ]
        for row in scored
    ]
    lines = aligned(cells)
    if width is None or all(len(line) <= width for line in lines):
        return lines
    labels = [baseline_label(result, name, model=False) for name in names]
    table = [
        [
            f"test {row.name}",
            number(row.test),
            interval_text(row.interval),
            *(number(row.baselines[name]) if name in row.baselines else "" for name in names),
        ]
        for row in scored
    ]
    return broken([["", "score", "95 % interval", *labels], *table], width)


def _before(result: Result) -> str:
    """Say what the encoder learned in other runs."""
    told = one_line(trained_before(result))
    return f"encoder trained before: {told}" if told else ""


def _drawn(result: Result) -> str:
    """Say what the intervals were drawn over, where it is not the rows one by one."""
    units = one_line(drawn_over(result))
    return "" if units == "the test rows" else f"95 % intervals over {units}"


def _parts(result: Result) -> list[list[str]]:
    """One row per part of a row that a fused model was given alone."""
    return [
        [
            f"{part.name} alone",
            number(part.value),
            interval_text(part.interval),
            f" all parts minus it {interval_text(part.difference)}" if part.difference else "",
            PART_CLAIMS[part.outcome],
        ]
        for part in parts_alone(result)
    ]


def _tasks(result: Result) -> list[list[str]]:
    """One row per task of a shared model."""
    return [
        [
            f"{task.name}, test {task.metric}",
            number(task.test),
            interval_text(task.interval),
            f" alone {number(task.alone)}" if task.alone is not None else "",
            f" difference {interval_text(task.difference)}" if task.difference else "",
            task.effect,
        ]
        for task in shared_tasks(result)
    ]


def _beside(row: ScoreRow, baseline: str, label: str) -> str:
    return f" {label} {number(row.baselines[baseline])}" if baseline in row.baselines else ""


def _splits(result: Result, rows: Sequence[ScoreRow]) -> str:
    """The primary metric on the other splits: a wide gap to the test score is overfitting."""
    row = next((row for row in rows if row.primary), None)
    if row is None:
        return ""
    parts = [
        f"{split} {number(value)}{sample_of(result, split)}"
        for split in ("validation", "train")
        if (value := getattr(row, split)) is not None
    ]
    return f"{row.name} elsewhere: {', '.join(parts)}" if parts else ""


def _transfer(result: Result) -> tuple[str, ...]:
    """The two scores behind the gain of each step, and the spread of the primary metric over seeds."""
    lines = []
    for found in gains(result):
        over = f", means over {found.count} {found.over}" if found.count > 1 else ""
        own, other = found.step.columns
        lines.append(f"transfer: {own} {number(found.score)}, {other} {number(found.without)}{over}")
    for row in spreads(result)[:1]:
        values = ", ".join(number(value) for value in row.values)
        spread = f"mean {number(row.mean)}, standard deviation {number(row.deviation)}"
        lines.append(f"seeds {', '.join(map(str, result.repeats['seeds']))}: test {row.metric} {values}; {spread}")
    return tuple(lines)


def _cost(result: Result) -> str:
    total, speed, peak = result.time_s.get("total"), result.examples_per_s, result.peak_memory_mb
    stages = [f"{stage} {duration(seconds)}" for stage, seconds in result.time_s.items() if stage != "total"]
    parts = [
        f"time {duration(total)}" + (f" ({', '.join(stages)})" if stages else "") if total is not None else "",
        f"{speed:,.0f} examples/s{_achieved(result)}" if speed is not None else "",
        f"peak memory {memory(peak)}" if peak is not None else "",
    ]
    return ", ".join(part for part in parts if part)


def _achieved(result: Result) -> str:
    """Say in brackets how well the device was used, where its peak is known."""
    told = result.model_flops
    return f" (MFU {100 * told['mfu']:.2g} %)" if "mfu" in told else ""


def places(folder: Path) -> str:
    """Return where the report of the run in `folder` lies, or the run; and what its page lacks without matplotlib."""
    page = folder / "report.html"
    lines = [f"report   {page}" if page.is_file() else f"run      {folder}"]
    return "\n".join(lines if figures.available() else [*lines, f"figures  not drawn: {figures.INSTALL}"])
