import pytest

import domain_tasks as tasks
from answers import answers_of

PLUGIN = "medical"
SPECS = tasks.specs(PLUGIN)


@pytest.mark.parametrize("check", [tasks.check_announced, tasks.check_described])
def test_the_plugin_is(check):
    check(PLUGIN)


def test_the_sample_is_seeded():
    tasks.check_sample_is_seeded(SPECS["chest-xray"])


def test_without_data_the_sample_is_read_and_said():
    tasks.check_sample_loads(PLUGIN, "chest-xray")


def test_the_sample_can_be_learnt_but_not_at_once():
    assert 0.7 < tasks.simple_score(PLUGIN, "chest-xray") < 0.97


def test_positive_means_ill():
    assert SPECS["chest-xray"].target.classes == ("normal", "pneumonia")


@pytest.mark.weights
def test_the_real_rows():
    tasks.check_real_rows(PLUGIN, "chest-xray")
    data = tasks.load_real(PLUGIN, "chest-xray")
    assert data.dropped == {"also_in_validation": 4, "duplicate": 4}
    assert answers_of(data)["test"].sum() == 234
