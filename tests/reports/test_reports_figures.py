"""Figures: which are drawn, that they are images, that nothing global is touched."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from modaxfer.reports import figures
from modaxfer.reports.palette import COLUMN, DARK, DOTS_PER_INCH, LIGHT
from modaxfer.reports.pictures import picture_of
from modaxfer.reports.predictions import predictions_of
from sketched import sketch

ROAD_SIGNS = tuple(f"no passing for vehicles over 3.5 tons {number}" for number in range(43))


def pixels(drawing):
    return np.asarray(Image.open(io.BytesIO(drawing.png)).convert("RGB"))


def confusions(result, run):
    return pixels(figures.confusion(predictions_of(result, run.root), LIGHT))


def rgb(colour):
    return np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)])


@pytest.mark.parametrize(
    ("maker", "names"),
    [
        ("classes", ["scores", "confusion", "calibration", "learning_curve", "rows_seen"]),
        ("multilabel", ["scores", "classes", "learning_curve", "rows_seen"]),
        ("regression", ["scores", "residuals", "learning_curve", "rows_seen"]),
        ("failed", []),
    ],
)
def test_the_files_of_each_kind_of_run(run, maker, names, monkeypatch):
    monkeypatch.setattr("modaxfer.reports.canvas.DOTS_PER_INCH", DOTS_PER_INCH // 2)
    result = getattr(run, maker)()
    paths = figures.write(result, run.root)
    assert paths == [run.root / "figures" / f"{name}.png" for name in names]
    for path in paths:
        image = Image.open(path)
        image.verify()
        assert image.format == "PNG"
        assert min(image.size) > 100
    assert sorted((run.root / "figures").glob("*.png")) == sorted(paths)
    assert [one.name for one in figures.draw(result, run.root) if picture_of(one, one).wide] == [], "they fit a phone"
    data = {path.stem: json.loads(path.with_suffix(".json").read_text()) for path in paths}
    if maker == "classes":
        assert data["scores"]["baselines"]["chance"] == {"score": 0.31, "difference": None}
        assert sum(map(sum, data["confusion"]["rows"])) == 300
        assert sum(each["rows"] for each in data["calibration"]["as trained"]) == 300
        assert data["learning_curve"]["training rows"] == 1200
        seen = data["rows_seen"]
        assert seen["across"] == "training rows seen"
        assert [rows % 1200 for rows, _ in seen["validation f1_macro"]] == [0] * len(seen["validation f1_macro"])


@pytest.fixture(scope="module")
def drawn(make_run):
    """Return the figures of a run of classes in the light and the dark theme, by theme."""
    maker = make_run()
    result = maker.classes()
    return {theme: figures.draw(result, maker.root, theme) for theme in (LIGHT, DARK)}


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_figures_stand_on_the_page_colour_and_show_ink(drawn, theme):
    for drawing in drawn[theme]:
        image = pixels(drawing)
        np.testing.assert_array_equal(image[0, 0], rgb(theme.paper))
        assert (np.abs(image.astype(int) - rgb(theme.paper)).sum(-1) > 100).mean() > 0.005


def test_the_run_stands_out_from_its_baselines(drawn):
    image = pixels(drawn[LIGHT][0])
    own, others = ((image == rgb(colour)).all(-1).sum() for colour in (LIGHT.first, LIGHT.muted))
    assert own > 300, "its dot and its interval"
    assert others > 300, "three dots"


def test_every_figure_has_a_caption_and_an_alternative_text(drawn):
    drawings = drawn[LIGHT]
    assert all(drawing.caption and drawing.alternative for drawing in drawings)
    assert "chance 0.310, majority 0.220, simple (tf-idf + logistic regression) 0.703" in drawings[0].alternative


def test_the_page_and_the_files_of_a_run_share_what_is_drawn(run, monkeypatch):
    sketch(monkeypatch)
    result = run.classes()
    first = figures.draw(result, run.root)
    assert figures.draw(result, run.root) is first
    assert figures.draw(result, run.root, DARK) is not first


def test_a_temperature_adds_a_curve(run, monkeypatch):
    sketch(monkeypatch, but=["calibration"])
    result = run.classes(calibration={"by": "temperature", "temperature": 2.0})
    (drawing,) = [each for each in figures.draw(result, run.root) if each.name == "calibration"]
    assert list(drawing.data) == ["as trained", "calibrated"]
    assert drawing.data["calibrated"][0]["confidence"] < drawing.data["as trained"][-1]["confidence"]


def test_the_same_run_gives_the_same_bytes(run, drawn):
    assert figures.draw(run.classes(), run.root) == drawn[LIGHT]


@pytest.mark.parametrize(
    "names",
    [
        ("<script>", "$\\frac{$", "neutral"),
        ("日本語", "a\nb", " "),
        (
            "an extremely long class name that some ontology exported",
            "an extremely long class name that some other one did",
        ),
    ],
)
@pytest.mark.usefixtures("coarse")
def test_class_names_that_a_plotting_library_may_choke_on(run, names):
    assert confusions(run.classes(names), run).shape[0] > 50


@pytest.fixture
def coarse(monkeypatch):
    """A quarter of the dots per inch: matrices of many classes have millions of them."""
    monkeypatch.setattr("modaxfer.reports.canvas.DOTS_PER_INCH", DOTS_PER_INCH // 4)


@pytest.mark.usefixtures("coarse")
def test_forty_three_classes_get_room(run):
    small, large = (confusions(run.classes(names, 90), run) for names in (("a", "b"), ROAD_SIGNS))
    assert large.shape[0] > 43 * 30 / 4 > small.shape[0]


@pytest.mark.usefixtures("coarse")
def test_classes_too_many_to_be_counted_still_draw(run):
    result = run.classes(tuple(str(number) for number in range(70)), 70)
    assert max(confusions(result, run).shape) < 3000 / 4


def test_scores_below_zero_and_without_interval_or_baselines_draw(run, monkeypatch):
    sketch(monkeypatch, but=["scores"])
    result = run.classes(
        metrics={"test": {"matthews_corrcoef": -0.2}, "primary": "matthews_corrcoef"}, intervals={}, baselines={}
    )
    assert "none was measured" in figures.draw(result, run.root)[0].alternative


def test_a_perfect_regression_draws(run, monkeypatch):
    sketch(monkeypatch, but=["scores", "residuals"])
    result = run.regression(metrics={"test": {"rmse": 0.0}, "primary": "rmse"}, intervals={}, baselines={})
    drawn = figures.draw(result, run.root)
    assert [drawing.name for drawing in drawn] == ["scores", "residuals", "learning_curve", "rows_seen"]
    # Panels side by side are cut apart, so that a phone can show them one below the other.
    panels = [picture_of(drawing, drawing).panels for drawing in drawn]
    assert [len(each) for each in panels] == [1, 2, 1, 1]
    assert sum(panel.width for panel in panels[1]) == pytest.approx(2 * 96 * COLUMN, abs=1)


def test_without_matplotlib_nothing_is_drawn(run, monkeypatch):
    monkeypatch.setattr(figures, "find_spec", lambda name: None)
    assert not figures.available()
    assert figures.write(run.classes(), run.root) == []
    assert not (run.root / "figures").exists()


def test_nothing_heavy_is_imported_before_something_is_drawn_and_then_not_pyplot(run):
    result, root = run.classes(), run.root
    code = (
        "import sys; from pathlib import Path\n"
        "from modaxfer.reports import card, figures, headline, html, terminal\n"
        "print({'matplotlib', 'torch', 'transformers', 'datasets'} & set(sys.modules))\n"
        "from modaxfer.reports.predictions import predictions_of; from modaxfer.result import Result\n"
        f"root = Path({str(root)!r})\n"
        "figures.confusion(predictions_of(Result.load(root), root), figures.LIGHT)\n"
        "print('matplotlib' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    )
    assert result.status == "completed"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown == "set()\nTrue False\n"


@pytest.mark.parametrize("labels", [["a", "b", None], [1.5, 2.5, 9.0], [None] * 3], ids=["classes", "numbers", "none"])
def test_a_feature_map_is_drawn_of_what_the_run_has_kept(run, labels, monkeypatch):
    sketch(monkeypatch, but=["feature_map"])
    result = run.classes()
    kept = [
        {"row_id": f"{split}:{row}", "split": split, "label": label, "x": float(row), "y": float(row % 2)}
        for split in ("source", "train", "test")
        for row, label in enumerate(labels)
    ]
    whole = {"explained": [0.5, 0.25], "width": 7, "encoded": 9, "seconds": 0.1, "rows": kept}
    (run.root / "feature_map.json").write_text(json.dumps(whole))
    (drawing,) = [each for each in figures.draw(result, run.root) if each.name == "feature_map"]
    assert "(3 of source, 3 of train, 3 of test): 7 numbers each" in drawing.caption
    assert "50% and 25% of their variance" in drawing.caption
    assert "9 rows were encoded once more" in drawing.caption
    assert drawing.data["rows"][0] == kept[0]
    assert min(pixels(drawing).shape[:2]) > 300


@pytest.mark.parametrize("text", ["", "[]", '{"explained": [1]}', '{"explained": [1, 0], "rows": [{}]}'])
def test_a_map_that_cannot_be_read_is_no_figure(run, text, monkeypatch):
    sketch(monkeypatch)
    result = run.classes()
    (run.root / "feature_map.json").write_text(text)
    assert "feature_map" not in [each.name for each in figures.draw(result, run.root)]
