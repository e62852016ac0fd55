"""Tasks of small parquet files, written on the spot."""

import pyarrow as pa
import pyarrow.parquet as pq

from modaxfer.spec import TEXT, Field, FolderSource, Target, TaskSpec

TEXT_FIELD = (Field(name="text", signal=TEXT),)


def spec(fields=TEXT_FIELD, target=None, **options):
    return TaskSpec(
        name="mine", fields=fields, target=target or Target(), sources=(FolderSource(name="mine"),), **options
    )


def store(tmp_path, **splits):
    """Write each split as a parquet file and return the folder to give as data_dir."""
    folder = tmp_path / "mine"
    folder.mkdir(exist_ok=True, parents=True)
    for split, columns in splits.items():
        pq.write_table(pa.table(columns), folder / f"{split}.parquet")
    return tmp_path


def texts(count, start=0, classes=("a", "b")):
    numbers = range(start, start + count)
    return {"text": [f"text {n}" for n in numbers], "label": [classes[n % len(classes)] for n in numbers]}


def column(data, split, name="text"):
    return data.splits[split][name]
