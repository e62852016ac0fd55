"""A folder of parquet files becomes one of vectors: what is missing is made, and nothing else."""

from __future__ import annotations

import os

import pandas as pd
import pytest

import modaxfer
from modaxfer.engines import Over, Where
from modaxfer.errors import ConfigError, ModaxferError, RunFailedError


class Here:
    """An engine that runs command lines in this process."""

    jobs, told = 1, "engine here"

    def __init__(self, shell):
        self.shell, self.ran, self.done = shell, [], []

    def start(self, job):
        status, _, said = self.shell(*job.command[3:])
        job.log.write_text(said)
        self.ran.append(job.name)
        self.done.append(Over(job=job, status=status, how=f"exit status {status}"))

    def over(self):
        self.done, done = [], self.done
        return done

    def close(self):
        pass


@pytest.fixture
def shards(tmp_path):
    folder = tmp_path / "rows"
    folder.mkdir()
    for number in range(3):
        rows = pd.DataFrame({"row_id": [f"{number}-{row}" for row in range(2)], "text": ["one two", f"word {number}"]})
        rows.to_parquet(folder / f"part-{number}.parquet")
    return folder


def test_only_what_is_missing_is_encoded(shards, shell, tiny, tmp_path, monkeypatch):
    engine, output = Here(shell), tmp_path / "vectors"
    monkeypatch.setattr(Where, "open", lambda where, folder: engine)
    asked = {"encoder": tiny("bert"), "text": "text", "output": output, "engine": "local", "jobs": 1}
    assert modaxfer.features(shards, **asked) == output
    names = [f"part-{number}.parquet" for number in range(3)]
    assert engine.ran == names
    frames = [pd.read_parquet(output / name) for name in names]
    assert [frame["row_id"].tolist() for frame in frames] == [[f"{n}-0", f"{n}-1"] for n in range(3)]
    assert frames[0].loc[0, "feature_0"] == frames[1].loc[0, "feature_0"]

    (output / names[1]).unlink()
    os.utime(shards / names[2])  # Its rows are younger than its vectors.
    engine.ran.clear()
    modaxfer.features(shards, **asked)
    assert engine.ran == names[1:]

    with pytest.raises(ConfigError, match=r"holds features of another request.*flags"):
        modaxfer.features(shards, **asked | {"layer": "mean"})
    pd.DataFrame({"words": ["no text"]}).to_parquet(shards / names[0])
    engine.ran.clear()
    with pytest.raises(RunFailedError, match=r"1 of 3 files could not be encoded. Got: part-0.*makes what is missing"):
        modaxfer.features(shards, **asked)
    assert engine.ran == names[:1], "what a command refuses is not asked again"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"output": None}, r"writes a folder of parquet files. Got: no --output"),
        ({"output": "f.parquet"}, r"writes a folder of parquet files. Got: f.parquet"),
        ({"data": "nowhere"}, r"a folder of parquet files, each in a job of its own. Got: nowhere"),
        ({"data": None, "task": "digits"}, "Got: no --data"),
        ({"output": "rows"}, "vectors would take the place of their rows"),
        ({"layer": "top"}, "--layer is no layer"),
        ({"engine": "clowd"}, "there is no such engine"),
    ],
)
def test_refused_before_a_job_is_started(asked, told, shards, no_weights, monkeypatch):
    monkeypatch.chdir(shards.parent)
    given = {"data": "rows", "encoder": "bert", "text": "text", "output": "vectors", "engine": "local", "jobs": 1}
    with pytest.raises(ModaxferError, match=told):
        modaxfer.features(**given | asked)
