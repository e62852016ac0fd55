"""What a learning curve is asked for, which sizes it has, and what its points say."""

from __future__ import annotations

import re

import pytest

from modaxfer.errors import ConfigError, OutputExistsError, RefusedError
from modaxfer.metrics import student_interval
from modaxfer.metrics.power_law import PowerLaw, power_law_interval
from modaxfer.runner.compare.curve import Counted, _by_class, claim_curve, read_curve, sizes_of, stored_curve
from modaxfer.runner.compare.ledger import CellRecord, write_cells
from modaxfer.runner.compare.points import curves_of, read_curves, write_curves
from modaxfer.runner.request.request import find_tasks
from modaxfer.tasks.load import load_task

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


def test_two_sizes_of_one_kind_are_needed(own_rows, tmp_path):
    with pytest.raises(RefusedError, match="two numbers of labels or more"):
        sizes_of(request(own_rows, shots="4"), tmp_path)
    with pytest.raises(RefusedError, match=r"not both.*a by class, b by row"):
        _by_class({"a": Counted(8, by_class=True), "b": Counted(80, by_class=False)})


def test_numbers_are_counted_by_row_and_tested_on_all_test_rows(own_rows, tmp_path):
    sizes = sizes_of(read_curve(ASKED | own_rows("regression") | {"shots": "8,12,all"}), tmp_path)
    assert [(size.name, size.folder.name) for size in sizes] == [
        ("8 rows", "rows-8"), ("12 rows", "rows-12"), ("all rows", "all")
    ]  # fmt: skip
    configs = [size.grid.cells(size.folder)[0].config for size in sizes]
    assert [(config.limit, config.shots) for config in configs] == [(8, None), (12, None), (None, None)]
    loaded = []
    for config in configs:
        ((_, task),) = find_tasks(config)
        loaded.append(load_task(task, seed=config.seed, limit=config.limit, test_limit=config.test_limit))
    assert [data.rows["train"] for data in loaded[:2]] == [8, 12]
    assert len({tuple(data.splits["test"]["row_id"]) for data in loaded}) == 1


def test_an_error_falls_by_its_law_and_the_sentence_says_that_less_is_better(own_rows, tmp_path):
    law = PowerLaw(limit=0.2, scale=3.0, exponent=0.5, rising=False)
    sizes = sizes_of(read_curve(ASKED | own_rows("regression") | {"shots": "4,8,12,16"}), tmp_path)
    for size in sizes:
        size.folder.mkdir(parents=True)
        error = law.at(size.limit)
        found = {"primary": "rmse", "metrics": {"test": {"rmse": error}}, "intervals": {"rmse": [error, error]}}
        write_cells(size.folder, [record(size.limit, 0, error, **found, data={"rows": {"train": size.limit}})])
    (curve,) = curves_of(sizes)
    assert [(point.limit, point.rows) for point in curve.points] == [(4, 4), (8, 8), (12, 12), (16, 16)]
    assert curve.law["limit"] == pytest.approx(0.2, abs=0.05)
    assert curve.doubled["gain"] == pytest.approx(law.at(16) - law.at(32), rel=0.05)
    assert re.search(r"bring about -0\.\d+ rmse \[-0.*\], of which less is better\.$", curve.said)


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
