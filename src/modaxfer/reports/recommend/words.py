"""What a recommendation says in words: the plan, why nothing else, what it cost, and what would change it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from modaxfer.reports.phrases import some
from modaxfer.reports.scores import duration, number, signed

__all__ = ["SIMPLE", "called", "changes", "headline", "reasons", "refusals", "told"]

SIMPLE = "simple"
"""Strategy of the option that has no encoder."""


def called(option: Mapping[str, Any]) -> str:
    """Name an option: ``frozen offline/minilm``, or the model of the simple bar."""
    if option["strategy"] == SIMPLE:
        return f"the simple bar ({option['model']})" if option.get("model") else "the simple bar"
    return f"{option['strategy']} {option['encoder']}"


def headline(found: Mapping[str, Any]) -> str:
    """Say what to do, and what to expect of it."""
    if found.get("status") != "completed":
        return "Not finished; the same command with --resume goes on"
    plan = found["plan"]
    name = called(plan)
    layers = f", {_layers(plan['layers'])}" if plan.get("layers") else ""
    expected = f"expect {found['primary']} {_expected(plan)} on {found['rows']['test']:,} test rows"
    return f"{name[:1].upper()}{name[1:]}{layers}; {expected}"


def reasons(found: Mapping[str, Any]) -> list[str]:
    """Say of each other option why it is not the plan, the most promising first."""
    plan = found["plan"]
    others = [option for option in found["options"] if called(option) != called(plan)]
    return [_reason(option, plan, found) for option in others]


def _reason(option: Mapping[str, Any], plan: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    gain = _gain(option, plan, found)
    more = option["seconds"] - plan["seconds"]
    name = called(option)
    told = f"{name} is expected at {number(option['expected'])}, {signed(gain)}"
    if gain > 0:
        return f"{told}, which is not worth {duration(more)} more"
    return f"{told}" + (f", and takes {duration(more)} more" if more > 0 else "")


def _gain(option: Mapping[str, Any], plan: Mapping[str, Any], found: Mapping[str, Any]) -> float:
    return float(option["expected"] - plan["expected"]) * _sign(found)


def changes(found: Mapping[str, Any]) -> list[str]:
    """Say what would change the answer: differences without evidence, more labels, longer runs, other encoders."""
    return [*_ties(found), *_labels(found), *_short(found), *_unjudged(found), *_fewer_rows(found), *_absent(found)]


def _ties(found: Mapping[str, Any]) -> Iterator[str]:
    surest = next(option for option in found["options"] if option["is_surest"])
    ties = [option for option in found["options"] if not option["is_surest"] and not option["evidence"]]
    if ties:
        said = [
            f"{called(option)} ({signed(option['difference'])} {_pair(option['difference_interval'])})"
            for option in ties
        ]
        yield f"no evidence of a difference from {called(surest)}: {some(said)}"


def _labels(found: Mapping[str, Any]) -> Iterator[str]:
    low, high = found["plan"]["interval"]
    if low is not None and high is not None and high > low:
        rows = sum(found["rows"].get(split, 0) for split in ("train", "validation", "test"))
        yield f"more labels: {rows:,} rows leave ± {number((high - low) / 2)}; four times as many would halve that"


def _short(found: Mapping[str, Any]) -> Iterator[str]:
    cut = [option for option in found["options"] if option["share"] < 1.0]
    if cut:
        said = [f"{called(option)} ({option['share']:.0%} of its steps)" for option in cut]
        yield f"longer short runs: {some(said)}; a larger --budget lets them finish"
    known = {called(option) for option in found["options"]}
    untried = {
        name.rpartition(" ")[0]: kept
        for name, kept in found.get("tried", {}).items()
        if kept.get("score", 0) is None
    }  # fmt: skip
    names = {}
    for name, kept in untried.items():
        encoder, _, strategy = name.rpartition(" ")
        label = f"{strategy} {encoder}"
        if label not in known:
            names[label] = kept.get("failed") or "its box was too short"
    names |= {
        name: f"left out for time: a short run takes about {duration(each['seconds'])}"
        for name, each in found.get("left_out", {}).items()
    }
    if names:
        said = [f"{name} ({why})" for name, why in names.items()]
        yield f"what was not tried: {some(said)}; a larger --budget does"


def _unjudged(found: Mapping[str, Any]) -> Iterator[str]:
    names = [
        f"{name} (encoding its rows takes about {duration(known['left_out'])})"
        for name, known in found["candidates"].items()
        if "left_out" in known
    ]
    if names:
        yield f"encoders that were not judged for time: {some(names)}; a larger --budget does"


def _fewer_rows(found: Mapping[str, Any]) -> Iterator[str]:
    all_rows, looked = found["rows"]["train"], found["looked_at"]["train"]
    if looked < all_rows:
        yield (
            f"{looked:,} of {all_rows:,} training rows were looked at; on all of them moved encoders gain more than "
            "frozen ones"
        )


def _absent(found: Mapping[str, Any]) -> Iterator[str]:
    absent = [each["checkpoint"] + (f" ({each['install']})" if each["install"] else "") for each in found["absent"]]
    if absent:
        yield f"encoders that are not on this machine: {some(absent)}"


def told(found: Mapping[str, Any]) -> list[str]:
    """Say what the recommendation has cost, and what its line will."""
    plan = found["plan"]
    lines = [f"this took {duration(found['spent_s'])}"]
    if plan["strategy"] == SIMPLE:
        lines.append("every `modaxfer train` fits the simple bar beside its model")
    if plan.get("command"):
        trained = next(
            (option for option in found["options"] if _same(option, found.get("trained") or {})), plan
        ) if plan["strategy"] == SIMPLE else plan  # fmt: skip
        lines.append(f"the line below takes about {duration(trained['seconds'])}")
    return lines


def _same(option: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(option[key] == other.get(key) for key in ("encoder", "strategy"))


def refusals(found: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return why candidates or strategies were refused, or failed to be judged, with those that were."""
    made: dict[str, list[str]] = {}
    for each in found["refused"]:
        name = f"{each['strategy']} {each['encoder']}".strip()
        made.setdefault(each["reason"], []).append(name)
    for name, known in found["candidates"].items():
        if known.get("failed"):
            made.setdefault(known["failed"], []).append(name)
    return made


def _expected(option: Mapping[str, Any]) -> str:
    return f"{number(option['expected'])} {_pair(option['interval'])}"


def _pair(interval: Sequence[float | None]) -> str:
    return "" if None in interval else f"[{number(interval[0])}, {number(interval[1])}]"


def _layers(layers: Sequence[int]) -> str:
    """Say which layers are read; a run of three and more by its ends."""
    first, last = layers[0], layers[-1]
    if len(layers) == 1:
        return f"layer {first}"
    if len(layers) > 2 and list(layers) == list(range(first, last + 1)):
        return f"layers {first} to {last}"
    return f"layers {', '.join(map(str, layers))}"


def _sign(found: Mapping[str, Any]) -> int:
    return 1 if found["greater_is_better"] else -1
