"""What a run says of the search that chose its settings, as labelled lines and as a table of trials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modaxfer.reports.scores import interval_of, interval_text, number, score_of

if TYPE_CHECKING:
    from modaxfer.result import Result

__all__ = ["as_set", "tuning_facts", "tuning_trials"]


def tuning_facts(result: Result) -> tuple[tuple[str, str], ...]:
    """Return label and text of how many settings were tried, and what the best had on validation beside the default."""
    told = result.tuning
    if not told:
        return ()
    searched = "; ".join(f"{key} {written}" for key, written in told["over"].items())
    return (("search", f"{_counted(told)} over {searched}"), ("search, chosen", _chosen(told)))


def tuning_trials(result: Result) -> tuple[Mapping[str, str], ...]:
    """Return the trials by column, the chosen one's number with a star."""
    told = result.tuning
    return tuple(
        {
            "trial": f"{trial['number']}{' *' if trial['number'] == told['chosen'] else ''}",
            "setting": as_set(trial["setting"]),
            "state": _state(trial),
            f"validation {told['metric']}": number(score_of(trial["validation"])),
        }
        for trial in told.get("tried", ())
    )


def as_set(setting: Mapping[str, Any]) -> str:
    """Return a trial's setting in words."""
    return ", ".join(f"{key} {_plain(value)}" for key, value in setting.items()) or "as without a search"


def _counted(told: Mapping[str, Any]) -> str:
    others = [f"{told[state]} {state}" for state in ("completed", "pruned", "failed") if told[state]]
    return f"{told['trials']} trials ({', '.join(others)})"


def _chosen(told: Mapping[str, Any]) -> str:
    interval = interval_of(told.get("interval"))
    sure = f" {interval_text(interval)}" if interval else ""
    best = f"{as_set(told['setting'])}: validation {told['metric']} {number(score_of(told['validation']))}{sure}"
    rows = f" on {told['rows']:,} rows" if "rows" in told else ""
    return f"{best}{rows}; without a search {number(score_of(told['default']))}"


def _state(trial: Mapping[str, Any]) -> str:
    if trial["state"] == "pruned":
        return f"pruned after {len(trial['epochs'])} epochs"
    return f"failed: {trial['reason']}" if trial["state"] == "failed" else str(trial["state"])


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
