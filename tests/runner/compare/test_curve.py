"""What a learning curve is asked for, which sizes it has, and what its points say."""

from __future__ import annotations

import pytest

from modaxfer.errors import ConfigError, OutputExistsError, RefusedError
from modaxfer.metrics import student_interval
from modaxfer.metrics.power_law import PowerLaw, power_law_interval
from modaxfer.runner.compare.curve import claim_curve, read_curve, sizes_of, stored_curve
from modaxfer.runner.compare.ledger import CellRecord, write_cells
from modaxfer.runner.compare.points import curves_of, read_curves, write_curves

ASKED = {"encoder": "bert", "strategy": "frozen,lora"}
LAW = PowerLaw(limit=0.9, scale=1.2, exponent=0.6, rising=True)


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch):
    monkeypatch.setitem(power_law_interval.__kwdefaults__, "resamples", 100)


def request(own_rows, **changes):
    return read_curve(ASKED | own_rows("text") | changes)


def test_shots_are_rows_per_class_and_all(own_rows, tmp_path):
    asked = request(own_rows, shots=["all,8", "2"])
    assert (asked.shots, asked.grid.axes.seeds) == ((2, 8, "all"), 3)
    sizes = sizes_of(asked, tmp_path)
    assert [(size.shots, size.folder.name, size.name) for size in sizes] == [
        (2, "shots-2", "2 per class"),
        (8, "shots-8", "8 per class"),
        (None, "all", "all rows"),
    ]
    cells = sizes[1].grid.cells(sizes[1].folder)
    assert [(cell.strategy, cell.seed, cell.config.shots) for cell in cells][:3] == [
        ("frozen", 0, 8),
        ("lora", 0, 8),
        ("frozen", 1, 8),
    ]
    assert {cell.config.shots for cell in sizes[2].grid.cells(sizes[2].folder)} == {None}


def test_by_default_it_doubles_as_far_as_the_rarest_class_goes(own_rows, tmp_path):
    sizes = sizes_of(request(own_rows), tmp_path)
    assert [size.shots for size in sizes] == [1, 2, 4, 8, 16, None]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"shots": "2,few"}, r"--shots takes rows per class.*whole numbers from 1, and all"),
        ({"shots": "0,2"}, "--shots takes rows per class"),
        ({"episodes": 5}, "--episodes means nothing here.*--seeds N draws"),
        ({"folds": 5}, "--folds means nothing here"),
    ],
)
def test_what_means_nothing_is_refused(changes, words, own_rows):
    with pytest.raises(ConfigError, match=words):
        request(own_rows, **changes)


def test_two_sizes_and_one_class_a_row_are_needed(own_rows, tmp_path):
    with pytest.raises(RefusedError, match="two numbers of labels or more"):
        sizes_of(request(own_rows, shots="4"), tmp_path)
    with pytest.raises(RefusedError, match="these rows have not one class each"):
        sizes_of(read_curve(ASKED | own_rows("regression")), tmp_path)


def test_a_folder_holds_one_curve(own_rows, tmp_path):
    folder = tmp_path / "curve"
    asked = request(own_rows, shots="2,4", output=str(folder))
    claim_curve(asked, folder)
    claim_curve(asked, folder)
    assert stored_curve(folder).to_dict() == asked.to_dict()
    with pytest.raises(ConfigError, match=r"another curve.*shots"):
        claim_curve(request(own_rows, shots="2,8", output=str(folder)), folder)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").touch()
    with pytest.raises(OutputExistsError, match="holds no curve"):
        claim_curve(asked, tmp_path / "other")
    with pytest.raises(ConfigError, match="there is no curve here"):
        stored_curve(tmp_path / "other")


def record(shots, seed, score, **changes):
    return CellRecord(
        **{"encoder": "bert", "strategy": "frozen", "task": "own/x", "seed": seed, "status": "completed"}
        | {"primary": "accuracy", "metrics": {"test": {"accuracy": score}}, "data": {"rows": {"train": 2 * shots}}}
        | {"intervals": {"accuracy": [score - 0.04, score + 0.04]}}
        | changes
    )


def measured(own_rows, folder, shots, score=LAW.at, seeds=2):
    sizes = sizes_of(request(own_rows, shots=list(shots)), folder)
    for size in sizes:
        size.folder.mkdir(parents=True)
        own = [record(size.shots, seed, score(2 * size.shots) + 0.001 * seed) for seed in range(seeds)]
        write_cells(size.folder, own)
    return curves_of(sizes)


def test_points_are_means_over_draws_and_a_law_says_what_more_would_bring(own_rows, tmp_path):
    (curve,) = measured(own_rows, tmp_path, (1, 2, 4, 8, 16))
    assert [(point.shots, point.rows, len(point.scores)) for point in curve.points][::4] == [(1, 2, 2), (16, 32, 2)]
    assert curve.points[0].mean == pytest.approx(LAW.at(2) + 0.0005)
    assert curve.law["exponent"] == pytest.approx(LAW.exponent, rel=0.02)
    assert curve.doubled["rows"] == 64
    assert curve.doubled["gain"] == pytest.approx(LAW.gain(32), rel=0.05)
    low, high = curve.doubled["gain_interval"]
    assert low <= curve.doubled["gain"] <= high
    assert curve.said.startswith("Twice the labels (64 rows) would bring about +0.0")
    write_curves(tmp_path, (curve,))
    assert read_curves(tmp_path) == (curve,)


def test_one_draw_has_the_interval_of_its_test_rows(own_rows, tmp_path):
    (curve,) = measured(own_rows, tmp_path, (1, 2, 4, 8, 16), seeds=1)
    assert curve.points[0].interval == pytest.approx((LAW.at(2) - 0.04, LAW.at(2) + 0.04))
    (three,) = measured(own_rows, tmp_path / "three", (1, 2, 4, 8, 16), seeds=3)
    assert three.points[0].interval == pytest.approx(student_interval(three.points[0].scores))
    low, high = curve.doubled["gain_interval"]
    assert high - low > 0.01


@pytest.mark.parametrize(
    ("shots", "score", "words"),
    [((1, 2, 4), LAW.at, "3 sizes are too few"), ((1, 2, 4, 8), lambda rows: 0.9 - 0.01 * rows, "does not get better")],
)
def test_what_cannot_be_said_is_not(shots, score, words, own_rows, tmp_path):
    (curve,) = measured(own_rows, tmp_path, shots, score)
    assert words in curve.said
    assert curve.doubled == {}
