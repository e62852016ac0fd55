"""Every setting in every kind of request: it counts, or it is refused by name."""

from __future__ import annotations

import dataclasses

import pytest

from modaxfer.config import RunConfig, build
from modaxfer.errors import ConfigError
from modaxfer.runner.compare.grid import read_grid
from modaxfer.runner.request.misplaced import MISPLACED, refuse_misplaced
from modaxfer.runner.request.request import read_request

VALUES = {
    "text": "a", "image": "a", "audio": "a", "number": "a", "ignore": "a", "label": "a", "problem": "binary",
    "data_dir": "{folder}",
}  # fmt: skip
CONTEXTS = {"task": {"task": "digits"}, "data": {"data": "rows.csv"}}
IDLE = {(name, rule.beside) for rule in MISPLACED for name in rule.settings}


def request(context, folder, *names):
    given = {name: VALUES[name].format(folder=folder) for name in names}
    return build(RunConfig, {"encoder": "bert", "strategy": "full", **CONTEXTS[context], **given})


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("name", VALUES)
def test_a_setting_counts_or_is_refused_with_what_it_contradicts(name, context, tmp_path):
    config = request(context, tmp_path, name)
    flag = f"--{name.replace('_', '-')}"
    if (name, context) in IDLE:
        with pytest.raises(ConfigError, match=rf"{flag} beside --{context} would do nothing.*Fix: leave {flag} out"):
            refuse_misplaced(config)
    else:
        refuse_misplaced(config)


def test_every_column_setting_is_in_the_table():
    columns = {item.name for item in dataclasses.fields(RunConfig) if "of --data" in item.metadata["doc"]}
    assert {name for name, beside in IDLE if beside == "task"} == columns


def test_several_are_named_at_once_and_before_anything_is_looked_up(tmp_path):
    with pytest.raises(ConfigError, match=r"--text and --label beside --task.*Got: --text a, --label a, --task digits"):
        read_request(request("task", tmp_path, "text", "label"))
    with pytest.raises(ConfigError, match=r"--label beside --task would do nothing"):
        read_grid({"encoder": "bert", "strategy": "full", "task": "digits", "label": "stars"})


def test_a_data_folder_that_is_not_there_is_refused(tmp_path):
    config = {"encoder": "bert", "strategy": "full", "task": "digits", "data_dir": str(tmp_path / "none")}
    with pytest.raises(ConfigError, match=r"--data-dir does not exist\. Got: .*none\. Fix: name the folder that holds"):
        read_request(build(RunConfig, config))
    (tmp_path / "none").touch()
    with pytest.raises(ConfigError, match=r"--data-dir is not a folder"):
        read_request(build(RunConfig, config))


def test_a_data_folder_beside_own_rows_is_used_where_a_bridge_is_aligned_with_a_task(tmp_path):
    refuse_misplaced(
        dataclasses.replace(request("data", tmp_path, "data_dir"), set={"bridge.proxy": "legal-sentiment"})
    )


@pytest.mark.parametrize("key", ["epochs", "learning_rate"])
def test_no_steps_at_all_are_refused(key):
    with pytest.raises(ConfigError, match=rf"{key}: got 0\.0, must be above 0"):
        build(RunConfig, {key: "0"})
