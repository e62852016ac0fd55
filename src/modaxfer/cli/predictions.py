"""Predictions on their way out: a file by its ending, JSON lines, or csv on standard output."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from modaxfer.data.cells.labels import cell_of
from modaxfer.errors import ConfigError
from modaxfer.escaping import csv_cell

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["json_lines", "require_writable", "write_csv", "write_predictions"]

ENDINGS = (".csv", ".json", ".jsonl", ".parquet", ".tsv")

_OF_A_RUN = ("predictions.parquet", "validation.parquet", "result.json", "config.yaml")


def require_writable(output: Path, source: str) -> None:
    """Check that predictions can be written to `output`, before any are made.

    Args:
        output: Where they are to go; its folder is made where it is missing.
        source: The file that the rows come from.

    Raises:
        ConfigError: It has another ending, is a folder, cannot be written, or holds what must not be lost.
    """
    if output.suffix.lower() not in ENDINGS:
        raise ConfigError("predictions are written by file extension", got=output, allowed=ENDINGS)
    if output.is_dir():
        raise ConfigError("the output is a folder", got=output, fix="name a file in it")
    if output.exists() and source != "-" and Path(source).exists() and output.samefile(source):
        raise ConfigError("the output is the file with the rows to predict", got=output, fix="name another file")
    if output.name in _OF_A_RUN and (output.parent / "result.json").exists():
        raise ConfigError("the output belongs to a run", got=output, fix="name another file")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        temporary = _temporary(output)
        temporary.touch()
        temporary.unlink()
    except OSError as error:
        raise _refused(output, error) from error
    if output.exists() and not os.access(output, os.W_OK):
        raise ConfigError("the output cannot be written", got=output, fix="name a file that you may write")


def write_predictions(table: pa.Table, output: Path) -> None:
    """Write `table` by the ending of `output`; the file appears whole.

    Raises:
        ConfigError: It cannot be written, for example because the disk is full.
    """
    temporary = _temporary(output)
    try:
        _write(table, temporary, output.suffix.lower())
        temporary.replace(output)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _refused(output, error) from error


def json_lines(table: pa.Table) -> Iterator[dict[str, Any]]:
    """Yield the rows as plain JSON types."""
    for row in table.to_pylist():
        yield {name: _json(value) for name, value in row.items()}


def write_csv(table: pa.Table, file: IO[str], delimiter: str = ",") -> None:
    """Write the rows as `train` reads them; the labels of a row are a JSON list.

    What a spreadsheet would run as a formula is text there.
    """
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    writer.writerow([csv_cell(name) for name in table.column_names])
    for row in table.to_pylist():
        writer.writerow([csv_cell(_cell(value)) for value in row.values()])


def _write(table: pa.Table, path: Path, ending: str) -> None:
    if ending == ".parquet":
        import pyarrow.parquet as pq

        pq.write_table(table, path)
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        if ending == ".jsonl":
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in json_lines(table))
        elif ending == ".json":
            json.dump(list(json_lines(table)), file, ensure_ascii=False, indent=1)
        else:
            write_csv(table, file, "\t" if ending == ".tsv" else ",")


def _temporary(output: Path) -> Path:
    return output.with_name(f".{output.name}.tmp")


def _refused(output: Path, error: OSError) -> ConfigError:
    got = f"{output}: {error.strerror or error}"
    return ConfigError("the predictions cannot be written", got=got, fix="name another file with --output")


def _json(value: Any) -> Any:
    if isinstance(value, list):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _cell(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return cell_of(value)
    if isinstance(value, list | dict):
        return json.dumps(_json(value), ensure_ascii=False)
    return "" if value is None else value
