"""``modaxfer features``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import click

from modaxfer.cli.command import Command
from modaxfer.cli.engines import engine_of, engine_options
from modaxfer.cli.options import QUIET, config_options_but, config_options_of, settings
from modaxfer.cli.output import print_json, print_lines
from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError
from modaxfer.runner.features.question import SHARED, Reading, rows_file

__all__ = ["features_command"]

OTHERS = tuple(item.name for item in dataclasses.fields(RunConfig) if item.name not in SHARED)


@click.command("features", cls=Command)
@config_options_of(Reading)
@config_options_but(*OTHERS)
@engine_options
@QUIET
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def features_command(quiet: bool, as_json: bool, **values: Any) -> None:
    """Write what a frozen encoder says of rows, one vector per row.

    \b
    modaxfer features --encoder bert --data reviews.csv --text review --output reviews.parquet
    modaxfer features --encoder vit --data photos/ --output photos.npy
    modaxfer features --encoder RUN --task legal-sentiment --layer auto --output sentiment.parquet

    No labels are needed and nothing is trained. Every row that was given is there, in its order, by its row_id; one
    that cannot be read has no numbers, and the reason why. Rows are written block by block, and kept in the cache.

    \b
    modaxfer features --encoder bert --data shards/ --text review --output vectors/ --engine ray --jobs 8

    On an engine --data is a folder of parquet files and --output another; the same again makes what is missing there.

    \b
    modaxfer features --encoder bert --data OWNER/NAME --text review --output vectors/ --stream

    With --stream all rows of files, or of a data set of the hub, pass by once; the same again goes on where it ended.
    """  # noqa: D301 - click's mark for lines kept as they are
    from modaxfer.encoded import features
    from modaxfer.engines.parent import end_with_parent

    end_with_parent()
    where = engine_of(values)
    given = settings(values)
    if "output" not in given:
        raise ConfigError(
            "--output missing",
            fix="name what to write: --output F.parquet, or F.npy; a folder with --stream or --engine",
        )
    given.pop("encoder", None)
    names = values["encoder"]
    encoder = names if len(names) != 1 else names[0]
    written = features(given.pop("data", None), encoder=encoder, quiet=quiet, **where, **given)
    told = _told(Path(str(written)))
    if as_json:
        print_json(told)
    else:
        print_lines(f"{told['rows']:,} rows x {told['features']:,} features  {', '.join(told['files'])}")


def _told(output: Path) -> dict[str, Any]:
    if output.is_dir():
        found = [_told(path) for path in sorted(output.glob("*.parquet"))]
        return {
            "rows": sum(each["rows"] for each in found),
            "features": found[0]["features"] if found else 0,
            "files": [str(output)],
        }
    if output.suffix.lower() == ".parquet":
        import pyarrow.parquet as pq

        from modaxfer.runner.features.sinks import COLUMN

        stored = pq.ParquetFile(output)
        width = sum(name.startswith(COLUMN) for name in stored.schema_arrow.names)
        return {"rows": stored.metadata.num_rows, "features": width, "files": [str(output)]}
    import numpy as np

    rows, width = np.load(output, mmap_mode="r").shape
    return {"rows": rows, "features": width, "files": [str(output), str(rows_file(output))]}
