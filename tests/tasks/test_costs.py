"""A cost matrix is read by the names of its classes."""

from __future__ import annotations

import pytest

from modaxfer.errors import ConfigError
from modaxfer.tasks.costs import read_costs

CLASSES = ("ham", "spam")
COSTS = ((0.0, 5.0), (1.0, 0.0))


def written(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    return tmp_path / name


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("costs.csv", "true,spam,ham\nspam,0,1\nham,5,0\n"),
        ("costs.yaml", "ham: {spam: 5}\nspam: {ham: 1, spam: 0}\n"),
    ],
)
def test_true_classes_stand_down_in_the_order_of_the_task(tmp_path, name, text):
    assert read_costs(written(tmp_path, name, text), CLASSES) == COSTS


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("costs.txt", "", r"a cost matrix is a YAML or a CSV file.*Allowed: \.yaml, \.yml, \.csv"),
        ("costs.csv", "true,ham,junk\nham,0,5\njunk,1,0\n", r"not those of the task.*ham, junk.*Allowed: ham, spam"),
        ("costs.yaml", "ham: {junk: 5}\njunk: {ham: 1}\n", r"not those of the task.*ham, junk.*Allowed: ham, spam"),
        ("costs.csv", "true,ham,spam\nham,0\nspam,1,0\n", r"a line of class names, then a line for each class"),
        ("costs.csv", "true,ham,spam\nham,0,-5\nspam,1,0\n", r"predicting 'spam' for a row of 'ham'.*-5"),
        ("costs.yaml", "ham: {spam: 5}\nspam: {spam: 0}\n", r"predicting 'ham' for a row of 'spam'.*missing"),
        ("costs.yaml", "ham: 5\nspam: 1\n", r"a mapping for each true class"),
    ],
)
def test_what_is_no_matrix_of_these_classes_is_refused(tmp_path, name, text, message):
    with pytest.raises(ConfigError, match=f"(?s){message}"):
        read_costs(written(tmp_path, name, text), CLASSES)
