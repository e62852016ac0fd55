"""Files of a run appear whole or not at all."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from modaxfer.errors import DataError
from modaxfer.result import Result, write_atomically


def test_of_many_writers_at_once_one_wins_whole(tmp_path):
    path = tmp_path / "folder" / "file.json"
    texts = {letter * 50_000 for letter in "abcd"}

    def write(text):
        for _ in range(100):
            write_atomically(path, text)
            assert path.read_text() in texts

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, sorted(texts)))
    assert [file.name for file in path.parent.iterdir()] == ["file.json"]


def test_what_cannot_be_written_leaves_the_old_file(tmp_path):
    write_atomically(tmp_path / "file.json", "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(tmp_path / "file.json", "\udc80")
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"file.json": "old"}


def test_a_run_cannot_lead_its_reader_out_of_its_folder(tmp_path):
    stored = {"schema": 1, "status": "completed", "encoder": {}, "bridge": "", "strategy": "", "task": ""}
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "result.json").write_text(json.dumps(stored | {"tasks": {"a/b": {"run": "../elsewhere"}}}))
    with pytest.raises(DataError, match=r"names a folder outside its own.*Got: \.\./elsewhere.*do not trust this run"):
        Result.load(tmp_path / "run")


SCORED = {"metrics": {"primary": "accuracy", "test": {"accuracy": 0.5}}, "intervals": {"accuracy": [0.4, None]}}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"task": None}, "task is None"),
        ({"source_task": -1}, "source_task is -1"),
        ({"transfer_gain": "much"}, "transfer_gain is 'much'"),
        ({"warnings": "one"}, "warnings is 'one'"),
        ({"metrics": {"primary": "accuracy", "test": {"accuracy": "high"}}}, "metrics.test.accuracy is 'high'"),
        ({"metrics": {"primary": 1, "test": {"accuracy": 0.5}}}, "metrics.primary is 1"),
        ({"intervals": {"accuracy": 0.4}}, "intervals.accuracy is 0.4"),
    ],
)
def test_a_value_of_another_kind_is_named_with_its_file(tmp_path, values, words):
    stored = {"schema": 1, "status": "completed", "encoder": {}, "bridge": "b", "strategy": "s", "task": "t", **SCORED}
    (tmp_path / "result.json").write_text(json.dumps(stored))
    assert Result.load(tmp_path).primary == "accuracy"
    (tmp_path / "result.json").write_text(json.dumps(stored | values))
    with pytest.raises(DataError, match=rf"file of the run is damaged \(file .*result.json\). Got: .*{words}"):
        Result.load(tmp_path)
