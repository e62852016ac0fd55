"""``modaxfer list`` and ``modaxfer show``: what is installed, from specs alone."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modaxfer.cli.command import Command
from modaxfer.cli.output import WIDE, plain, print_details, print_json, print_lines, print_table
from modaxfer.errors import ConfigError, ModaxferError, UnknownNameError
from modaxfer.registry import KINDS, load_target, registry, suggestion
from modaxfer.registry.names import hint

if TYPE_CHECKING:
    from collections.abc import Callable

    from modaxfer.registry import Entry, Kind

__all__ = ["list_command", "show_command"]

_FORMS = {"image": ("patches",)}
"""Forms that encoders take a signal in, listed with it."""

_MOST_NAMED = 8
"""Fields of a task that a list names; `show` names all."""

_PLURALS = {kind.plural: kind for kind in KINDS.values()}


@click.command("list", cls=Command)
@click.argument("what", required=False, type=click.Choice(list(_PLURALS)))
@click.option(
    "--from",
    "source",
    metavar="SIGNAL",
    help="Bridges that take this signal kind (text, image, ...), or mix: image+text.",
)
@click.option(
    "--to", "sink", metavar="SIGNAL", help="Bridges to this signal kind; image includes patches, a form of it."
)
@WIDE
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(what: str | None, source: str | None, sink: str | None, as_json: bool) -> None:
    """List what is installed: everything, or one kind; what fits the terminal, tasks by domain."""
    if (source or sink) and what != "bridges":
        raise ConfigError(
            "--from and --to choose bridges", got=f"modaxfer list {what or ''}".strip(), fix="list bridges"
        )
    kinds = [_PLURALS[what]] if what else list(KINDS.values())
    found = {
        kind.plural: [entry for entry in registry().all(kind.name) if _joins(entry, source, sink)] for kind in kinds
    }
    if as_json:
        facts = {plural: [_facts(entry) for entry in entries] for plural, entries in found.items()}
        print_json(facts[what] if what else facts)
        return
    for place, kind in enumerate(kinds):
        if place:
            print_lines()
        _print_kind(kind, found[kind.plural], title="" if what else kind.plural.upper())
    if sink == "image" and any(entry.spec.sink == "patches" for entry in found.get("bridges", ())):
        print_lines("\npatches are a form of image, for encoders that cut pictures into square patches, such as vit")


@click.command("show", cls=Command)
@click.argument("name")
@click.option("--task", metavar="T", help="NAME is an encoder: show which bridge leads to it from this task, and why.")
@click.option(
    "--encoder", metavar="E", help="NAME is a task: show which bridge leads from it to this encoder, and why."
)
@WIDE
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list, since several things may have one name.")
@click.option("--row", metavar="N", type=int, help="With --task: show what the encoder is given of this row, from 1.")
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    default="train",
    help="Where --row is.",
    show_default=True,
)
@click.option("--bridge", metavar="B", help="With --row: draw it by this bridge, not the one that a run would take.")
@click.option("--data-dir", metavar="DIR", help="With --row: folder with the tasks' rows.")
@click.option(
    "--output", metavar="FILE", type=click.Path(path_type=Path), help="With --row: write a PNG or an HTML page."
)
def show_command(
    name: str,
    task: str | None,
    encoder: str | None,
    as_json: bool,
    row: int | None,
    split: str,
    bridge: str | None,
    data_dir: str | None,
    output: Path | None,
) -> None:
    """Show everything called NAME: a short name, a full id, or kind:name (encoder:vit).

    With --task or --encoder, show how NAME and the other one would be joined instead; with --row too, what the encoder
    is given of a row: tokens, a picture, a sound.
    """
    _refuse_idle(row, task or encoder, {"--bridge": bridge, "--data-dir": data_dir, "--output": output})
    if row is not None:
        from modaxfer.cli.preview import print_preview

        ends = _ends(name, task, encoder)
        given = {"bridge": bridge, "data_dir": data_dir}
        settings = {key: value for key, value in given.items() if value is not None}
        print_preview(*ends, row, split=split, settings=settings, output=output, as_json=as_json)
        return
    if task or encoder:
        from modaxfer.cli.ways import print_way

        print_way(*_ends(name, task, encoder), as_json=as_json)
        return
    facts = [_facts(entry) | _settings(entry) for entry in _named(name)]
    if as_json:
        print_json(facts)
        return
    for place, values in enumerate(facts):
        if place:
            print_lines()
        hidden = {"kind", "id", "name", "settings"}
        print_details(f"{values['kind']} {values['id']}", {k: v for k, v in values.items() if k not in hidden})
        if values.get("settings"):
            print_lines()
            rows = [[f"{values['kind']}.{s['name']}", s["default"], s["doc"]] for s in values["settings"]]
            print_table(["--set", "default", "meaning"], rows)


def _refuse_idle(row: int | None, other: str | None, given: dict[str, object]) -> None:
    """Refuse options that nothing would come of."""
    if row is not None and not other:
        raise ConfigError("--row is of a task", got=f"--row {row}", fix="modaxfer show ENCODER --task TASK --row 1")
    idle = [flag for flag, value in given.items() if value is not None]
    if row is None and idle:
        raise ConfigError("these say how a row is shown, and none is named", got=", ".join(idle), fix="add --row 1")


def _joins(entry: Entry, source: str | None, sink: str | None) -> bool:
    if source and not set(source.split("+")) <= entry.spec.sources:
        return False
    return not sink or entry.spec.sink in {sink, *_FORMS.get(sink, ())}


def _ends(name: str, task: str | None, encoder: str | None) -> tuple[str, str]:
    """Return the names of encoder and task, of which NAME is one."""
    if task and encoder:
        raise ConfigError(
            "--task and --encoder exclude each other", got=f"--task {task} --encoder {encoder}",
            fix="NAME is one of the two: modaxfer show ENCODER --task TASK",
        )  # fmt: skip
    kind = "encoder" if task else "task"
    end = name.removeprefix(f"{kind}:")
    return (end, task) if task else (str(encoder), end)


def _facts(entry: Entry) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "kind": entry.kind,
        "id": entry.id,
        "name": registry().shown(entry),
        "plugin": entry.plugin,
    }
    if entry.kind == "encoder":
        facts["checkpoints"] = [registry().shown(checkpoint) for checkpoint in registry().checkpoints(entry)]
    return facts | {key: value for key, value in plain(entry.spec).items() if key != "name"}


def _named(name: str) -> tuple[Entry, ...]:
    kind, separator, rest = name.partition(":")
    if separator and kind in KINDS:
        entries = tuple(entry for entry in registry().find(rest) if entry.kind == kind)
        return entries or (registry().get(kind, rest),)
    entries = registry().find(name)
    if not entries:
        known = sorted({registry().shown(entry) for each in KINDS for entry in registry().all(each)})
        fix = suggestion(name, registry().plugins) or hint(name, known, "modaxfer list")
        raise UnknownNameError("name", name, known, fix=fix)
    return entries


def _settings(entry: Entry) -> dict[str, Any]:
    """Return the options that ``--set`` takes for `entry`, or why they cannot be had; imports their class alone."""
    target = "modaxfer.config:EncoderOptions" if entry.kind == "encoder" else getattr(entry.spec, "options", "")
    try:
        options = load_target(target) if target else None
    except ModaxferError as error:
        return {"settings": [], "settings_error": str(error)}
    return {"settings": [_setting(field) for field in fields(options)] if options else []}


def _setting(field: Field[Any]) -> dict[str, Any]:
    default = field.default if field.default_factory is MISSING else field.default_factory()
    doc, choices = field.metadata.get("doc", ""), field.metadata.get("choices", ())
    return {"name": field.name, "default": plain(default), "doc": doc, "choices": list(choices)}


def _print_kind(kind: Kind, entries: list[Entry], title: str) -> None:
    columns = _COLUMNS[kind.name]
    rows = [
        [registry().shown(entry), *(value(entry) for value in columns.values()), entry.plugin, entry.spec.summary]
        for entry in entries
    ]
    print_table(["name", *columns, "plugin", "summary"], rows, title, spare=_SPARE, group=_GROUPS.get(kind.name, ""))


def _inputs(entry: Entry) -> str:
    return ", ".join(signal.kind for signal in entry.spec.inputs)


def _checkpoints(entry: Entry) -> str:
    return ", ".join(registry().shown(checkpoint) for checkpoint in registry().checkpoints(entry))


def _takes(entry: Entry) -> str:
    return ", ".join(sorted({str(field.signal.kind) for field in entry.spec.fields})) or "table"


def _fields(entry: Entry) -> str:
    fields = entry.spec.fields
    if len(fields) > _MOST_NAMED:
        return f"{len(fields)} fields ({', '.join(sorted({field.signal.kind for field in fields}))})"
    return ", ".join(f"{field.name} ({field.signal})" for field in fields) or "all columns (table)"


_SPARE = (
    "licence",
    "plugin",
    "trained on",
    "domain",
    "may change",
    "strength",
    "from",
    "fields",
    "checkpoints",
    "metrics",
)
"""Columns that a narrow terminal does without, the least needed first."""

_GROUPS = {"task": "domain"}
"""Column by which a kind is shown in groups."""

_COLUMNS: dict[str, dict[str, Callable[[Entry], object]]] = {
    "encoder": {"takes": _inputs, "checkpoints": _checkpoints},
    "checkpoint": {
        "encoder": lambda entry: entry.spec.encoder,
        "size": lambda entry: entry.spec.size,
        "from": lambda entry: entry.spec.hub_id or entry.spec.distribution or entry.spec.target,
        "trained on": lambda entry: ", ".join(entry.spec.trained_on),
        "licence": lambda entry: entry.spec.licence,
    },
    "bridge": {"from": lambda entry: entry.spec.source.replace("+", ", "), "to": lambda entry: entry.spec.sink},
    "head": {},
    "classical head": {
        "fits": lambda entry: ", ".join(entry.spec.links),
        "tried": lambda entry: "yes" if entry.spec.tried else "if named",
    },
    "augmentation": {
        "for": lambda entry: entry.spec.signal.replace("+", ", "),
        "strength": lambda entry: f"{entry.spec.strength:g} ({entry.spec.least:g} to {entry.spec.most:g})",
        "is": lambda entry: entry.spec.meaning,
        "may change": lambda entry: ", ".join(entry.spec.changes),
    },
    "strategy": {},
    "objective": {
        "inputs": lambda entry: ", ".join(entry.spec.inputs) or "any",
        "teacher": lambda entry: "yes" if entry.spec.teacher else "no",
    },
    "validator": {"sees labels": lambda entry: "of the source" if entry.spec.needs_labels else "none"},
    "transferability score": {
        "judges": lambda entry: ", ".join(entry.spec.links),
        "asked": lambda entry: "yes" if entry.spec.default else "if named",
        "needs": lambda entry: "a source head" if entry.spec.needs_source_head else "",
    },
    "task": {
        "problem": lambda entry: entry.spec.target.problem,
        "takes": _takes,
        "fields": _fields,
        "domain": lambda entry: entry.spec.domain,
        "licence": lambda entry: entry.spec.licence,
    },
    "problem": {"metrics": lambda entry: ", ".join(entry.spec.metrics)},
    "metric": {
        "for": lambda entry: ", ".join(entry.spec.problems),
        "better": lambda entry: "higher" if entry.spec.greater_is_better else "lower",
    },
    "report": {},
}
"""Columns between name and plugin, by kind."""
