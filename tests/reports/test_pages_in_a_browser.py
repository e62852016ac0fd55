"""Pages in headless Chromium: they fit a phone, sort, filter, play, and ask no network for anything."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from modaxfer.reports import compare, html
from modaxfer.reports.predictions import mistakes, read_predictions
from modaxfer.runner.compare.folder import claim
from modaxfer.runner.compare.grid import read_grid
from modaxfer.runner.compare.ledger import CellRecord, write_cells

CHROMIUM = Path("/usr/bin/chromium-headless-shell")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.is_file(), reason=f"no {CHROMIUM} to open pages with"),
]
VIEWS = [(width, scheme) for width in (390, 1280) for scheme in ("light", "dark")]


@pytest.fixture(scope="module")
def opened():
    """Return a function that opens a file; what it asked for beside itself must be nothing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="pages are opened with playwright")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM))
        asked, said = [], []

        def open_page(path, width=1280, scheme="light"):
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            shown = context.new_page()
            shown.on("request", lambda request: asked.append(request.url))
            shown.on("console", lambda message: said.append(message.text))
            shown.on("pageerror", lambda error: said.append(str(error)))
            shown.goto(path.as_uri())
            return shown

        yield open_page
        browser.close()
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        assert said == [], "errors of scripts, and what the policy of a page refused"


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.fixture
def spoken(run):
    """A run with a second of sound beside its first mistake."""
    result = run.classes(rows=60)
    file = io.BytesIO()
    soundfile.write(file, np.sin(np.arange(16000) / 20), 16000, format="FLAC")
    kept = {"name": "voice", "kind": "audio", "text": "a.wav", "data": base64.b64encode(file.getvalue()).decode()}
    first = mistakes(read_predictions(run.root))[0].row_id
    (run.root / "mistakes.json").write_text(json.dumps({first: [kept]}))
    html.write(result, run.root)
    return run.root / "report.html"


def test_a_report_fits_a_phone_and_plays_its_sounds(opened, spoken):
    for width, scheme in VIEWS:
        page = opened(spoken, width, scheme)
        assert fits(page), (width, scheme)
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (paper == "rgb(255, 255, 255)") == (scheme == "light")
    page.evaluate("document.querySelector('audio').play()")
    page.wait_for_function("document.querySelector('audio').currentTime > 0", timeout=10_000)
    assert page.evaluate("document.querySelector('audio').duration") == pytest.approx(1)


@pytest.fixture
def grid(tmp_path):
    """A comparison of four cells."""
    place = {"encoder": "vit,bert", "strategy": "full,lora", "task": "digits", "output": str(tmp_path)}
    claim(read_grid({**place, "seeds": 1}))
    scores = {("vit", "full"): 0.9, ("vit", "lora"): 0.7, ("bert", "full"): 0.75, ("bert", "lora"): 0.8}
    for encoder, strategy in scores:
        (tmp_path / f"{encoder}-{strategy}").mkdir()
        lines = [{"epoch": epoch, "validation_accuracy": 0.3 * epoch} for epoch in (1, 2)]
        (tmp_path / f"{encoder}-{strategy}" / "log.jsonl").write_text("\n".join(map(json.dumps, lines)))
    write_cells(
        tmp_path,
        [
            CellRecord(
                encoder=encoder, strategy=strategy, task="digits", seed=0, status="completed", primary="accuracy",
                metrics={"validation": {"accuracy": score}, "test": {"accuracy": score}}, seconds=100 * score,
                data={"rows": {"train": 1000, "test": 100}}, run=f"{encoder}-{strategy}",
            )
            for (encoder, strategy), score in scores.items()
        ],
    )  # fmt: skip
    compare.write(tmp_path)
    return tmp_path / "compare.html"


def test_curves_fit_a_phone_and_have_their_names_below_there(opened, grid):
    for width, scheme in VIEWS:
        page = opened(grid, width, scheme)
        figure = page.locator("figure.curves")
        assert figure.evaluate("one => one.scrollWidth <= one.clientWidth"), width
        (left, right) = figure.locator("> svg").evaluate(
            "one => [...one.querySelectorAll('text')].filter(each => each.getClientRects().length)"
            ".reduce((ends, each) => [Math.min(ends[0], each.getBoundingClientRect().left),"
            " Math.max(ends[1], each.getBoundingClientRect().right)], [Infinity, 0])"
        )
        assert 0 <= left < right <= width, "nothing is cut"
        below = figure.locator(".names")
        assert below.is_visible() == (width == 390)
        assert below.inner_text().split() == ["vit", "full", "bert", "lora", "2", "more"]
        assert figure.locator("text.name").first.is_visible() == (width == 1280)


def test_a_comparison_is_sorted_and_filtered_by_clicks(opened, grid):
    for width, scheme in VIEWS:
        page = opened(grid, width, scheme)
        assert fits(page), (width, scheme)
    cells = page.locator("section[aria-labelledby=cells]")

    def column(place):
        rows = cells.locator("tbody tr:visible")
        return [rows.nth(row).locator("td, th").nth(place).inner_text() for row in range(rows.count())]

    assert column(7) == ["0.900", "0.700", "0.750", "0.800"]
    cells.get_by_role("button", name="test", exact=True).click()
    assert column(7) == ["0.700", "0.750", "0.800", "0.900"]
    cells.get_by_role("button", name="test", exact=True).click()
    assert column(7) == ["0.900", "0.800", "0.750", "0.700"]
    cells.get_by_role("button", name="time", exact=True).click()
    assert column(9) == ["1 min 10 s", "1 min 15 s", "1 min 20 s", "1 min 30 s"]
    cells.get_by_role("searchbox").fill("bert lora")
    assert column(1) == ["bert"]
    assert "1 of 4 rows" in cells.inner_text()
    cells.get_by_role("searchbox").fill("")
    assert len(column(1)) == 4


def test_panels_lie_side_by_side_at_a_desk_and_stacked_on_a_phone(opened, run):
    html.write(run.regression(), run.root)
    for width, scheme in VIEWS:
        page = opened(run.root / "report.html", width, scheme)
        assert fits(page), (width, scheme)
        figures = page.locator("figure.parted")
        assert figures.count() == 1
        first, second = (figures.locator(f"img.on-{scheme}").nth(place).bounding_box() for place in (0, 1))
        stacked = second["y"] >= first["y"] + first["height"]
        assert stacked == (width == 390), (first, second)
