"""Whether a run's scores mean what they say, what it decides by, and which group it serves worst, as labelled lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modaxfer.reports.scores import interval_of, interval_text, number

if TYPE_CHECKING:
    from modaxfer.result import Result

__all__ = ["decision_facts"]

SHOWN = 3
"""Groups that are named, the worst first."""

UNSCALED = {"head": "by the head in closed form itself", "correction": "by the correction at the end"}


def decision_facts(result: Result) -> tuple[tuple[str, str], ...]:
    """Return label and text of calibration, decision and groups; nothing of what a run does not have."""
    found = (
        ("calibration", _calibration(result.calibration)),
        ("decision", _decision(result)),
        (f"by {result.groups.get('by')}", _groups(result.groups)),
    )
    return tuple((label, text) for label, text in found if text)


def _calibration(told: Mapping[str, Any]) -> str:
    """Say how predicted scores are calibrated, and what that does to test rows."""
    test = told.get("test") or {}
    raw, made = test.get("raw") or {}, test.get("calibrated") or {}
    if not raw:
        return ""
    if told.get("by") != "temperature":
        scores = f"test calibration error {number(raw.get('ece'))}, log loss {number(raw.get('log_loss'))}"
        by = UNSCALED.get(str(told.get("by")), "")
        return f"{scores}{f', calibrated {by}' if by else ', not scaled: ' + str(told.get('why') or '')}"
    changed = ", ".join(
        f"{label} {number(raw.get(key))} -> {number(made.get(key))}"
        for label, key in (("calibration error", "ece"), ("log loss", "log_loss"))
    )
    return f"temperature {told['temperature']:.3g} from {told['rows']:,} validation rows; on test {changed}"


def _decision(result: Result) -> str:
    """Say from which score on a class is said, and what that is worth."""
    told, by = result.decision, result.decision.get("by")
    if not told:
        return ""
    test = told.get("test") or {}
    if by == "cost":
        interval = interval_text(interval_of(test.get("cost_interval")))
        return (
            f"what is expected to cost least: {number(test.get('cost'))} {interval} a test row, the likeliest class"
            f" {number(test.get('cost_of_likeliest'))}, one class for all {number(test.get('cost_of_one_class'))}"
        )
    if by == "half":
        return f"from a score of 0.5: {told['why']}" if told.get("why") else "from a score of 0.5"
    half = f"; {result.primary} on test from 0.5: {number(test['at_half'])}" if "at_half" in test else ""
    if by == "given":
        return f"from a score of {told['thresholds'][0]:.3g}, as asked for{half}"
    return f"{_threshold(result, told)}{half}"


def _threshold(result: Result, told: Mapping[str, Any]) -> str:
    if "chosen_for" in told:
        labels = f"{told['chosen_for']} of {told['labels']} labels"
        return f"{labels} from a score that validation rows chose for {told['metric']}"
    names, gain = list(result.data.get("classes") or ()), told["validation_gain"]
    which = repr(names[-1]) if len(names) == 2 else "a label"
    worth = f"+{number(gain['value'])} {interval_text(interval_of(gain['interval']))} on validation"
    return f"{which} from a score of {told['thresholds'][0]:.3g}, chosen for {told['metric']} ({worth})"


def _groups(told: Mapping[str, Any]) -> str:
    """Name the worst group and the next."""
    table = told.get("test") or {}
    if not table:
        return ""
    worst = told.get("worst")
    named = [worst] if worst in table else []
    named += [name for name in table if name not in named][: SHOWN - len(named)]
    shown = ", ".join(f"{name} {_score(table[name])}" for name in named)
    more = told.get("count", len(table)) - len(named)
    first, small = ("worst ", "") if worst in table else ("", "; too few rows in each to say which is the worst")
    return f"{first}{shown}" + (f" and {more} more" if more > 0 else "") + small


def _score(one: Mapping[str, Any]) -> str:
    interval = interval_text(interval_of(one.get("interval")))
    return f"{number(one.get('score'))} {interval} ({one.get('rows'):,} rows)".replace("  ", " ")
