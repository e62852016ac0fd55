"""A stream to the rows that are encoded as they pass by, and the way to the encoder; no weight is loaded here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from modaxfer.config import RunConfig
from modaxfer.contracts import FittedBridge
from modaxfer.data.cells.columns import require_columns
from modaxfer.data.cells.dotted import with_dotted
from modaxfer.data.streaming.hub import commit_of, hub_name
from modaxfer.data.streaming.passing import Ahead, Passing, passing_files, passing_hub
from modaxfer.data.tables.gathering import Columns
from modaxfer.errors import ConfigError, DataError, RefusedError
from modaxfer.runner.features.folder import stored_request
from modaxfer.runner.features.question import Question
from modaxfer.runner.features.rows import STRATEGY, check_tower, named_fields
from modaxfer.runner.request.request import Request, read_request
from modaxfer.runner.request.sizes import LOOKED_AT
from modaxfer.source_specs import HubSource
from modaxfer.tasks.inputs import InputBlock, block_of_inputs, spec_of_inputs, task_of_inputs
from modaxfer.tasks.streams import own_source, there

if TYPE_CHECKING:
    from modaxfer.runner.request.resolved import ResolvedTask
    from modaxfer.spec import Field

__all__ = ["PassingRows", "resolve_passing"]

ROW_ID = "row_id"

Tell = Callable[[str], object]


@dataclass(frozen=True, kw_only=True)
class PassingRows:
    """What will be encoded of a stream, and how."""

    passing: Passing
    splits: Sequence[str]
    """Those that are wanted."""
    fields: tuple[Field, ...]
    resolved: ResolvedTask
    """Encoder, bridge and options, with the first rows that can be read as its own."""

    @property
    def decoded(self) -> bool:
        """Whether each row holds a picture or a sound, which take a thousand times the room of a text."""
        return any(field.signal.kind != "text" for field in self.fields)

    def read(self, table: pa.Table, split: str) -> InputBlock:
        """Return the rows of a block of `split`.

        Raises:
            DataError: It lacks a column.
        """
        table = _with_parts(table, self.fields)
        prefix = split if len(self.passing.parts) > 1 else ""
        return block_of_inputs(table, prefix, self.fields, root=self.passing.root)


def resolve_passing(question: Question, tell: Tell) -> PassingRows:
    """Return what the stream of `question` comes to, or refuse it.

    Args:
        question: What is asked.
        tell: Told what to know of the rows, now or when they pass.

    Raises:
        ModaxferError: A name is unknown, the rows are not there, no bridge leads to the encoder or it has to learn
            from rows first, there is no such layer, split or column, or not one row can be read.
    """
    config = _without_stream(question.settings)
    fields = named_fields(config)
    of = own_source(str(question.settings.data))
    name = Path(of.dataset if isinstance(of, HubSource) else of.name).stem
    # Names are answered before a network is asked.
    request = read_request(config, ((f"own/{name}", spec_of_inputs(name, fields)),))
    with there(of):
        passing = _passing(question, fields, tell)
    if absent := [split for split in question.reading.split if split not in passing.parts]:
        raise ConfigError("the rows have no such split", got=absent, allowed=list(passing.parts), fix="correct --split")
    splits = [split for split in passing.parts if not question.reading.split or split in question.reading.split]
    for note in passing.notes:
        tell(note)
    rows = _looked_at(passing, splits, fields, question.settings.label)
    resolved = _resolved(config, request, name, rows, passing)
    (tower,) = resolved.towers
    check_tower(tower, question.reading)
    if isinstance(tower.build_bridge(passing.root), FittedBridge):
        raise RefusedError(
            f"bridge {tower.bridge.id} learns from all rows before it draws one, and of a stream none is kept",
            got=f"{tower.bridge.spec.source} to {tower.bridge.spec.sink}",
            fix="name an encoder that reads them as they are; or add --limit N, which encodes N rows at random and "
            "keeps these",
        )
    return PassingRows(passing=passing, splits=splits, fields=fields, resolved=resolved)


def _without_stream(settings: RunConfig) -> RunConfig:
    return replace(settings, strategy=STRATEGY, stream=False, label=())


def _passing(question: Question, fields: Sequence[Field], tell: Tell) -> Passing:
    settings = question.settings
    named = frozenset(field.name for field in fields) | frozenset(settings.label)
    columns = Columns(needed=named, beside=frozenset([ROW_ID]))
    of = own_source(str(settings.data))
    if not isinstance(of, HubSource):
        return passing_files(Path(of.name), columns, tell)
    commit = commit_of(of)
    stored = stored_request(Path(str(question.output)))
    if stored.get("rows") == hub_name(of) and (begun := str(stored["state"])) != commit:
        tell(f"{hub_name(of)} is {commit} now; what was begun goes on with {begun}, another --output takes the new one")
        commit = begun
    return passing_hub(of, commit, columns)


def _looked_at(passing: Passing, splits: Sequence[str], fields: Sequence[Field], labels: Sequence[str]) -> pa.Table:
    """Return the first training rows that can be read, from which is told how large pictures are.

    Raises:
        DataError: There is none, or a split that is wanted has no rows or lacks a column.
    """
    for split in splits:
        table = next((table for table, _ in passing.blocks(split)), None)
        if table is None:
            raise DataError("a split holds no rows", file=passing.told, got=split, fix="leave it out with --split")
        table = with_dotted(table, [*(field.name for field in fields), *labels])
        require_columns(table, labels, "label column")
        require_columns(table, [field.name for field in fields], "input column")
    found: list[pa.Table] = []
    ahead = Ahead(passing.blocks("train"))
    while ahead.place is not None and sum(each.num_rows for each in found) < LOOKED_AT:
        table = _with_parts(ahead.take(LOOKED_AT), fields)
        faults = block_of_inputs(table, "", fields, root=passing.root).faults
        if kept := [row for row in range(table.num_rows) if row not in faults]:
            found.append(table.take(kept))
    if not found:
        raise DataError(
            "not one row can be read", file=passing.told, fix="name the columns that hold the inputs, or repair them"
        )
    return pa.concat_tables(found, promote_options="permissive").slice(0, LOOKED_AT)


def _resolved(config: RunConfig, request: Request, name: str, rows: pa.Table, passing: Passing) -> ResolvedTask:
    from modaxfer.runner.request.resolve import resolve_tasks  # Imports torch.

    ((named, spec),) = request.tasks
    made = task_of_inputs(name, {"train": rows}, spec.fields, root=passing.root)
    (resolved,) = resolve_tasks(config, replace(request, tasks=((named, made.spec),)), given=made.data)
    return resolved


def _with_parts(table: pa.Table, fields: Sequence[Field]) -> pa.Table:
    """Return `table` with a column for each part of objects that a field is, empty where no row of a block has it."""
    table = with_dotted(table, [field.name for field in fields])
    for field in fields:
        head = next((name for name in table.column_names if field.name.startswith(f"{name}.")), None)
        if field.name not in table.column_names and head is not None:
            table = table.append_column(field.name, pa.nulls(table.num_rows, pa.large_string()))
    return table
