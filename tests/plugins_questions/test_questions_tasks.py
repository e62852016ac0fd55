from __future__ import annotations

import pytest

import domain_tasks as tasks
from modaxfer_questions import sample, templates

PLUGIN = "questions"
TASKS = tasks.specs(PLUGIN)


@pytest.mark.parametrize("check", [tasks.check_announced, tasks.check_described])
def test_the_plugin_is(check):
    check(PLUGIN)


def test_the_fine_kinds_are_fifty_and_each_has_templates():
    assert len(TASKS["trec-questions-fine"].target.classes) == 50
    assert tuple(templates.TEMPLATES) == TASKS["trec-questions-fine"].target.classes


@pytest.mark.parametrize(("name", "rows"), [("trec-questions", 8), ("trec-questions-fine", 2)])
def test_without_data_a_sample_is_read_that_can_be_learnt(name, rows):
    tasks.check_sample_loads(PLUGIN, name)
    data = tasks.load_sample(PLUGIN, name)
    assert tasks.class_counts(data, "test") == dict.fromkeys(TASKS[name].target.classes, rows)
    tasks.check_groups_apart(data, ("text",))
    assert 0.6 < tasks.simple_skill(PLUGIN, name) < 0.99


@pytest.mark.parametrize("name", TASKS)
def test_a_sample_is_its_seed(name):
    tasks.check_sample_is_seeded(TASKS[name])


@pytest.mark.parametrize("made", [sample.questions, sample.fine_questions])
def test_no_gap_of_a_template_stays_open(made):
    texts = [text for table in made(0).values() for text in table["text"].to_pylist()]
    assert all(text.endswith(" ?") and "{" not in text for text in texts)


@pytest.mark.weights
@pytest.mark.parametrize(
    ("name", "dropped"),
    [
        ("trec-questions", {"also_in_test": 10, "duplicate": 71}),
        ("trec-questions-fine", {"also_in_test": 10, "duplicate": 70}),
    ],
)
def test_the_real_rows(name, dropped):
    data = tasks.load_real(PLUGIN, name)
    assert tasks.given_rows(PLUGIN, name) == {"train": 5452, "test": 500}
    assert dict(data.dropped) == dropped
    assert len(data.splits["test"]) == 500
    tasks.check_groups_apart(data, ("text",))
    assert min(tasks.class_counts(data, "train").values()) > 0


@pytest.mark.weights
def test_the_classes_of_the_real_test_questions():
    data = tasks.load_real(PLUGIN, "trec-questions")
    assert tasks.class_counts(data, "test") == {
        "abbreviation": 9, "description": 138, "entity": 94, "human": 65, "location": 81, "number": 113,
    }  # fmt: skip
    fine = tasks.load_real(PLUGIN, "trec-questions-fine")
    counts = tasks.class_counts(fine, "test")
    assert counts["DESC:def"] == 123
    assert sum(count > 0 for count in counts.values()) == 42
