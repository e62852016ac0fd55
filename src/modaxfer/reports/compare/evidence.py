"""What a comparison holds of evidence, in words and rows for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from modaxfer.metrics.intervals import FEWEST_UNITS
from modaxfer.reports.phrases import listed
from modaxfer.reports.scores import interval_of, interval_text, number, signed

__all__ = ["contender_rows", "headline", "notes", "over", "p_text", "pair_rows", "sentence", "verdict"]

CONTENDERS = ("", "seeds", "validation", "test", "95 % interval")
PAIRS = ("first", "second", "difference", "95 % interval", "p", "p (Holm)", "McNemar", "evidence")


def contender_rows(task: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return columns and one row per way of training of `task`, the best by validation first."""
    better = -1 if task["greater_is_better"] else 1
    ranked = sorted(
        task["contenders"], key=lambda each: (each["validation"] is None, better * (each["validation"] or 0.0))
    )
    rows = [
        [
            each["name"],
            ", ".join(map(str, each["seeds"])) + (f" x {_draws(each)} draws" if _draws(each) > 1 else ""),
            number(each["validation"]),
            number(each["test"]),
            interval_text(interval_of(each["interval"])),
            "chosen" if each["name"] == task["chosen"] else "tied" if each["name"] in task["ties"] else "",
        ]
        for each in ranked
    ]
    return [*CONTENDERS, " "], rows


def pair_rows(task: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return columns and one row per pair of `task`: the better first, by how sure the difference is."""
    rows = []
    for pair in sorted(task["pairs"], key=lambda pair: (pair["p_holm"] is None, pair["p_holm"], pair["p"])):
        turned = pair["difference"] is not None and pair["difference"] < 0
        first, second = (pair["second"], pair["first"]) if turned else (pair["first"], pair["second"])
        mcnemar = pair.get("mcnemar")
        rows.append(
            [
                first,
                second,
                _signed(pair["difference"], turned),
                _signed_interval(interval_of(pair["interval"]), turned),
                p_text(pair["p"]),
                p_text(pair["p_holm"]),
                p_text(mcnemar["p_holm"]) if mcnemar else "",
                "yes" if pair["evidence"] else "no",
            ]
        )
    return list(PAIRS), rows


def over(task: Mapping[str, Any]) -> str:
    """Say what `task` is compared by: ``f1_macro on 350 test rows, in 41 groups with the same sentence``."""
    rows = f"{task['metric']} on {task['rows']:,} test rows"
    lower = "" if task["greater_is_better"] else " (lower is better)"
    return f"{rows}{lower}" if not task["by"] else f"{rows}{lower}, in {task['units']:,} groups with {task['by']}"


def verdict(task: Mapping[str, Any]) -> str:
    """Say which way of training is the best by validation, and which ones it cannot be told from on test."""
    return " ".join(f"{clause[:1].upper() if place else clause[:1]}{clause[1:]}." for place, clause in _clauses(task))


def sentence(task: Mapping[str, Any]) -> str:
    """Say the same in one sentence, of this task: who won, and whether that is evidence."""
    return f"{task['task']}: {'; '.join(clause for _, clause in _clauses(task))}."


def headline(evidence: Mapping[str, Any]) -> str:
    """Say in one sentence what a comparison of runs found: of one task all, of several who won on how many."""
    tasks = evidence["tasks"]
    if len(tasks) == 1:
        return sentence(tasks[0])
    won = Counter(task["chosen"] for task in tasks if task["chosen"] is not None)
    best = listed([f"{name} on {count}" for name, count in won.most_common()]) or "not known"
    apart = sum(pair["evidence"] for task in tasks for pair in task["pairs"])
    return f"{len(tasks)} tasks: the best on validation is {best}; {apart} of {evidence['pairs']} pairs differ on test."


def _clauses(task: Mapping[str, Any]) -> list[tuple[int, str]]:
    chosen, ties = task["chosen"], task["ties"]
    if chosen is None:
        return [(1, "not every run has a validation score, so none is chosen")]
    others = [each["name"] for each in task["contenders"] if each["name"] not in (chosen, *ties)]
    found = [f"{chosen} is the best on validation"]
    if ties:
        found.append(f"on test there is no evidence that it differs from {listed(ties)}")
    beaten = [name for name in others if _gain(task, chosen, name) > 0]
    beating = [name for name in others if name not in beaten]
    if beaten:
        found.append(f"it beats {listed(beaten)}")
    if beating:
        found.append(f"on test {listed(beating)} {'beats' if len(beating) == 1 else 'beat'} it")
    return list(enumerate(found))


def notes(task: Mapping[str, Any]) -> list[str]:
    """Return what has to be known of the evidence on `task`, a line each."""
    found = list(task["notes"])
    if task["units"] < FEWEST_UNITS:
        kind = "groups of test rows" if task["by"] else "test rows"
        found.append(f"only {task['units']} {kind}: intervals and p-values are not reliable, so nothing is evidence")
    if all(each["repeats"] == 1 for each in task["contenders"]):
        found.append("each was trained once: what another seed would change is not in the intervals (--seeds)")
    elif any(each["repeats"] == 1 for each in task["contenders"]):
        once = [each["name"] for each in task["contenders"] if each["repeats"] == 1]
        found.append(f"trained once, so what another seed would change is not in its intervals: {listed(once)}")
    return found


def p_text(p: float | None) -> str:
    """Write a p-value: three digits, or that it is smaller."""
    return "-" if p is None else "< .001" if p < 0.001 else f"{p:.3f}"


def _gain(task: Mapping[str, Any], first: str, second: str) -> float:
    for pair in task["pairs"]:
        if {pair["first"], pair["second"]} == {first, second}:
            return float(pair["difference"]) * (1 if pair["first"] == first else -1)
    raise KeyError(first, second)


def _draws(contender: Mapping[str, Any]) -> int:
    return int(contender["repeats"]) // len(contender["seeds"])


def _signed(value: float | None, turned: bool) -> str:
    return "-" if value is None else signed(-value if turned else value)


def _signed_interval(interval: tuple[float, float] | None, turned: bool) -> str:
    if interval is None:
        return "-"
    low, high = (-interval[1], -interval[0]) if turned else interval
    return f"[{signed(low)}, {signed(high)}]"
