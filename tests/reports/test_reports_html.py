"""report.html: read with a parser, as a browser would."""

from __future__ import annotations

import base64
import io
import json
from html.parser import HTMLParser

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from modaxfer.reports import figures, html
from modaxfer.reports.doubts import doubts_of
from modaxfer.reports.predictions import mistakes, read_predictions
from modaxfer.runner.folder import OUT_OF_FOLD

VOID = {"meta", "img", "br", "hr", "input", "link", "source"}
ORDER = ("scores", "where", "learning", "data", "model", "cost", "reproduce", "versions", "warnings")
SOMETIMES = ("parts", "tasks")


class Page(HTMLParser):
    """A parsed page: tags with their attributes, text by enclosing tag, and whether tags are balanced."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.rows, self.open, self.policy = [], [], [], [], ""
        self.cards = []
        self.feed(text)
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if dict(attrs).get("class") == "card":
            self.cards.append("")
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data.strip()))
        if {"dt", "dd"} & set(self.open) and "li" in self.open:
            self.cards[-1] = f"{self.cards[-1]} {data.strip()}".strip()
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data.strip()

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    def text(self, tag=None):
        return " ".join(text for name, text in self.texts if text and tag in (None, name))


def page(result, run):
    assert html.write(result, run.root) == [run.root / "report.html"]
    return Page((run.root / "report.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=["classes", "multilabel", "regression", "fused", "shared", "failed"])
def any_page(request, make_run):
    run = make_run()
    return page(getattr(run, request.param)(), run)


@pytest.fixture
def undrawn(monkeypatch):
    monkeypatch.setattr(figures, "draw", lambda *_: ())


def test_nothing_is_loaded_from_elsewhere(any_page):
    assert not {"script", "link", "iframe", "object", "a"} & {tag for tag, _ in any_page.tags}
    addresses = [
        value for _, attributes in any_page.tags for key, value in attributes.items() if key in ("src", "href")
    ]
    assert all(address.startswith("data:image/png;base64,") for address in addresses)
    assert "url(" not in any_page.text("style")
    assert "@import" not in any_page.text("style")
    policies = [meta["content"] for meta in any_page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'"]


def test_sections_come_in_order_and_each_is_named(any_page):
    headings = [attributes["id"] for attributes in any_page.all("h2")]
    assert tuple(name for name in headings if name not in SOMETIMES) == ORDER
    assert [section["aria-labelledby"] for section in any_page.all("section")] == headings


def test_it_can_be_read_without_seeing_it(any_page):
    assert any_page.all("html") == [{"lang": "en"}]
    assert len(any_page.all("h1")) == len(any_page.all("main")) == 1
    assert all(image["alt"] for image in any_page.all("img"))
    assert all(head["scope"] in ("row", "col") for head in any_page.all("th"))
    assert len(any_page.all("caption")) == len(any_page.all("table"))
    identities = [attributes["id"] for _, attributes in any_page.tags if "id" in attributes]
    assert len(identities) == len(set(identities))


def test_every_figure_is_there_for_light_and_dark_pages(run):
    images = page(run.classes(), run).all("img")
    assert [image["class"] for image in images] == ["on-light", "on-dark"] * 5
    for image in images:
        png = base64.b64decode(image["src"].partition(",")[2], validate=True)
        assert Image.open(io.BytesIO(png)).width * 96 / 160 == pytest.approx(int(image["width"]), abs=1)


def test_the_headline_says_what_was_found(run):
    assert page(run.classes(), run).text("h1") == (
        "bert with lora on legal-sentiment reaches a test f1_macro of 0.713 (95 % interval 0.673 to 0.753): "
        "beats chance (0.310) and the majority class (0.220); no evidence of a difference from the simple bar "
        "(tf-idf + logistic regression, 0.703)."
    )


def test_the_score_table(run):
    rows = page(run.classes(), run).rows
    assert rows[0][:5] == ["metric", "train", "validation", "test", "95 % interval"]
    assert rows[0][5:] == ["chance", "majority", "simple"]
    assert rows[1] == ["f1_macro", "0.856", "0.720", "0.713", "[0.673, 0.753]", "0.310", "0.220", "0.703"]


def test_errors_are_marked_as_lower_is_better(run):
    rows = page(run.regression(), run).rows
    assert rows[1][0] == "rmse (lower is better)"
    assert rows[2][0] == "r2"


def test_the_tiles_say_what_is_claimed_in_words(run):
    text = page(
        run.classes(transfer_gain={"pretraining": {"f1_macro": {"gain": 0.11, "interval": [0.05, 0.17]}}}), run
    ).text("span")
    assert text.count("beaten by this run") == 2
    assert text.count("no evidence of a difference") == 1
    assert "+0.110 [0.050, 0.170]" in text


def test_a_paired_difference_is_shown(run):
    simple = {"f1_macro": 0.7, "difference": {"f1_macro": [-0.02, 0.05]}}
    text = page(run.classes(baselines={"simple": simple}), run).text()
    assert "no evidence of a difference; difference [-0.020, 0.050]" in text


def test_per_class_rows_and_mistakes(run):
    rows = page(run.classes(), run).rows
    head = rows.index(["no.", "class", "precision", "recall", "F1", "rows"])
    assert rows[head + 1] == ["1", "negative", "0.731", "0.633", "0.679", "90"]
    assert len(rows) == head + 4


def test_rows_to_look_at_are_cards(run):
    found = page(run.classes(), run)
    assert len(found.cards) == 10 + 6 + 6
    assert found.cards[0] == "row test:24 target neutral prediction negative score 0.847"
    assert found.cards[10].startswith("row test:")
    assert " says " in found.cards[10]
    assert " against " in found.cards[10]
    assert found.text("h3").endswith(
        "Most confident mistakes Least sure Likely label errors Rows left out Chosen in training"
    )
    doubts = doubts_of(run.root, read_predictions(run.root))
    assert (doubts.rows, doubts.where) == (300, "test")
    assert f"{doubts.labels_found} of 300 rows of test are labelled as one class" in found.text("p")


def test_labels_of_validation_rows_are_doubted_too(run):
    run.classes(("a", "b"), rows=40)
    given = {"target": ["a"] * 9 + ["b"] * 9, "score:a": [0.9] * 8 + [0.01] + [0.1] * 9}
    given |= {"score:b": [1 - share for share in given["score:a"]]}
    pq.write_table(
        pa.table({"row_id": [f"validation-{row}" for row in range(18)], **given}), run.root / "validation.parquet"
    )
    found = doubts_of(run.root, read_predictions(run.root))
    assert (found.rows, found.where) == (58, "validation and test")
    assert found.labels[0] == ("validation-8", "validation", "a", "b", "b (0.990) against a (0.010)")
    assert all(each.split == "test" for each in found.least_sure)
    pq.write_table(pa.table(given), run.root / "validation.parquet")
    assert doubts_of(run.root, read_predictions(run.root)).where == "test", "an older run does not say which rows"
    pq.write_table(
        pa.table({"row_id": list("abcdefghijklmnopqr"), "fold": [0, 1] * 9, **given}), run.root / OUT_OF_FOLD
    )
    found = doubts_of(run.root, read_predictions(run.root))
    assert (found.rows, found.where, found.labels[0][:2]) == (18, "all folds", ("i", "fold 0"))


def test_regression_has_errors_and_no_classes(run):
    found = page(run.regression(), run)
    assert " error " in found.cards[0]
    assert len(found.cards) == 10
    assert "Largest errors" in found.text("h3")
    assert "Per class" not in found.text("h3")


def test_multilabel_mistakes_name_the_label(run):
    found = page(run.multilabel(), run)
    assert found.cards[0].endswith(")")
    assert len(found.cards) == 10, "rows of several labels have no one label to doubt"


HOSTILE = ("<script>alert('x')</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}")


def test_hostile_names_stay_text(run):
    result = run.classes(HOSTILE, task="<b>task</b>", warnings=("<i>w</i>",), versions={"<u>v</u>": "&amp;"})
    found = page(result, run)
    assert not {"script", "b", "i", "u"} & {tag for tag, _ in found.tags}
    assert all("onerror" not in attributes for _, attributes in found.tags)
    named = [row[1] for row in found.rows if row[0] in ("1", "2", "3")]
    assert named == list(HOSTILE)
    assert "&amp;" in found.text("dd")


def test_raw_text_is_shown_only_where_the_file_holds_it_and_then_cut(run):
    result = run.classes()
    path = run.root / "predictions.parquet"
    table = pq.read_table(path)
    pq.write_table(table.append_column("sentence", [["held " * 100] * table.num_rows]), path)
    said = [text for text in page(result, run).text("div").split("...") if "held" in text]
    assert len(said) == 10
    assert all(len(text) <= 160 for text in said)


def test_a_sample_is_said_loudly(run):
    found = page(run.classes(data={"source": "sample made by legal (seed 0)", "rows": {}, "dropped": {}}), run)
    assert "This is a sample, not the real data." in found.text("strong")
    assert "sample made by legal (seed 0)" in found.text()
    assert "not on the real data" in found.text("h1")


def test_real_data_is_not_called_a_sample(run):
    assert "sample" not in page(run.classes(), run).text()


def test_a_failed_run_shows_its_error_and_no_score(run):
    found = page(run.failed(), run)
    assert found.text("h1") == "The run failed, so there is no score: loss is not a number at step 2."
    assert "lower the learning rate" in found.text("pre")
    assert found.rows == []
    assert "1 line of log.jsonl could not be read and is left out." in found.text("p")
    assert "This run has no config.yaml." in found.text("p")


def test_data_model_cost_commands_versions_and_warnings(run):
    found = page(run.classes(), run)
    facts = found.text("dd")
    for fact in ("folder legal-sentiment", "0f1e2d3c", "1,200", "example/tiny-bert", "abc123", "5e" * 32, "22,700,000"):
        assert fact in facts
    for fact in ("300,000 (1.3 % of all)", "1 min 35 s", "123", "812 MB", "bf16", "2.13.0", "legal 0.1.0"):
        assert fact in facts
    assert "in two splits" in found.text("dt")
    assert "modaxfer train --encoder bert --strategy lora --task legal-sentiment" in found.text("code")
    assert "3 rows were cut to 512 tokens" in found.text("li")


def test_without_matplotlib_each_figure_says_how_to_get_it(run, monkeypatch):
    monkeypatch.setattr(figures, "find_spec", lambda name: None)
    found = page(run.classes(), run)
    slots = [attributes["data-figure"] for attributes in found.all("p") if "data-figure" in attributes]
    assert slots == ["scores", "confusion", "learning_curve"]
    assert found.text("code").count("pip install 'modaxfer[plots]'") == 3
    assert found.all("img") == []


def test_a_run_all_right_says_so(run):
    result = run.classes(rows=30)
    path = run.root / "predictions.parquet"
    table = pq.read_table(path)
    pq.write_table(table.set_column(2, "prediction", table.column("target")), path)
    assert "No mistake on 30 test rows." in page(result, run).text("p")


def test_what_training_chose_is_told_phase_by_phase(run):
    tried = [{"head": "lda", "layers": [2], "shrinkage": 0.6, "score": 0.65687}, {"head": "knn", "layers": [0, 1]}]
    phases = [
        {"name": "solve", "head": "lda", "converged": True, "components": None, "steps": 12000, "candidates": tried}
    ]
    found = page(run.classes(training={"phases": phases}), run)
    facts = dict(zip(texts(found, "dt"), texts(found, "dd"), strict=True))
    assert (facts["solve, head"], facts["solve, converged"], facts["solve, steps"]) == ("lda", "yes", "12,000")
    assert "solve, components" not in facts
    head = found.rows.index(["head", "layers", "shrinkage", "score"])
    assert found.rows[head + 1 :] == [["lda", "2", "0.6", "0.6569"], ["knn", "0, 1", "", ""]]
    assert found.text("summary") == "2 candidates tried"


def test_which_rows_were_left_out_can_be_looked_up(run):
    lines = [f"train.csv row {number}: duplicate" for number in range(1, 252)]
    data = {"source": "file x.csv", "rows": {}, "dropped": {"duplicate": 251}, "dropped_rows": lines}
    found = page(run.classes(data=data), run)
    assert found.text("summary") == "Which rows (the first 200 of 251 noted in result.json)"
    assert [text for text in texts(found, "li") if text.startswith("train.csv")] == lines[:200]


def test_a_fused_model_shows_what_each_part_is_worth(run):
    found = page(run.fused(), run)
    head = found.rows.index(["given", "test f1_macro", "95 % interval", "difference", "verdict"])
    assert found.rows[head + 1 : head + 5] == [
        ["all parts", "0.713", "[0.673, 0.753]", "", ""],
        ["image alone", "0.580", "[0.540, 0.620]", "[0.090, 0.170]", "✓ all parts do better"],
        ["text alone", "0.700", "[0.660, 0.740]", "[-0.020, 0.050]", "≈ no evidence of a difference"],
        ["table alone", "0.330", "-", "-", "? no interval of the difference, so no claim"],
    ]
    assert "tasks" not in {heading["id"] for heading in found.all("h2")}


def test_a_shared_model_shows_gain_or_harm_of_each_task(run):
    found = page(run.shared(), run)
    head = found.rows.index(["task", "metric", "shared", "95 % interval", "alone", "difference", "verdict"])
    assert [row[:3] + row[4:] for row in found.rows[head + 1 : head + 5]] == [
        ["rt-polarity", "accuracy", "0.810", "0.780", "[0.010, 0.050]", "✓ gain"],
        ["legal-sentiment", "f1_macro", "0.610", "0.620", "[-0.050, 0.030]", "≈ no evidence"],
        ["prices", "rmse (lower is better)", "120.5", "101.0", "[9.000, 30.000]", "✗ harm"],
        ["digits", "accuracy", "0.970", "-", "-", "not trained alone"],
    ]
    assert "tasks/rt-polarity/report.html" in found.text("code")


def test_a_shared_model_sends_the_reader_to_its_tasks(run):
    found = page(run.shared(), run)
    assert "mean of the primary metrics of 4 tasks" in found.text("span")
    assert "Each task's own report shows where it is right and wrong." in found.text("p")
    assert "Each task's own report counts them." in found.text("p")
    assert found.all("img") == []


@pytest.mark.usefixtures("undrawn")
def test_hostile_names_of_parts_and_tasks_stay_text(run):
    fused = page(run.fused(ablation={HOSTILE[0]: {"metrics": {}, "intervals": {}}}), run)
    shared = page(run.shared(tasks={HOSTILE[1]: {"run": HOSTILE[0], "primary": HOSTILE[2], "test": 0.5}}), run)
    assert not {"script", "img"} & {tag for found in (fused, shared) for tag, _ in found.tags}
    assert f"{HOSTILE[0]} alone" in fused.text("th")
    assert HOSTILE[2] in shared.text("td")


def texts(found, tag):
    return [text for name, text in found.texts if name == tag and text]


def test_classes_tasks_and_warnings_bring_no_controls_into_the_page(run):
    hostile = "red\x1b[31m\u202etxt\x9b"
    page = html.render(run.classes((hostile, "b"), task=hostile, warnings=(hostile,)), run.root)
    assert not set(page) & set("\x1b\u202e\x9b")
    assert page.count(r"red\x1b[31m\u202etxt\x9b") > 3


@pytest.mark.usefixtures("undrawn")
def test_mistakes_show_what_the_model_read_and_nothing_else_gets_into_an_address(run):
    result = run.classes(rows=30)
    first = next(iter(mistakes(read_predictions(run.root)))).row_id
    kept = [
        {"name": "review", "kind": "text", "text": "<b>bad</b> food"},
        {"name": "photo", "kind": "image", "text": "a/1.jpg", "data": "AAAA"},
        {"name": "voice", "kind": "audio", "text": "1.wav", "data": "BBBB"},
        {"name": "forged", "kind": "image", "text": "", "data": '"><script>'},
        {"name": "other", "kind": "script", "text": "", "data": "CCCC"},
    ]
    (run.root / "mistakes.json").write_text(json.dumps({first: kept, "elsewhere": "nothing"}))
    shown = page(result, run)
    assert [image["src"] for image in shown.all("img")] == ["data:image/jpeg;base64,AAAA"]
    assert [sound["src"] for sound in shown.all("audio")] == ["data:audio/flac;base64,BBBB"]
    assert not shown.all("script")
    assert not shown.all("b")
    assert "<b>bad</b> food" in shown.text("div")


@pytest.mark.parametrize("content", ["", "[1]", '{"test:0": [3]}', "\\xff"])
def test_a_spoilt_record_of_inputs_takes_no_report_down(content, run):
    result = run.classes(rows=30)
    (run.root / "mistakes.json").write_text(content)
    assert "Most confident mistakes" in page(result, run).text("h3")
