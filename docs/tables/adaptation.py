"""What adapting without labels brought and cost, from what ``make adaptation`` stored."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mode
from typing import Any

from modaxfer.reports.claims import Outcome
from tables.markdown import code, table
from tables.measured import conditions, gained, outcome, score

RESULTS = Path(__file__).resolve().parent.parent / "results"
MEASURED, SHIFTS = RESULTS / "adaptation.json", RESULTS / "shifts.json"
UNMEASURED = "Not measured yet: run `make adaptation`."
VERDICTS = {
    Outcome.BEATS: "helped",
    Outcome.NO_EVIDENCE: "no evidence",
    Outcome.FALLS_SHORT: "harmed",
    Outcome.NO_INTERVAL: "no interval, no claim",
}
COLUMNS = (
    *("method", "source only", "test", "oracle", "over source only", "95 % interval of that", "verdict"),
    *("train / test rows", "seeds"),
)
SOURCE_ONLY = "source only"


def adaptation(measured: Path = MEASURED) -> str:
    """Return conditions, a table per transfer, and what is missing."""
    found = _read(measured)
    if found is None:
        return UNMEASURED
    told = [conditions(found), *(_transfer(each) for each in found["transfers"])]
    return "\n\n".join([*told, *_missing(found["missing"])])


def adaptation_verdicts(measured: Path = MEASURED) -> str:
    """Return how often each method helped and harmed, and sentences that say which to take."""
    found = _read(measured)
    if found is None:
        return UNMEASURED
    cells: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for transfer in found["transfers"]:
        for cell in transfer["cells"]:
            cells.setdefault(cell["name"], []).append((transfer["name"], cell))
    rows = [_counted(name, own) for name, own in cells.items()]
    columns = ("method", *(VERDICTS[each] for each in _CLAIMS), "mean gain", "helped on", "harmed on")
    return "\n\n".join([table(columns, rows), _advice(cells)])


_CLAIMS = (Outcome.BEATS, Outcome.NO_EVIDENCE, Outcome.FALLS_SHORT)


def adaptation_validators(measured: Path = MEASURED) -> str:
    """Return which method each validator would have taken, and what that costs beside the best (its regret)."""
    found = _read(measured)
    if found is None:
        return UNMEASURED
    chosen = {each["name"]: _choices(each) for each in found["transfers"] if not each["from_run"]}
    names = list(dict.fromkeys(name for choices in chosen.values() for name in choices))
    rows = []
    for name in names:
        regrets = [choices[name][1] for choices in chosen.values() if name in choices]
        picks = [
            f"{choices[name][0]} ({choices[name][1]:.3f})" if name in choices else "" for choices in chosen.values()
        ]
        rows.append([code(name), f"{sum(regrets) / len(regrets):.3f}", f"{max(regrets):.3f}", *picks])
    rows.sort(key=lambda row: row[1])
    return table(["validator", "mean regret", "worst", *map(code, chosen)], rows)


def adaptation_chains(measured: Path = MEASURED) -> str:
    """Return what chains of sources brought to a task with labels."""
    found = _read(measured)
    if found is None or not found.get("chains"):
        return UNMEASURED
    columns = ("sources, task", "simple model", "source only", "without sources", "with", "gained", "95 % interval")
    return table((*columns, "verdict", "train / test rows", "seeds"), [_chained(each) for each in found["chains"]])


def _chained(chain: Mapping[str, Any]) -> list[str]:
    value, interval = gained(chain["gain"]["value"], chain["gain"]["interval"])
    ways = " → ".join(map(code, (*chain["sources"], chain["task"])))
    return [
        f"{ways}, {code(chain['encoder'])} {code(chain['strategy'])}, {chain['metric']}",
        *(_bound(chain[bar]) for bar in ("simple", "source_only", "without", "with")),
        value,
        interval,
        VERDICTS[outcome(chain["gain"]["interval"])],
        f"{chain['rows']['train']:,} / {chain['rows']['test']:,}",
        str(chain["seeds"]),
    ]


def shifts(measured: Path = SHIFTS) -> str:
    """Return the accuracy of each way under each drawn shift, beside what was published."""
    found = _read(measured)
    if found is None:
        return UNMEASURED
    ways = list(found["shifts"][0]["ways"])
    rows = [[code(shift["name"]), *(_beside(shift, way) for way in ways)] for shift in found["shifts"]]
    return "\n\n".join([conditions(found), table(["shift", *ways], rows)])


def _beside(shift: Mapping[str, Any], way: str) -> str:
    own = shift["ways"][way]
    told = score(own["mean"], own["deviation"])
    return f"{told} (published {shift['published'][way]:.2f})" if way in shift["published"] else told


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _transfer(transfer: Mapping[str, Any]) -> str:
    start = "from a run on" if transfer["from_run"] else "from"
    title = f"### {code(transfer['encoder'])} {start} {code(transfer['source'])} to {code(transfer['task'])}"
    settings = _told(transfer["settings"])
    sample = " The rows are a made-up sample." if transfer["sample"] else ""
    facts = f"Scores are {transfer['metric']}"
    facts += f"; the run: {_told(transfer['source_settings'])}" if transfer["from_run"] else ""
    facts += f"; checkpoint {code(transfer['checkpoint'])}" if transfer["checkpoint"] else ""
    facts += f"; {settings}.{sample}" if settings else f".{sample}"
    return "\n\n".join([title, facts, table(COLUMNS, [_row(cell) for cell in transfer["cells"]])])


def _row(cell: Mapping[str, Any]) -> list[str]:
    value, interval = gained(cell["gain"]["value"], cell["gain"]["interval"])
    settings = _told(cell["settings"])
    return [
        code(cell["name"]) + (f" ({settings})" if settings else ""),
        _bound(cell["source_only"]),
        score(cell["test"], cell["deviation"]),
        _bound(cell["oracle"]),
        value,
        interval,
        VERDICTS[outcome(cell["gain"]["interval"])],
        f"{cell['rows']['train']:,} / {cell['rows']['test']:,}",
        str(len(cell["seeds"])),
    ]


def _told(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{key.removeprefix('strategy.')} {_shown(value)}" for key, value in settings.items())


def _bound(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _shown(value: object) -> str:
    return (
        " + ".join(map(str, value))
        if isinstance(value, list)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


def _missing(missing: Mapping[str, Sequence[int]]) -> list[str]:
    if not missing:
        return []
    told = ", ".join(f"{code(cell)} ({', '.join(map(str, seeds))})" for cell, seeds in missing.items())
    return [f"Not finished, and so not in the tables (seeds): {told}."]


def _counted(name: str, own: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    by = {claim: [where for where, cell in own if outcome(cell["gain"]["interval"]) is claim] for claim in _CLAIMS}
    mean = sum(cell["gain"]["value"] for _, cell in own) / len(own)
    return [
        code(name),
        *(f"{len(by[claim])} of {len(own)}" for claim in _CLAIMS),
        f"{mean:+.3f}",
        ", ".join(by[Outcome.BEATS]),
        ", ".join(by[Outcome.FALLS_SHORT]),
    ]


def _advice(cells: Mapping[str, Sequence[tuple[str, Mapping[str, Any]]]]) -> str:
    """Say which methods helped somewhere and harmed nowhere, which did both or harm alone, and which did neither."""
    groups: dict[str, list[str]] = {"good": [], "mixed": [], "bad": [], "idle": []}
    for name, own in cells.items():
        claims = [outcome(cell["gain"]["interval"]) for _, cell in own]
        helped, harmed = Outcome.BEATS in claims, Outcome.FALLS_SHORT in claims
        groups["mixed" if helped and harmed else "good" if helped else "bad" if harmed else "idle"].append(code(name))
    said = {
        "good": "Take first, since they helped somewhere and harmed nowhere here",
        "mixed": "Only with an eye on the run's own bounds, since they helped here and harmed there",
        "bad": "Not without a reason of your own, since they harmed and helped nowhere",
        "idle": "Without evidence for or against",
    }
    return " ".join(f"{said[key]}: {', '.join(names)}." for key, names in groups.items() if names)


def _choices(transfer: Mapping[str, Any]) -> dict[str, tuple[str, float]]:
    """Return by validator what it gives most, source-only among it, and the regret of taking that: a mean over seeds.

    In each seed it chooses among the methods that have finished it; what it chose most often is named.
    """
    picks: dict[str, list[tuple[str, float]]] = {}
    for seed, plain in transfer["cells"][0]["by_seed"].items():
        runs = {cell["name"]: cell["by_seed"][seed] for cell in transfer["cells"] if seed in cell["by_seed"]}
        tests = {SOURCE_ONLY: plain["source_only"]} | {name: run["test"] for name, run in runs.items()}
        told = {SOURCE_ONLY: plain["validators_source_only"]}
        told |= {name: run["validators"] for name, run in runs.items()}
        for validator in plain["validators"]:
            known = {way: values[validator] for way, values in told.items() if values.get(validator) is not None}
            pick = max(known, key=lambda way: known[way])
            picks.setdefault(validator, []).append((pick, max(tests.values()) - tests[pick]))
    return {
        validator: (mode(way for way, _ in own), sum(regret for _, regret in own) / len(own))
        for validator, own in picks.items()
    }
