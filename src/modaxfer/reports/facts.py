"""What a result says of its model, data, cost and surroundings, as labelled lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from modaxfer.encoders.runs import lineage
from modaxfer.metrics.intervals import FEWEST_UNITS
from modaxfer.plan import SCORE
from modaxfer.reports.decisions import decision_facts
from modaxfer.reports.estimates import estimate_facts
from modaxfer.reports.privacy import privacy_facts
from modaxfer.reports.scores import duration, memory, operations
from modaxfer.reports.tuned import tuning_facts

if TYPE_CHECKING:
    from modaxfer.result import Result

__all__ = [
    "Facts",
    "candidates",
    "chosen_rate",
    "cost_facts",
    "data_facts",
    "drawn_over",
    "dropped_rows",
    "environment_facts",
    "model_facts",
    "sample_of",
    "trained_before",
    "training_facts",
]

Facts = tuple[tuple[str, str], ...]
"""Label and value; lines without a value are left out."""


def model_facts(result: Result) -> Facts:
    """Return what was loaded and moved: encoder, checkpoint, bridge, strategy, parameters."""
    encoder = result.encoder
    total, trainable = result.parameters.get("total"), result.parameters.get("trainable")
    share = f" ({_percent(trainable / total)} of all)" if total and trainable is not None else ""
    return _present(
        ("encoder", encoder.get("id")),
        ("checkpoint", encoder.get("checkpoint")),
        ("revision", encoder.get("revision")),
        ("SHA-256 of the weights", encoder.get("sha256")),
        ("trained before", trained_before(result)),
        ("bridge", result.bridge),
        ("strategy", result.strategy),
        ("source task", result.source_task),
        *(("source stage", _stage(told)) for told in result.before),
        ("parameters", f"{total:,}" if total is not None else None),
        ("trainable parameters", f"{trainable:,}{share}" if trainable is not None else None),
    )


def trained_before(result: Result) -> str:
    """Say what the encoders learned in other runs, before this one; empty where they come from none."""
    parts = result.encoder.get("parts") or [result.encoder]
    before = [part["from"] for part in parts if isinstance(part.get("from"), Mapping)]
    return " + ".join(lineage(one) for one in [*before, *(result.encoder.get("merged") or ())])


def _stage(told: Mapping[str, Any]) -> str:
    """Say what a source stage learned, how well, and where it lies."""
    rows = (told.get("rows") or {}).get("train")
    score = f"test {told.get('primary')} {_shown(told.get('test'))}"
    taught = f"{rows:,} rows, " if rows else ""
    strategy = str(told.get("strategy")).rpartition("/")[2]
    return f"{strategy} on {told.get('task')} ({taught}{score}, seed {told.get('seed')}), in {told.get('run')}"


def training_facts(result: Result) -> Facts:
    """Return what training chose, as the runner stored it, phase by phase; candidates are left to `candidates`."""
    facts: list[tuple[str, str]] = []
    for name, value in result.training.items():
        if name == "phases" and isinstance(value, (list, tuple)):
            for number, phase in enumerate(value, 1):
                facts += [
                    (f"{phase.get('name', number)}, {_words(key)}", _told(key, inner))
                    for key, inner in phase.items()
                    if key not in ("name", "candidates", "flops") and not (key == "validator" and inner == str(SCORE))
                ]
        elif name == "rates" and isinstance(value, Mapping):
            facts += _rates(value)
        elif name == "merge" and isinstance(value, Mapping):
            # Its runs stand under what was trained before.
            facts += [(f"merge, {_words(key)}", _shown(inner)) for key, inner in value.items() if key != "runs"]
        elif name == "alignment" and isinstance(value, Mapping):
            facts += [fact for part in value.get("parts", (value,)) for fact in _alignment(part)]
        else:
            facts.append((_words(name), _shown(value)))
    return _present(*facts, *tuning_facts(result))


def _told(key: str, value: Any) -> str:
    """Return a value of a phase in words: a validator by its own name, not by where it is imported from."""
    return _validator(str(value)) if key == "validator" else _shown(value)


def chosen_rate(result: Result) -> float | None:
    """Return the factor on the learning rates that a search chose; None where there was none."""
    rates = result.training.get("rates")
    return float(rates["chosen"]) if isinstance(rates, Mapping) else None


def candidates(result: Result) -> tuple[Mapping[str, str], ...]:
    """Return what a solver tried, best first as it stored them; every row has the same keys."""
    phases = result.training.get("phases") or ()
    tried = [candidate for phase in phases for candidate in phase.get("candidates") or ()]
    keys = dict.fromkeys(key for candidate in tried for key in candidate)
    return tuple({_words(key): _shown(candidate.get(key)) for key in keys} for candidate in tried)


def data_facts(result: Result) -> Facts:
    """Return where the rows came from and how many there are per split."""
    data = result.data
    rows = data.get("rows") or {}
    classes = [str(name) for name in data.get("classes") or ()]
    return _present(
        ("task", result.task),
        ("problem", data.get("problem")),
        ("domain", data.get("domain")),
        ("licence", data.get("licence")),
        ("source", data.get("source")),
        ("fingerprint", data.get("fingerprint")),
        *((f"rows, {split}", f"{count:,}{sample_of(result, split)}") for split, count in rows.items()),
        ("intervals drawn over", drawn_over(result) if result.intervals else None),
        ("classes", f"{len(classes)}: {', '.join(classes)}" if classes else None),
        *_unlabelled(data.get("unlabelled")),
        *_adaptation(data.get("adaptation")),
        *decision_facts(result),
        *estimate_facts(result),
        *privacy_facts(result),
    )


def _unlabelled(told: Any) -> Facts:
    """Say where the rows came from that were learned from without labels, and which were left out."""
    if not isinstance(told, Mapping):
        return ()
    left_out = ", ".join(f"{count:,} {_words(reason)}" for reason, count in (told.get("dropped") or {}).items())
    return (("rows without labels", told["source"]), *((("of these left out", left_out),) if left_out else ()))


def sample_of(result: Result, split: str) -> str:
    """Say how many rows of `split` its scores are of, where they are not of all; empty where they are."""
    scored, rows = ((result.data.get(key) or {}).get(split) for key in ("scored", "rows"))
    return "" if scored in (None, rows) else f" ({scored:,} rows scored)"


def drawn_over(result: Result) -> str:
    """Return what the intervals were drawn over: the test rows, or groups of rows that are not independent."""
    drawn = result.data.get("resampled")
    if not isinstance(drawn, Mapping) or drawn.get("units") == drawn.get("rows"):
        return "the test rows"
    few = ", too few for an interval to rely on" if drawn["units"] < FEWEST_UNITS else ""
    return f"{drawn['units']:,} groups of test rows with {drawn['by']}{few}"


def dropped_rows(result: Result) -> tuple[tuple[str, int], ...]:
    """Return reason and number of the rows that were left out."""
    return tuple((_words(reason), int(count)) for reason, count in (result.data.get("dropped") or {}).items())


def cost_facts(result: Result) -> Facts:
    """Return time per stage, speed and memory."""
    times = ((f"time, {stage}", duration(seconds)) for stage, seconds in result.time_s.items())
    speed, peak = result.examples_per_s, result.peak_memory_mb
    return _present(
        *times,
        ("examples per second", f"{speed:,.0f}" if speed is not None else None),
        *_operations(result.model_flops),
        ("peak memory", memory(peak) if peak is not None else None),
        ("device", result.device),
        ("precision", result.precision),
        ("processes", str(result.num_processes)),
    )


def _operations(told: Mapping[str, Any]) -> Facts:
    """Return the operations of training, and how much of the peak they are."""
    if not told:
        return ()
    peak = f"{operations(told['peak_per_s'])}/s ({told['peak_source']})" if "mfu" in told else ""
    return _present(
        ("model FLOPs per example", operations(told["per_example"])),
        ("model FLOP/s", f"{operations(told['per_s'])}/s"),
        ("model FLOPs utilisation", f"{_percent(told['mfu'])} of {peak}" if peak else None),
    )


def environment_facts(result: Result) -> Facts:
    """Return seed, versions and plugins."""
    plugins = "; ".join(map(_plugin, result.plugins))
    return _present(("seed", str(result.seed)), *result.versions.items(), ("plugins", plugins))


def _plugin(told: Any) -> str:
    """Return a plugin that took part, with what it brought; results of older versions have a line."""
    if not isinstance(told, Mapping):
        return str(told)
    origin = " ".join(str(told[key]) for key in ("distribution", "version") if told.get(key))
    ids = ", ".join(f"{kind} {' and '.join(names)}" for kind, names in told.get("ids", {}).items())
    return f"{told.get('namespace')} ({origin})" + (f": {ids}" if ids else "")


def _adaptation(told: object) -> Facts:
    """Return what a run with a source task has seen of both."""
    if not isinstance(told, Mapping):
        return ()
    source = told.get("source") or {}
    rows = ", ".join(f"{count:,} {split}" for split, count in (source.get("rows") or {}).items())
    return (
        ("labels of the task", "hidden from training" if told.get("hidden") else "given"),
        ("epochs chosen", _chosen(told)),
        ("bound", str(told.get("bound") or "")),
        ("rows of the source task", rows),
        ("licence of the source task", str(source.get("licence") or "")),
    )


def _chosen(told: Mapping[str, Any]) -> str:
    """Say by what epochs were chosen: whose labels, and which validator where that is not the primary metric."""
    asked, names = str(told.get("validated_on")), [str(name) for name in told.get("validators") or ()]
    whose = "without labels" if asked == "no labels" else f"by labels of the {asked}'s validation rows"
    named = [_validator(name) for name in names if name != str(SCORE)]
    return f"{whose}, validator {' and '.join(named)}" if named else whose


def _validator(name: str) -> str:
    return name.partition(":")[2] or name


def _alignment(done: Mapping[str, Any]) -> Facts:
    """What a bridge was moved towards before training, and how far it came."""
    return _present(
        (f"bridge of {done['task']} aligned with", f"{done['proxy']} ({done['rows']:,} rows, {done['method']})"),
        ("distance, first and last step", f"{done['first']:.4g} and {done['last']:.4g} ({done['steps']:,} steps)"),
    )


def _rates(found: Mapping[str, Any]) -> Facts:
    """The search over learning rates: what was chosen, and the validation score at each factor."""
    tried = []
    for attempt in found["tried"]:
        score = "diverged" if attempt.get("diverged") else _shown(attempt.get("validation")) or "-"
        tried.append(f"x {attempt['factor']:g}: {score}")
    return (("learning rates, factor", f"{found['chosen']:g}"), ("validation score by factor", ", ".join(tried)))


def _present(*facts: Iterable[Any]) -> Facts:
    return tuple((str(label), str(value)) for label, value in facts if value not in (None, ""))


def _words(name: object) -> str:
    return str(name).replace("_", " ")


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{_words(key)} {_shown(inner)}" for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_shown(inner) for inner in value)
    return str(value)


def _percent(share: float) -> str:
    """Return a share with two digits: ``0.036 %``, ``12 %``, ``100 %``."""
    return f"{100 * share:.2g} %" if share < 0.995 else "100 %"
