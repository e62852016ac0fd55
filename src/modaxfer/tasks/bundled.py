"""Tasks whose rows installed packages ship: nothing is downloaded.

Each function returns ``{split: pyarrow.Table}`` with a test split that is the same for every seed.
"""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
from PIL import Image
from sklearn import datasets

from modaxfer.data.splits import hold_out
from modaxfer.registry import problem_of

__all__ = ["breast_cancer", "diabetes", "digits"]

_TEST_FRACTION = 0.2
_SPLIT_SEED = 0


def digits() -> dict[str, pa.Table]:
    """Return 1,797 handwritten digits: ``image`` (PNG, 8 by 8 pixels, grey) and ``label`` (0 ... 9)."""
    loaded = datasets.load_digits()
    # Pixel values are 0 ... 16.
    images = [{"bytes": _png((image * 255 / 16).astype(np.uint8)), "path": None} for image in loaded.images]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"image": pa.array(images, kind), "label": loaded.target.astype(str)})
    return _parted(table, loaded.target, "multiclass")


def breast_cancer() -> dict[str, pa.Table]:
    """Return 569 tumours: 30 measurements of cell nuclei and ``label`` (benign, malignant)."""
    loaded = datasets.load_breast_cancer()
    table = _measurements(loaded.data, loaded.feature_names)
    table = table.append_column("label", pa.array(loaded.target_names[loaded.target].astype(str)))
    return _parted(table, loaded.target, "binary")


def diabetes() -> dict[str, pa.Table]:
    """Return 442 patients: ten measurements in their own units and ``progression`` of the disease a year later."""
    loaded = datasets.load_diabetes(scaled=False)
    table = _measurements(loaded.data, loaded.feature_names)
    return _parted(table.append_column("progression", pa.array(loaded.target)), loaded.target, "regression")


def _measurements(values: np.ndarray, names: list[str]) -> pa.Table:
    return pa.table({str(name).replace(" ", "_"): values[:, index] for index, name in enumerate(names)})


def _parted(table: pa.Table, target: np.ndarray, problem: str) -> dict[str, pa.Table]:
    rows = np.arange(table.num_rows)
    test = hold_out(problem_of(problem).labels.strata(target), rows, _TEST_FRACTION, _SPLIT_SEED)
    return {"train": table.take(np.setdiff1d(rows, test)), "test": table.take(test)}


def _png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()
