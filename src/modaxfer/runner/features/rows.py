"""From a question to the rows that are encoded, and the way to the encoder; no weight is loaded here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.runner.features.question import Question, Reading
from modaxfer.runner.request.request import read_request
from modaxfer.source_specs import HubSource, StreamSource
from modaxfer.spec import AUDIO, IMAGE, TABLE, TEXT, Field

if TYPE_CHECKING:
    import pyarrow as pa

    from modaxfer.runner.model.description import TowerDescription
    from modaxfer.runner.request.resolved import ResolvedTask

__all__ = ["STRATEGY", "Asked", "Part", "check_tower", "named_fields", "resolve_features"]

STRATEGY = "frozen"
"""The strategy whose way from rows to features is gone."""

_SIGNALS = {"text": TEXT, "image": IMAGE, "audio": AUDIO, "number": TABLE}


@dataclass(frozen=True, kw_only=True)
class Part:
    """The rows of one split that were given, and where those that can be read stand among them."""

    ids: Sequence[str]
    """One per row that was given, in their order."""
    places: np.ndarray
    """int64 ``[rows that can be read]``: positions among `ids`, rising."""
    reasons: Mapping[int, str] = field(default_factory=dict)
    """By position, why a row cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What will be encoded."""

    resolved: ResolvedTask
    """Task, encoder, bridge and options; rows without labels are a task, too."""
    parts: Mapping[str, Part]
    """By split that is wanted."""
    notes: tuple[str, ...] = ()
    """What to know of the rows, one line each."""


@dataclass(frozen=True, kw_only=True)
class _Found:
    """Tables of one's own rows, and what is known of them."""

    name: str
    tables: Mapping[str, pa.Table]
    fields: tuple[Field, ...]
    root: Path | None
    faults: Mapping[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def resolve_features(question: Question, rows: Any = None) -> Asked:
    """Return what `question` comes to, or refuse it.

    Args:
        question: What is asked.
        rows: Rows in memory, as `modaxfer.data.given.given_rows` takes them; None = those that `question` names.

    Raises:
        ModaxferError: A name is unknown, no bridge leads to the encoder, the bridge has to be trained first, there is
            no such layer or split, or not one row can be read.
    """
    config = replace(question.settings, strategy=STRATEGY)
    asked = _of_task(config) if config.task else _of_rows(config, rows)
    (tower,) = asked.resolved.towers
    check_tower(tower, question.reading)
    return _of_splits(asked, question.reading.split)


def check_tower(tower: TowerDescription, reading: Reading) -> None:
    """Refuse a way to the encoder that has to be trained first, and a layer that it does not have.

    Raises:
        RefusedError: The bridge has weights.
        ConfigError: There is no such layer.
    """
    if tower.bridge.spec.trained:
        raise RefusedError(
            f"bridge {tower.bridge.id} has weights that a task has to train first",
            got=f"{tower.bridge.spec.source} to {tower.bridge.spec.sink}",
            fix="name a --bridge without weights (`modaxfer list bridges`), or train a run with this one and ask it: "
            "modaxfer.load(RUN).features(rows)",
        )
    layer, depth = reading.layer, tower.encoder.depth
    if layer.isdecimal() and int(layer) > depth:
        allowed = f"last, mean, auto, 0 (embeddings) to {depth}"
        raise ConfigError(
            "--layer is no layer of this encoder", got=layer, allowed=allowed, fix=f"--layer {depth}, the last"
        )


def _of_splits(asked: Asked, wanted: Sequence[str]) -> Asked:
    if absent := [split for split in wanted if split not in asked.parts]:
        raise ConfigError("the rows have no such split", got=absent, allowed=list(asked.parts), fix="correct --split")
    return replace(asked, parts={split: part for split, part in asked.parts.items() if not wanted or split in wanted})


def _of_task(config: RunConfig) -> Asked:
    request = read_request(config)
    from modaxfer.runner.request.resolve import resolve_tasks  # Imports torch.

    (resolved,) = resolve_tasks(config, request)
    parts = {
        split: Part(ids=list(rows["row_id"]), places=np.arange(len(rows)))
        for split, rows in resolved.data.splits.items()
    }
    return Asked(resolved=resolved, parts=parts, notes=tuple(resolved.data.warnings))


def _of_rows(config: RunConfig, rows: Any) -> Asked:
    from modaxfer.tasks.inputs import check_inputs, task_of_inputs

    found = _from_files(config) if config.data is not None else _from_memory(config, rows)
    config = replace(config, data=config.data or "rows in memory", stream=False, limit=None, label=())
    spec, meant = check_inputs(found.name, found.tables, found.fields)
    named = f"own/{found.name}"
    request = read_request(config, ((named, replace(spec, fields=meant.fields)),))
    from modaxfer.runner.request.resolve import resolve_tasks  # Imports torch.

    made = task_of_inputs(found.name, found.tables, found.fields, root=found.root, faults=found.faults)
    (resolved,) = resolve_tasks(config, replace(request, tasks=((named, made.spec),)), given=made.data)
    parts = {split: _part(ids, made.faults[split]) for split, ids in made.ids.items()}
    notes = (*found.notes, *made.data.warnings, *_unread(parts))
    return Asked(resolved=resolved, parts=parts, notes=tuple(dict.fromkeys(notes)))


def _part(ids: Sequence[str], faults: Mapping[int, str]) -> Part:
    places = np.array([place for place in range(len(ids)) if place not in faults], np.int64)
    return Part(ids=ids, places=places, reasons=faults)


def _unread(parts: Mapping[str, Part]) -> Iterator[str]:
    for part in parts.values():
        if part.reasons:
            first = [f"row {part.ids[row]}: {why}" for row, why in sorted(part.reasons.items())[:3]]
            more = f"; and {len(part.reasons) - 3} more" if len(part.reasons) > 3 else ""
            yield f"{len(part.reasons)} of {len(part.ids)} rows have no features: {'; '.join(first)}{more}"


def _guessed(fields: Sequence[Field]) -> tuple[str, ...]:
    """Say what columns were taken for where nobody has named them."""
    named = ", ".join(f"{one.signal.kind} {one.name!r}" for one in fields[:5])
    more = f" and {len(fields) - 5} more" if len(fields) > 5 else ""
    told = f"{named}{more}" if fields else "every column, as a table"
    return (f"no column was named: encoded is {told}; --text, --image, --audio, --number say otherwise",)


def named_fields(config: RunConfig) -> tuple[Field, ...]:
    """Return the input fields that `config` names."""
    return tuple(Field(name=name, signal=signal) for role, signal in _SIGNALS.items() for name in getattr(config, role))


def _from_files(config: RunConfig) -> _Found:
    named = named_fields(config)
    if config.stream:
        return _from_stream(config, named)
    path = Path(config.data or "").expanduser()
    tables = _drawn(_read(path, named, config), config)
    # A folder of images or sounds: the one column beside the label says what the files are.
    kinds = (IMAGE, AUDIO) if path.is_dir() and not named else ()
    fields = named or tuple(
        Field(name=one.kind, signal=one) for one in kinds if one.kind in tables["train"].column_names
    )
    root = (path if path.is_dir() else path.parent).resolve()
    notes = (*_parts_drawn(tables), *(() if fields else _guessed(fields)))
    tables = {split: _without(table, config, fields, names=path.is_dir()) for split, table in tables.items()}
    return _Found(name=path.stem, tables=tables, fields=fields, root=root, notes=notes)


def _from_stream(config: RunConfig, fields: tuple[Field, ...]) -> _Found:
    """Return the part of a stream that ``config.limit`` draws; it is kept, and found again."""
    from modaxfer.data.streaming.kept import streamed
    from modaxfer.tasks.streams import own_source, there

    of = own_source(str(config.data))
    with there(of):
        tables, _ = streamed(StreamSource(of=of, rows=config.limit or 0, seed=config.seed), None)
    tables = _drawn(tables, config)
    path = Path(of.dataset if isinstance(of, HubSource) else of.name)
    root = None if isinstance(of, HubSource) else (path if path.is_dir() else path.parent).resolve()
    notes = (*_parts_drawn(tables), *(() if fields else _guessed(fields)))
    tables = {split: _without(table, config, fields, names=False) for split, table in tables.items()}
    return _Found(name=path.stem, tables=tables, fields=fields, root=root, notes=notes)


def _read(path: Path, fields: Sequence[Field], config: RunConfig) -> Mapping[str, pa.Table]:
    from modaxfer.data import read_data
    from modaxfer.data.tables.draws import Draw
    from modaxfer.data.tables.gathering import Selection
    from modaxfer.tasks.loose_files import loose_files

    draw = None if config.limit is None else Draw(rows=config.limit, seed=config.seed)
    return loose_files(path, fields) or read_data(path, Selection(draw=draw))


def _drawn(tables: Mapping[str, pa.Table], config: RunConfig) -> Mapping[str, pa.Table]:
    """Return the rows that a limit draws: so many of train, a quarter of it of the other splits."""
    from modaxfer.data.tables.draws import Draw
    from modaxfer.data.tables.gathering import drawn

    if config.limit is None:
        return tables
    most = {split: config.limit if split == "train" else max(1, config.limit // 4) for split in tables}
    return {split: drawn(table, Draw(rows=most[split], seed=config.seed)) for split, table in tables.items()}


def _parts_drawn(tables: Mapping[str, pa.Table]) -> tuple[str, ...]:
    """Say of which splits a part is encoded."""
    from modaxfer.data.origin import total_of

    return tuple(
        f"{split}: {table.num_rows:,} of {total_of(table):,} rows are encoded, drawn at random for the limit"
        for split, table in tables.items()
        if table.num_rows < total_of(table)
    )


def _from_memory(config: RunConfig, rows: Any) -> _Found:
    from modaxfer.data.given import given_rows
    from modaxfer.data.shapes import refuse_waves, shaped

    named = named_fields(config)
    if not named:
        refuse_waves(rows)
    columns, roles = shaped(rows, named, but=(*config.label, "row_id"))
    fields = named or tuple(Field(name=name, signal=_SIGNALS[role]) for role, names in roles.items() for name in names)
    given = given_rows(columns, fields)
    table = _without(given.table, config, fields, names=False)
    notes = (*given.notes, *(() if named or columns is not rows else _guessed(fields)))
    return _Found(
        name="rows", tables={"train": table}, fields=fields, root=given.root, faults=given.faults, notes=notes
    )


def _without(table: pa.Table, config: RunConfig, fields: Sequence[Field], *, names: bool) -> pa.Table:
    """Return `table` without the columns of labels; rows of a folder of files are called by these files."""
    from modaxfer.data.cells.columns import require_columns
    from modaxfer.data.cells.dotted import with_dotted

    table = with_dotted(table, [*config.label, *(one.name for one in fields)])
    require_columns(table, config.label, "label column")
    labels = config.label or (("label",) if names and "label" in table.column_names else ())
    left = table.drop_columns([name for name in labels if name not in {one.name for one in fields}])
    if names and len(fields) == 1 and "row_id" not in left.column_names:
        own = left.column(fields[0].name)
        if str(own.type) in ("string", "large_string") and fields[0].signal.kind in ("image", "audio"):
            return left.append_column("row_id", own)
    return left
