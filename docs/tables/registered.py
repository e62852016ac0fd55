"""What the framework and its own plugins register."""

from __future__ import annotations

from modaxfer.registry import Entry, load_target, registry
from tables.markdown import code, codes, table

MOST_NAMED = 8
"""Fields of a task that its row names."""


def encoders() -> str:
    """Return encoders with what they take, the architectures they load and their safe learning rates."""
    rows = [
        [
            code(_name(entry)),
            ", ".join(signal.kind for signal in entry.spec.inputs),
            codes(entry.spec.model_types) or "any other",
            f"{entry.spec.rates.full:g} / {entry.spec.rates.adapter:g}",
            entry.spec.summary,
        ]
        for entry in registry().all("encoder")
    ]
    return table(["encoder", "takes", "loads `model_type`", "rate: full / adapter", "what it is"], rows)


def checkpoints() -> str:
    """Return checkpoints: those that install with pip first."""
    entries = [checkpoint for encoder in registry().all("encoder") for checkpoint in registry().checkpoints(encoder)]
    rows = [
        [
            code(_name(entry)),
            code(f"{entry.spec.encoder}:{entry.spec.size}"),
            entry.spec.hub_id or (f"pip package {entry.spec.distribution}" if entry.spec.distribution else "built in"),
            ", ".join(entry.spec.trained_on),
            entry.spec.licence,
            entry.spec.summary,
        ]
        for entry in entries
    ]
    return table(["checkpoint", "`--encoder`", "from", "trained on", "licence", "what it is"], rows)


def bridges() -> str:
    """Return bridges with their two ends."""
    rows = [
        [code(_name(entry)), entry.spec.source, entry.spec.sink, entry.spec.summary or _summary(entry)]
        for entry in registry().all("bridge")
    ]
    return table(["bridge", "from", "to", "what it does"], rows)


def strategies() -> str:
    """Return strategies."""
    return table(["strategy", "what it does"], [[code(_name(e)), e.spec.summary] for e in registry().all("strategy")])


def tasks() -> str:
    """Return tasks with fields, problem type, scores, where their rows come from and under which licence."""
    rows = [
        [
            code(_name(entry)),
            entry.spec.domain,
            _fields(entry),
            entry.spec.target.problem,
            ", ".join(type(source).__name__.removesuffix("Source").lower() for source in entry.spec.sources),
            entry.spec.licence,
            entry.spec.summary,
        ]
        for entry in registry().all("task")
    ]
    return table(["task", "domain", "fields", "problem", "sources", "licence", "what it is"], rows)


def augmentations() -> str:
    """Return augmentations with the signals they are for, their strength and what a task may forbid them."""
    rows = [
        [
            code(_name(entry)),
            ", ".join(sorted(entry.spec.signals)),
            f"{entry.spec.strength:g} ({entry.spec.least:g} to {entry.spec.most:g}): {entry.spec.meaning}",
            ", ".join(entry.spec.changes),
            entry.spec.summary,
        ]
        for entry in registry().all("augmentation")
    ]
    return table(["augmentation", "for", "strength", "may change", "what it does"], rows)


def validators() -> str:
    """Return validators with the labels that they are shown."""
    rows = [
        [code(_name(entry)), "of the source" if entry.spec.needs_labels else "none", entry.spec.summary]
        for entry in registry().all("validator")
    ]
    return table(["validator", "labels", "what it prefers"], rows)


def transferability() -> str:
    """Return what judges encoders, with the problems that it fits and whether it is asked where none is named."""
    rows = [
        [code(_name(entry)), codes(entry.spec.links), _asked(entry), entry.spec.summary]
        for entry in registry().all("transferability score")
    ]
    return table(["score", "links", "asked", "what it is"], rows)


def _asked(entry: Entry) -> str:
    if entry.spec.needs_source_head:
        return "if named, of a checkpoint with a head"
    return "yes" if entry.spec.default else "if named"


def objectives() -> str:
    """Return what encoders are pretrained by, with the inputs that it works on."""
    rows = [
        [
            code(_name(entry)),
            ", ".join(entry.spec.inputs) or "any",
            "yes" if entry.spec.teacher else "",
            entry.spec.summary,
        ]
        for entry in registry().all("objective")
    ]
    return table(["objective", "inputs of the encoder", "teacher", "what is learned"], rows)


def problems() -> str:
    """Return problems with the scores of a task that names none."""
    rows = [[code(_name(entry)), codes(entry.spec.metrics), entry.spec.summary] for entry in registry().all("problem")]
    return table(["problem", "scores, the first decides", "what is predicted"], rows)


def metrics() -> str:
    """Return metrics with the problem types they are for."""
    rows = [
        [
            code(_name(entry)),
            ", ".join(entry.spec.problems),
            "higher" if entry.spec.greater_is_better else "lower",
            entry.spec.summary or _summary(entry),
        ]
        for entry in registry().all("metric")
    ]
    return table(["metric", "for", "better", "what it is"], rows)


def _name(entry: Entry) -> str:
    return registry().shown(entry)


def _fields(entry: Entry) -> str:
    """Name fields with their kinds; of many, such as a table's columns, their number and kinds."""
    fields = entry.spec.fields
    if len(fields) > MOST_NAMED:
        return f"{len(fields)} fields ({', '.join(sorted({field.signal.kind for field in fields}))})"
    return ", ".join(f"{field.name} ({field.signal})" for field in fields) or "all columns (table)"


def _summary(entry: Entry) -> str:
    """Return the first line of the docstring of what `entry` stands for, as a description."""
    line = (load_target(entry.spec.target).__doc__ or "").strip().split("\n")[0].removeprefix("Return the ")
    return line[:1].upper() + line[1:]
