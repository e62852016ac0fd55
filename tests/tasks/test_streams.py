"""Tasks that are read as a stream: the same rows, splits and labels as those of a file that is read whole."""

from collections import Counter
from types import SimpleNamespace

import datasets
import huggingface_hub
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError, DataError, RefusedError
from modaxfer.runner.recommend.sources import OF_THE_TASK
from modaxfer.runner.request import stage
from modaxfer.runner.request.request import find_tasks
from modaxfer.source_specs import StreamSource
from modaxfer.spec import TEXT, Field, FolderSource, PackageSource, Target, TaskSpec
from modaxfer.tasks import reading
from modaxfer.tasks.load import load_task
from modaxfer.tasks.streams import streamed_task

ROWS = 400


@pytest.fixture(autouse=True)
def small_pools(monkeypatch):
    monkeypatch.setattr(reading, "_POOL", 60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    table = pa.table(
        {
            "text": [f"some words of row {row}" for row in range(ROWS)],
            "label": [("no", "yes")[row % 2] for row in range(ROWS)],
            "who": [f"speaker {row // 4}" for row in range(ROWS)],
        }
    )
    for part in range(4):
        pq.write_table(table.slice(part * 100, 100), folder / f"train-{part}.parquet")
    return folder


def asked(folder, **settings):
    return RunConfig(**{"data": str(folder), "text": ("text",), "limit": 30, "stream": True} | settings)


def loaded(config):
    ((name, spec),) = find_tasks(config)
    return name, load_task(spec, seed=config.seed, limit=config.limit)


@pytest.mark.parametrize("settings", [{"limit": 30}, {"limit": 1000}, {"limit": 30, "seed": 3}])
def test_a_stream_is_the_same_task(folder, settings):
    name, stream = loaded(asked(folder, **settings))
    other, whole = loaded(asked(folder, stream=False, **settings))
    assert name == other
    assert stream.fingerprint == whole.fingerprint
    assert {split: rows.to_list() for split, rows in stream.splits.items()} == {
        split: rows.to_list() for split, rows in whole.splits.items()
    }
    assert (stream.source, stream.classes, stream.root) == (whole.source, whole.classes, whole.root)
    assert "train was read as a stream: " in stream.warnings[0]
    assert not any("were drawn for the limit" in warning for warning in stream.warnings)


def test_groups_of_a_stream_are_whole_in_every_split(folder):
    _, data = loaded(asked(folder, group=("who",), limit=30, label=("label",)))
    counts = Counter(who for rows in data.splits.values() for who in rows["who"])
    assert set(counts.values()) == {4}
    assert 20 <= len(data.splits["train"]) <= 30
    _, whole = loaded(asked(folder, group=("who",), limit=1000, stream=False))
    assert loaded(asked(folder, group=("who",), limit=1000))[1].fingerprint == whole.fingerprint
    with pytest.raises(DataError, match=r"limit is smaller than a group, which is kept whole.*3 rows, groups of 4"):
        loaded(asked(folder, group=("who",), limit=3))


def test_more_rows_are_read_where_too_few_are_usable(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_SPARE", 1)
    labels = [("no", "yes")[row % 2] if row % 20 < 2 else None for row in range(ROWS)]
    table = pa.table({"text": [f"row {row}" for row in range(ROWS)], "label": labels})
    pq.write_table(table, tmp_path / "train.parquet")
    _, stream = loaded(asked(tmp_path, problem="binary"))
    _, whole = loaded(asked(tmp_path, problem="binary", stream=False))
    assert stream.fingerprint == whole.fingerprint
    assert sum(map(len, stream.splits.values())) > 20


def test_a_registered_task_is_streamed_where_its_rows_can_be(folder):
    fields = (Field(name="text", signal=TEXT),)
    spec = TaskSpec(name="mine", fields=fields, target=Target(), sources=(FolderSource(name=str(folder)),))
    config = RunConfig(task=("mine",), stream=True, limit=30)
    assert load_task(streamed_task(spec, config), limit=30).fingerprint == load_task(spec, limit=30).fingerprint
    package = TaskSpec(
        name="mine", fields=fields, target=Target(), sources=(PackageSource(distribution="a", folder="b/c"),)
    )
    with pytest.raises(RefusedError, match=r"task mine cannot be read as a stream: its rows come whole"):
        streamed_task(package, config)


def test_what_says_too_little_is_refused(folder, tmp_path):
    with pytest.raises(ConfigError, match=r"--stream keeps a random part of the rows, and nothing says how many"):
        find_tasks(asked(folder, limit=None))
    with pytest.raises(ConfigError, match=r"no such file or folder.*data set a/b of the hub is read with --stream"):
        find_tasks(RunConfig(data="a/b", text=("text",)))
    with pytest.raises(DataError, match=r"rows of a stream are not there.*HF_HUB_OFFLINE forbids the network"):
        find_tasks(asked("a/b"))
    with pytest.raises(DataError, match=r"rows of a stream are not there.*does not exist"):
        find_tasks(asked(tmp_path / "rows.csv"))


def test_a_data_set_of_the_hub_is_a_task_of_its_own_name(tmp_path, monkeypatch):
    folder = tmp_path / "owner" / "na-me"
    folder.mkdir(parents=True)
    rows = {"text": [f"row {row}" for row in range(200)], "label": [row % 2 for row in range(200)]}
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])})
    table = datasets.Dataset.from_dict(rows, features).with_format("arrow")[:]
    pq.write_table(table, folder / "train.parquet")
    opened = datasets.load_dataset
    monkeypatch.setattr(
        datasets, "load_dataset", lambda name, config, revision, streaming: opened(str(tmp_path / name), streaming=True)
    )
    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", lambda *_, **__: SimpleNamespace(sha="c0"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    ((name, spec),) = find_tasks(asked("owner/na-me"))
    assert (name, spec.name) == ("own/na-me", "na-me")
    assert isinstance(spec.sources[0], StreamSource)
    data = load_task(spec, limit=30)
    assert data.source == "hub owner/na-me@c0"
    assert data.classes == ("no", "yes")
    assert len(data.splits["train"]) == 30


def test_a_source_task_and_a_source_of_a_recommendation_are_read_as_ever():
    assert stage._without_rows()["stream"] is False
    assert "stream" in OF_THE_TASK
