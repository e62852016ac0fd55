"""The model card: front matter as the hub reads it, and Markdown that no name can break."""

from __future__ import annotations

import pytest
import yaml
from huggingface_hub import ModelCard
from huggingface_hub.repocard_data import model_index_to_eval_results

from modaxfer.registry import Entry, registry
from modaxfer.reports import card
from modaxfer.reports.facts import model_facts, trained_before
from modaxfer.reports.terminal import summary
from modaxfer.spec import CheckpointSpec


def written(result, run):
    assert card.write(result, run.root) == [run.root / "README.md"]
    text = (run.root / "README.md").read_text(encoding="utf-8")
    _, front, body = text.split("---\n", 2)
    return yaml.safe_load(front), body


def test_the_hub_reads_the_front_matter(run):
    result = run.classes()
    front, _ = written(result, run)
    name, scores = model_index_to_eval_results(front["model-index"])
    assert name == "bert with lora on legal-sentiment"
    assert [(score.metric_type, score.metric_name, score.metric_value) for score in scores] == [
        ("f1", "test f1_macro", pytest.approx(result.metrics["test"]["f1_macro"], abs=1e-6)),
        ("accuracy", "test accuracy", pytest.approx(result.metrics["test"]["accuracy"], abs=1e-6)),
    ]
    assert (scores[0].dataset_type, scores[0].dataset_split) == ("legal-sentiment", "test")
    assert ModelCard.load(run.root / "README.md").data.library_name == "modaxfer"


def test_front_matter_of_a_task_known_only_by_its_config(run):
    result = run.classes(task="my-reviews")
    run.config(task=(), data="reviews.csv", text=("body",), label="stars")
    front, _ = written(result, run)
    assert front["pipeline_tag"] == "text-classification"
    assert front["tags"] == ["modaxfer", "transfer-learning", "bert", "lora"]
    assert front["metrics"] == ["f1", "accuracy"]
    assert not {"license", "base_model", "datasets"} & set(front)


@pytest.mark.parametrize(
    ("task", "config", "expected"),
    [
        ("modaxfer/digits", {}, "image-classification"),
        ("modaxfer/breast-cancer", {}, "tabular-classification"),
        ("mine", {"audio": ("clip",)}, "audio-classification"),
        ("mine", {"number": ("age",)}, "tabular-classification"),
        ("mine", {}, None),
    ],
)
def test_the_pipeline_follows_the_signal_of_the_task(run, task, config, expected):
    result = run.classes(task=task)
    run.config(task=(), **config)
    assert written(result, run)[0].get("pipeline_tag") == expected


def test_regression_of_a_table(run):
    result = run.regression(task="mine")
    run.config(task=(), number=("age",))
    front, _ = written(result, run)
    assert (front["pipeline_tag"], front["metrics"]) == ("tabular-regression", ["rmse", "r_squared"])


def test_base_model_and_data_set_of_the_hub(run):
    encoder = {"id": "modaxfer/auto", "checkpoint": "org/model", "revision": "0" * 40, "sha256": "1" * 64}
    result = run.classes(encoder=encoder, data={"source": "hub org/reviews@main", "rows": {}, "dropped": {}})
    front, _ = written(result, run)
    assert (front["base_model"], front["datasets"]) == ("org/model", ["org/reviews"])


BEFORE = {
    "run": "/runs/films", "task": "reviews/sst2", "strategy": "modaxfer/lora", "seed": 0, "fingerprints": {},
    "checkpoint": "org/model", "revision": "0" * 40, "sha256": "1" * 64,
}  # fmt: skip


def test_a_run_from_a_run_has_the_base_model_of_the_first_and_tells_the_way(run):
    later = {**BEFORE, "run": "/runs/shops", "strategy": "modaxfer/full", "checkpoint": "/runs/films", "from": BEFORE}
    result = run.classes(encoder={"id": "modaxfer/bert", "checkpoint": "/runs/shops", "revision": None, "from": later})
    front, body = written(result, run)
    assert front["base_model"] == "org/model"
    told = "full on reviews/sst2 (/runs/shops), after lora on reviews/sst2 (/runs/films); at first org/model"
    # What is shared names no folder of this machine.
    assert f"- trained before: {told.replace('/runs/', '')}" in body
    assert f"encoder trained before: {told}" in summary(result).splitlines()
    assert dict(model_facts(result))["trained before"] == told


def test_what_fused_encoders_learned_before_is_told_of_each(run):
    parts = [{"id": "modaxfer/vit"}, {"id": "modaxfer/bert", "from": BEFORE}]
    result = run.classes(encoder={"id": "modaxfer/vit + modaxfer/bert", "checkpoint": "a + b", "parts": parts})
    assert trained_before(result) == "lora on reviews/sst2 (/runs/films); at first org/model"


def test_a_local_folder_is_no_base_model(run):
    result = run.classes(encoder={"id": "modaxfer/auto", "checkpoint": "/home/someone/model", "revision": None})
    assert "base_model" not in written(result, run)[0]


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("Apache-2.0", {"license": "apache-2.0"}),
        ("Own terms 3", {"license": "other", "license_name": "Own terms 3"}),
        ("", {}),
    ],
)
def test_the_licence_is_that_of_the_weights(run, monkeypatch, licence, expected):
    spec = CheckpointSpec(name="tiny", encoder="bert", hub_id="example/tiny-bert", licence=licence)
    entry = Entry(kind="checkpoint", plugin="test", spec=spec)
    real = registry().all
    monkeypatch.setattr(registry(), "all", lambda kind: (entry,) if kind == "checkpoint" else real(kind))
    front, _ = written(run.classes(), run)
    assert {key: value for key, value in front.items() if key.startswith("license")} == expected
    assert front["base_model"] == "example/tiny-bert"


def test_use_scores_and_limits(run):
    _, body = written(run.classes(), run)
    for part in ("## Intended use", "modaxfer predict RUN FILE", 'modaxfer.load("RUN").predict(rows)', "## Limits"):
        assert part in body
    assert r"| f1\_macro (primary) | 0.856 | 0.720 | 0.713 | 0.673 to 0.753 | 0.310 | 0.220 | 0.703 |" in body
    assert "- Not shown to be better than the simple bar, which costs far less: prefer that one." in body
    assert "- Weakest class: negative, F1 0.679 on 90 test rows." in body
    assert "- Scored on 300 rows from one source only" in body
    assert "- rows left out, in two splits: 24" in body


def test_limits_name_classes_that_were_hardly_tested(run):
    _, body = written(run.classes(("a", "b", "c"), rows=40, data={"classes": ["a", "b", "c", "d"]}), run)
    assert "- Never tested, for want of test rows: d." in body
    assert "- Fewer than 30 test rows, so hardly tested: a, b, c." in body


def test_a_run_that_beats_nothing_is_not_for_use(run):
    baselines = {"chance": {"f1_macro": 0.9}, "majority": {"f1_macro": 0.7}}
    _, body = written(run.classes(baselines=baselines), run)
    assert "- Not shown to be better than chance: do not use it." in body
    assert "- Not shown to be better than majority: do not use it." in body


def test_markdown_tables_survive_hostile_names(run):
    result = run.classes(
        ("<script>x</script>", "a|b", "c\n# d"),
        baselines={"simple": {"name": "a | <b>\n# c", "f1_macro": 0.5}},
        warnings=("[link](http://x) & *more*",),
    )
    _, body = written(result, run)
    table = [line for line in body.splitlines() if line.startswith("|")]
    cells = [line.replace(r"\|", "").count("|") for line in table]
    assert len(table) == 4
    assert len(set(cells)) == 1
    assert "<script>" not in body.replace(r"\<", "")
    assert r"- \[link\](http\://x) &amp; \*more\*" in body
    assert "\n# c" not in body


def test_names_cannot_break_the_front_matter(run):
    front, _ = written(run.classes(task="a: b\n---\nevil: 1"), run)
    assert "evil" not in front
    assert front["model-index"][0]["results"][0]["dataset"]["type"] == "a: b --- evil: 1"


def test_a_sample_is_said_loudly(run):
    front, body = written(run.classes(data={"source": "sample made by legal (seed 0)", "rows": {}, "dropped": {}}), run)
    assert front["model-index"][0]["results"][0]["dataset"]["name"] == "legal-sentiment (made-up sample)"
    assert "> **This is a sample, not the real data.**" in body
    assert "- Trained and scored on a made-up sample: it says nothing about real data." in body


def test_a_failed_run_offers_no_model(run):
    front, body = written(run.failed(), run)
    assert not {"model-index", "metrics"} & set(front)
    assert "This folder holds no model." in body
    assert "modaxfer predict" not in body


HOSTILE = "x<img src=y onerror=z>\x1b[31m\u202e"


def test_a_task_named_by_a_folder_brings_neither_html_nor_controls_into_the_card(run):
    front, body = written(run.classes(task=HOSTILE, warnings=(HOSTILE,)), run)
    text = (run.root / "README.md").read_text(encoding="utf-8")
    assert not set(text) & set("<\x1b\u202e")
    assert "x&lt;img src=y onerror=z&gt;" in body
    # A reader of the front matter gets the name all the same.
    assert front["model-index"][0]["results"][0]["dataset"]["name"] == r"x<img src=y onerror=z>\x1b[31m\u202e"
