import numpy as np
import pytest
from sklearn import datasets

from modaxfer.data.media import read_image
from modaxfer.registry import registry
from modaxfer.tasks import bundled
from modaxfer.tasks.load import fields_of, load_task


@pytest.mark.parametrize(
    ("name", "rows", "columns", "classes"),
    [("digits", 1797, 1, 10), ("breast-cancer", 569, 30, 2), ("diabetes", 442, 10, 0)],
)
def test_bundled_tasks_load_offline(name, rows, columns, classes):
    spec = registry().get("task", f"modaxfer/{name}").spec
    first, second = (load_task(spec, seed=seed) for seed in (0, 1))
    assert sum(map(len, first.splits.values())) == rows
    assert len(fields_of(spec, first)) == columns
    assert len(first.classes) == classes
    assert first.source.startswith("package scikit-learn ")
    assert (first.dropped, first.warnings) == ({}, ())
    assert first.splits["test"]["row_id"] == second.splits["test"]["row_id"]
    assert first.splits["validation"]["row_id"] != second.splits["validation"]["row_id"]


def test_digits_are_lossless_pngs():
    tables = bundled.digits()
    loaded = datasets.load_digits()
    pixels = {
        np.asarray(read_image(value, None))[:, :, 0].tobytes()
        for table in tables.values()
        for value in table["image"].to_pylist()
    }
    assert pixels == {(image * 255 / 16).astype(np.uint8).tobytes() for image in loaded.images}


def test_breast_cancer_labels_are_the_right_way_round():
    table = bundled.breast_cancer()["train"].to_pydict()
    radius = {
        label: np.mean([r for r, x in zip(table["mean_radius"], table["label"], strict=True) if x == label])
        for label in ("benign", "malignant")
    }
    assert radius["malignant"] > radius["benign"]
