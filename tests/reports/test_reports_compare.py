"""compare.html, compare.csv and the printed table, from made-up cells: every number in them is invented."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser

import pytest

from modaxfer.reports import compare
from modaxfer.reports.compare.curve_files import write_curves
from modaxfer.reports.compare.curves import overlay
from modaxfer.reports.compare.heat import contrast, shade
from modaxfer.reports.compare.rows import cell_rows, csv_text, on_other_rows, reasons, summary_rows, tally
from modaxfer.reports.compare.script import SCRIPT_HASH
from modaxfer.reports.compare.summary import summarise
from modaxfer.reports.headline import Outcome
from modaxfer.reports.palette import DARK, LIGHT
from modaxfer.runner.compare.folder import claim
from modaxfer.runner.compare.grid import read_grid
from modaxfer.runner.compare.ledger import CellRecord, write_cells

NO_BRIDGE = "no bridge leads from <image> to what the encoder bert takes."


def scored(encoder, strategy, task, seed, value, simple=(-0.1, 0.1), metric="accuracy", **changes):
    values = {
        "encoder": encoder, "strategy": strategy, "task": task, "seed": seed, "status": "completed",
        "primary": metric,
        "metrics": {
            "train": {metric: 1.0}, "validation": {metric: value}, "test": {metric: value, "other": 0.3},
            "primary": metric,
        },
        "intervals": {metric: [value - 0.05, value + 0.05]},
        "baselines": {
            "chance": {metric: 0.25},
            "majority": {metric: 0.3},
            "simple": {"name": "pixels + ridge", metric: 0.6, "difference": {metric: list(simple)}},
        },
        "data": {"source": "folder digits", "problem": "multiclass", "rows": {"test": 1500}},
        "bridge": "modaxfer/native-image", "seconds": 61.0, "run": f"cells/{encoder}-{strategy}-{task}-seed{seed}",
    }  # fmt: skip
    return CellRecord(**values | changes)


def unscored(encoder, strategy, task, seed, status, reason):
    return CellRecord(encoder=encoder, strategy=strategy, task=task, seed=seed, status=status, reason=reason)


CELLS = (
    scored("vit", "full", "digits", 0, 0.70, simple=(0.05, 0.2)),
    scored("vit", "lora", "digits", 0, 0.55),
    unscored("bert", "full", "digits", 0, "refused", NO_BRIDGE),
    unscored("bert", "lora", "digits", 0, "failed", "the loss is nan."),
    scored("vit", "full", "digits", 1, 0.80, simple=(0.1, 0.3)),
    unscored("vit", "lora", "digits", 1, "failed", "MemoryError"),
    unscored("bert", "full", "digits", 1, "refused", NO_BRIDGE),
)
GRID = {"encoder": "vit,bert", "strategy": "full,lora", "task": "digits", "seeds": 2, "limit": 50}


@pytest.fixture
def folder(tmp_path):
    claim(read_grid({**GRID, "output": str(tmp_path)}))
    write_cells(tmp_path, CELLS)
    return tmp_path


class Page(HTMLParser):
    """A parsed page: its tags, its text, and the squares of its heat maps."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words, self.squares, self.open = [], [], [], []
        self.feed(text)
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag not in ("meta", "br"):
            self.open.append(tag)
        if tag == "td":
            self.squares.append((attributes, []))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data.strip())
        if "td" in self.open:
            self.squares[-1][1].append(data.strip())

    @property
    def text(self):
        return " ".join(word for word in self.words if word)

    def heat(self):
        known = ("scored", "refused", "failed", "waiting")
        found = ((attributes.get("class", ""), attributes, " ".join(filter(None, words)))
                 for attributes, words in self.squares)  # fmt: skip
        return [(kind, attributes, words) for kind, attributes, words in found if kind.split(" ")[0] in known]


def test_a_heat_map_shows_scores_refusals_failures_and_what_waits(folder):
    write_cells(folder, [cell for cell in CELLS if cell.strategy == "full" or cell.encoder == "vit"])
    compare.write(folder)
    squares = Page((folder / "compare.html").read_text(encoding="utf-8")).heat()
    assert [kind for kind, _, _ in squares] == ["scored best", "scored", "refused", "waiting"]
    assert squares[0][2] == "0.750 ✓ 0.700 to 0.800 validation 0.750 · 2 min 02 s"
    assert squares[1][2] == "0.550 ≈ [0.500, 0.600] validation 0.550 · 1 min 01 s 1 of 2 seeds"
    assert squares[1][1]["title"] == "MemoryError"
    assert squares[2][1]["title"] == NO_BRIDGE
    assert squares[3][2] == "not run yet"


def test_reasons_stand_in_a_list_once_each_and_are_escaped(folder):
    text = compare.render(folder)
    assert "<image>" not in text
    page = Page(text)
    assert "bert with full on digits no bridge leads" in page.text
    assert "bert with lora on digits the loss is nan." in page.text
    assert reasons(CELLS) == {
        "refused": {NO_BRIDGE: "bert with full on digits"},
        "failed": {"the loss is nan.": "bert with lora on digits", "MemoryError": "vit with lora on digits"},
    }


def test_cells_with_one_reason_are_told_in_few_clauses():
    def told(*places):
        cells = [unscored(*place.split(), seed, "refused", "no") for place in places for seed in (0, 1)]
        return reasons(cells)["refused"]["no"]

    assert told("a x t", "b x t", "a x u", "b x u", "a y t", "b y t", "a y u", "b y u") == "a, b with x, y on t, u"
    assert told("a x t", "b x t", "b x u") == "a with x on t; b with x on t, u"
    assert told("a x t", "a y u") == "a with x on t; a with y on u"


def test_the_page_says_what_there_is_to_beat_and_how_far_it_came(folder):
    page = Page(compare.render(folder))
    assert "3 of 8 cells have a score; 2 refused, 2 failed, 1 not run yet." in page.text
    assert "2 encoders x 2 strategies x 1 task x 2 seeds" in page.text
    assert "Not finished." in page.text
    assert "chance 0.250 majority 0.300 simple (pixels + ridge) 0.600 best on validation: vit full 0.750" in page.text
    assert "Test accuracy on 1,500 rows" in page.text
    assert "limit 50" in page.text


def test_the_page_loads_nothing_and_links_only_to_reports_that_are_there(folder):
    run = folder / "cells" / "vit-full-digits-seed0"
    run.mkdir(parents=True)
    (run / "report.html").touch()
    page = Page(compare.render(folder))
    assert not {"link", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert links == ["cells/vit-full-digits-seed0/report.html"] * 2
    assert not [attributes for _, attributes in page.tags if "src" in attributes]
    (policy,) = [each["content"] for _, each in page.tags if each.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert f"script-src '{SCRIPT_HASH}'" in policy


def test_a_sample_is_said_to_be_one(folder):
    data = {"source": "sample of modaxfer-legal", "rows": {"test": 9}}
    write_cells(folder, [scored("vit", "full", "digits", 0, 0.7, data=data)])
    assert "This is a sample, not the real data." in Page(compare.render(folder)).text


def test_shared_tasks_are_shown_each(folder):
    parts = {"modaxfer/a": {"primary": "accuracy", "test": 0.5, "alone": 0.6}, "b": {"test": 0.4}}
    write_cells(folder, [scored("vit", "full", "digits", 0, 0.7, tasks=parts)])
    (first, *_) = Page(compare.render(folder)).heat()
    assert "a 0.500 (alone 0.600) b 0.400" in first[2]


def test_every_encoder_of_a_cell_has_its_bridge():
    fused = scored("vit+bert", "fusion", "goods", 0, 0.7, bridge="modaxfer/native-image + modaxfer/serialise")
    assert summarise([fused])[0].at("vit+bert", "fusion").bridge == "native-image + serialise"


def test_combinations_are_means_over_seeds_and_ranked():
    (summary,) = summarise(CELLS)
    assert [(found.encoder, found.strategy, found.mean) for found in summary.ranked] == [
        ("vit", "full", pytest.approx(0.75)),
        ("vit", "lora", 0.55),
    ]
    assert summary.best is summary.ranked[0]
    assert summary.baselines == pytest.approx({"chance": 0.25, "majority": 0.3, "simple": 0.6})
    assert summary.at("vit", "full").seconds == 122.0
    assert summary.at("nobody", "full") is None
    assert [found.status for found in summary.combinations] == ["completed", "completed", "refused", "failed"]


def test_the_best_is_chosen_by_validation_where_all_have_one():
    def cell(strategy, test, validation):
        found = scored("a", strategy, "t", 0, test)
        return CellRecord(**vars(found) | {"metrics": {**found.metrics, "validation": validation}})

    lucky, sound = cell("x", 0.9, {"accuracy": 0.6}), cell("y", 0.8, {"accuracy": 0.7})
    (summary,) = summarise([lucky, sound])
    assert (summary.best.strategy, summary.ranked[0].strategy) == ("y", "x")
    assert summary.place(0.9) == 1
    assert [(row[2], row[5], row[6], row[-1]) for row in summary_rows([lucky, sound])[1]] == [
        ("y", "0.700", "0.800", "chosen"),
        ("x", "0.600", "0.900", ""),
    ]
    assert summarise([cell("x", 0.9, {}), sound])[0].best is None
    # Between equals test scores decide nothing: the grid's first is chosen, as compare.json has it.
    first, second = cell("x", 0.6, {"accuracy": 0.7}), cell("y", 0.8, {"accuracy": 0.7})
    (tied,) = summarise([first, second])
    assert [found.strategy for found in tied.by_validation] == ["x", "y"]
    assert tied.best is tied.by_validation[0]


def test_a_claim_over_seeds_needs_all_of_them():
    def outcome(*intervals):
        cells = [scored("a", "s", "t", seed, 0.5, simple=each) for seed, each in enumerate(intervals)]
        return summarise(cells)[0].at("a", "s").outcome("simple")

    assert outcome((0.1, 0.2), (0.3, 0.4)) is Outcome.BEATS
    assert outcome((-0.2, -0.1)) is Outcome.FALLS_SHORT
    assert outcome((0.1, 0.2), (-0.2, -0.1)) is Outcome.NO_EVIDENCE
    assert outcome((0.1, 0.2), (-0.1, 0.1)) is Outcome.NO_EVIDENCE
    assert summarise(CELLS)[0].at("bert", "full").outcome("simple") is None


def test_places_run_from_chance_to_the_best():
    (summary,) = summarise(CELLS)
    assert [summary.place(value) for value in (0.1, 0.25, 0.5, 0.75)] == pytest.approx([0, 0, 0.5, 1])
    errors = [scored("a", strategy, "t", 0, value, metric="rmse") for strategy, value in (("x", 2.0), ("y", 4.0))]
    chance = {"baselines": {"chance": {"rmse": 6.0}}}
    cells = [CellRecord(**vars(cell) | chance) for cell in errors]
    (lower,) = summarise(cells)
    assert not lower.greater_is_better
    assert lower.best.strategy == "x"
    assert [lower.place(value) for value in (8.0, 6.0, 4.0, 2.0)] == pytest.approx([0, 0, 0.5, 1])


def test_places_without_a_chance_score_start_at_the_worst_and_never_divide_by_nothing():
    bare = [CellRecord(**vars(scored("a", s, "t", 0, v)) | {"baselines": {}}) for s, v in (("x", 0.4), ("y", 0.8))]
    assert [summarise(bare)[0].place(value) for value in (0.4, 0.6, 0.8)] == pytest.approx([0, 0.5, 1])
    assert summarise(bare[:1])[0].place(0.4) == 0
    below = [scored("a", "x", "t", 0, 0.2)]
    assert summarise(below)[0].place(0.2) == 0, "the best of all is worse than chance"
    assert summarise([unscored("a", "x", "t", 0, "failed", "r")])[0].place(0.5) == 0


@pytest.mark.parametrize("place", [step / 20 for step in range(21)])
def test_every_shade_can_be_read(place):
    found = shade(place)
    assert contrast(found.light, found.light_ink) >= 4.5
    assert contrast(found.dark, found.dark_ink) >= 4.5


def test_shades_run_along_the_ramp():
    assert (shade(0).light, shade(1).light) == (LIGHT.ramp[0], LIGHT.ramp[-1])
    assert (shade(-1).dark, shade(2).dark) == (DARK.ramp[0], DARK.ramp[-1])
    assert shade(0.5).light == LIGHT.ramp[2]
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_the_file_has_a_line_per_cell(folder):
    compare.write(folder)
    lines = list(csv.DictReader(io.StringIO((folder / "compare.csv").read_text(encoding="utf-8"))))
    assert len(lines) == len(CELLS)
    assert lines[0]["score"] == "0.7"
    assert (lines[0]["low"], lines[0]["high"]) == ("0.6499999999999999", "0.75")
    assert (lines[0]["chance"], lines[0]["simple"], lines[0]["test_other"]) == ("0.25", "0.6", "0.3")
    assert (lines[2]["status"], lines[2]["score"], lines[2]["reason"]) == ("refused", "", NO_BRIDGE)
    assert csv_text(()) == ""
    assert {tuple(row) for row in cell_rows(CELLS)} == {tuple(lines[0])}


def test_the_printed_table_has_the_best_first():
    columns, rows = summary_rows(CELLS)
    assert columns[5:9] == ["validation", "test", "over seeds", "chance"]
    assert [row[1:3] for row in rows] == [["vit", "full"], ["vit", "lora"]]
    assert rows[0][5:] == ["0.750", "0.750", "0.700 to 0.800", "0.250", "0.300", "0.600", "2 min 02 s", "chosen"]
    columns, rows = summary_rows(CELLS[:2])
    assert columns[7] == "95 % interval"
    assert rows[0][7] == "[0.650, 0.750]"


def test_cells_are_counted():
    assert tally(CELLS) == "3 completed, 2 refused, 2 failed"
    assert tally(()) == "nothing run yet"
    assert compare.headline((), 3) == "0 of 3 cells have a score; 3 not run yet"


def test_a_notebook_shows_table_and_reasons(folder):
    text = compare.notebook(folder)
    Page(text)
    assert "<td>0.750</td>" in text
    assert "refused: bert with full on digits: no bridge leads from &lt;image&gt;" in text
    assert re.search(r"<strong>3 of 8 cells have a score; .*</strong>", text)


def test_cells_of_one_seed_on_other_rows_are_named():
    def cell(encoder, seed, rows, task="shop"):
        place = {"encoder": encoder, "strategy": "full", "task": task, "seed": seed}
        return CellRecord(**place, status="completed", data={"fingerprint": rows} if rows else {})

    alike = [cell("vit", 0, "a"), cell("bert", 0, "a"), cell("vit", 1, "b"), cell("bert", 1, "b"), cell("lstm", 0, "")]
    assert on_other_rows(alike) == []
    (note,) = on_other_rows([*alike, cell("vit+bert", 1, "c"), cell("vit", 0, "d", "news")])
    assert note.startswith("cells of shop were not all trained and scored on the same rows")


def test_no_cell_of_the_csv_is_a_formula_and_numbers_are_whole():
    table = csv_text([unscored("vit", "full", "=1+1|' /C calc'!A0", 0, "failed", "-1.5"), CELLS[0]])
    first, second = csv.DictReader(io.StringIO(table))
    assert first["task"] == "'=1+1|' /C calc'!A0"
    assert first["reason"] == "-1.5"
    assert float(second["score"]) == 0.7


def test_learning_curves_lie_over_one_another_by_the_rows_that_were_seen(tmp_path):
    made = []
    for strategy, rows, scores in (("x", 100, (0.2, 0.4)), ("y", 50, (0.3, 0.6, 0.5))):
        data = {"rows": {"train": rows, "test": 9}}
        made.append(scored("a", strategy, "t", 0, scores[-1], data=data, run=strategy))
        lines = [{"epoch": place + 1, "validation_accuracy": score} for place, score in enumerate(scores)]
        (tmp_path / strategy).mkdir()
        (tmp_path / strategy / "log.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (summary,) = summarise([*made, scored("a", "solved", "t", 0, 0.1, run="none")])
    drawn = overlay(tmp_path, summary)
    assert [(curve.name, curve.role) for curve in drawn.curves] == [("a x", "next"), ("a y", "chosen")]
    assert drawn.curves[0].points == ((100.0, 0.2), (200.0, 0.4))
    assert drawn.curves[1].points == ((50.0, 0.3), (100.0, 0.6), (150.0, 0.5))
    assert [words for _, words in drawn.across] == ["0", "100", "200"]
    assert [words for _, words in drawn.up] == ["0.200", "0.400", "0.600"]
    x, y = map(float, drawn.curves[0].drawn.split()[-1].split(","))
    assert (x, y) == (drawn.right, (12 + drawn.bottom) / 2), "all rows seen, half way between worst and best"
    assert drawn.marked == [("chosen", "a y"), ("next", "a x")]
    assert overlay(tmp_path / "elsewhere", summary) is None
    (picture,) = write_curves(tmp_path, [summary])
    assert picture == tmp_path / "figures" / "curves-t.png"
    assert json.loads(picture.with_suffix(".json").read_text())["curves"][1] == {
        "name": "a y", "role": "chosen", "points": [[50.0, 0.3], [100.0, 0.6], [150.0, 0.5]],
    }  # fmt: skip
