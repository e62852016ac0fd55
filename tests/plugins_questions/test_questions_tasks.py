from __future__ import annotations

import pytest

import plugin_tasks
from modaxfer_questions import plugin, sample, templates

TASKS = {spec.name: spec for spec in plugin.modaxfer_tasks()}
COARSE, FINE = TASKS["trec-questions"], TASKS["trec-questions-fine"]
README = (plugin_tasks.PLUGINS / "questions" / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def no_data(monkeypatch):
    monkeypatch.delenv("MODAXFER_DATA", raising=False)


def test_the_distribution_announces_the_plugin():
    plugin_tasks.require_announced("questions", plugin)


def test_listing_the_tasks_is_light():
    plugin_tasks.require_light("questions")


@pytest.mark.parametrize("name", TASKS)
def test_a_task_says_what_it_is(name):
    plugin_tasks.require_documented(TASKS[name], README)


def test_the_fine_kinds_are_fifty_and_each_has_templates():
    assert len(FINE.target.classes) == 50
    assert tuple(templates.TEMPLATES) == FINE.target.classes


@pytest.mark.parametrize(("spec", "rows"), [(COARSE, 8), (FINE, 2)], ids=TASKS)
def test_without_data_a_sample_is_read_that_can_be_learnt(spec, rows, no_data):
    data = plugin_tasks.from_sample(spec)
    assert plugin_tasks.class_counts(data, "test") == dict.fromkeys(spec.target.classes, rows)
    plugin_tasks.require_apart(data, "text")
    assert 0.6 < plugin_tasks.simple_score(spec, data) < 0.99


@pytest.mark.parametrize("made", [sample.questions, sample.fine_questions])
def test_a_sample_is_its_seed(made):
    assert made(0)["train"].equals(made(0)["train"])
    assert not made(0)["train"].equals(made(1)["train"])


@pytest.mark.parametrize("made", [sample.questions, sample.fine_questions])
def test_no_gap_of_a_template_stays_open(made):
    texts = [text for table in made(0).values() for text in table["text"].to_pylist()]
    assert all(text.endswith(" ?") and "{" not in text for text in texts)


@pytest.mark.weights
@pytest.mark.parametrize(
    ("spec", "dropped"),
    [(COARSE, {"also_in_test": 10, "duplicate": 71}), (FINE, {"also_in_test": 10, "duplicate": 70})],
    ids=TASKS,
)
def test_the_real_rows(spec, dropped):
    data, given = plugin_tasks.from_folder(spec)
    assert given == {"train": 5452, "test": 500}
    assert dict(data.dropped) == dropped
    assert len(data.splits["test"]) == 500
    plugin_tasks.require_apart(data, "text")
    assert min(plugin_tasks.class_counts(data, "train").values()) > 0


@pytest.mark.weights
def test_the_classes_of_the_real_test_questions():
    data, _ = plugin_tasks.from_folder(COARSE)
    assert plugin_tasks.class_counts(data, "test") == {
        "abbreviation": 9, "description": 138, "entity": 94, "human": 65, "location": 81, "number": 113,
    }  # fmt: skip
    fine, _ = plugin_tasks.from_folder(FINE)
    counts = plugin_tasks.class_counts(fine, "test")
    assert counts["DESC:def"] == 123
    assert sum(count > 0 for count in counts.values()) == 42
