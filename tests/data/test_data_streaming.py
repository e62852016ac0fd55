"""Streams: the rows that are kept are those that a limit would draw, and are read once."""

from types import SimpleNamespace

import datasets
import huggingface_hub
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modaxfer.data import read_data
from modaxfer.data.download import UnavailableError, cache_folder
from modaxfer.data.layouts import split_files
from modaxfer.data.origin import notes_of, numbers_of, total_of
from modaxfer.data.streaming import hub as hub_rows
from modaxfer.data.streaming import kept
from modaxfer.data.streaming.hub import hub_data
from modaxfer.data.streaming.kept import STREAMS, draw_of, streamed
from modaxfer.data.streaming.passing import Place, passing_hub
from modaxfer.data.streaming.watched import watched
from modaxfer.data.tables.draws import Draw
from modaxfer.data.tables.gathering import Columns, Selection, drawn
from modaxfer.errors import DataError
from modaxfer.source_specs import FolderSource, HubSource, StreamSource

ROWS, PARTS = 1200, 6


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    labels = np.array(["no", "yes"])[np.arange(ROWS) % 2].tolist()
    labels[700:703] = ["rare"] * 3
    table = pa.table(
        {"text": [f"row {row}" for row in range(ROWS)], "label": labels, "who": [row // 5 for row in range(ROWS)]}
    )
    size = ROWS // PARTS
    for part in range(PARTS):
        pq.write_table(table.slice(part * size, size), folder / f"train-{part:05d}-of-{PARTS:05d}.parquet")
    pq.write_table(table.slice(0, 50), folder / "test.parquet")
    return folder


def source(folder, **settings):
    return StreamSource(of=FolderSource(name=str(folder)), **({"rows": 40, "label": "label"} | settings))


def read_never(monkeypatch):
    monkeypatch.setattr(kept, "read_data", lambda *_: pytest.fail("the source was read again"))


def test_what_is_kept_is_what_a_limit_draws(shards):
    tables, text = streamed(source(shards), None)
    whole = read_data(shards, Selection(draw=Draw(rows=40, seed=0, label="label")))
    assert {split: table.to_pydict() for split, table in tables.items()} == {
        split: table.to_pydict() for split, table in whole.items()
    }
    assert numbers_of(tables["train"]).tolist() == numbers_of(whole["train"]).tolist()
    assert total_of(tables["train"]) == ROWS
    assert text == f"folder {shards}"
    count = tables["train"].num_rows
    assert notes_of(tables["train"])[0] == (
        f"train was read as a stream: 1,200 rows went by, {count} are kept, at random, and 8 of each label at least, "
        "by seed 0"
    )
    assert tables["train"]["label"].to_pylist().count("rare") == 3


def test_rows_that_are_kept_are_not_read_again_nor_for_fewer_or_another_of_the_seeds(shards, monkeypatch):
    first, _ = streamed(source(shards, seeds=3), None)
    alone = {seed: drawn(read_data(shards)["train"], Draw(rows=30, seed=seed, label="label")) for seed in (0, 2)}
    read_never(monkeypatch)
    assert streamed(source(shards, seeds=3), None)[0]["train"].equals(first["train"], check_metadata=True)
    for seed, expected in alone.items():
        asked = source(shards, rows=30, seed=seed)
        again = drawn(streamed(asked, None)[0]["train"], draw_of(asked, seed))
        assert again.to_pydict() == expected.to_pydict()
        assert numbers_of(again).tolist() == numbers_of(expected).tolist()


def test_who_watches_is_told_of_all_rows_that_go_by_and_of_none_that_are_kept_already(shards):
    told = []
    for _ in range(2):
        with watched(lambda name: told.append(name) or told.append):
            streamed(source(shards, seed=77), None)
    name, *counts = told
    assert name == f"reading {shards.name} as a stream"
    assert sum(counts) == ROWS + 50


def test_another_request_or_another_state_is_read_anew(shards, tmp_path, monkeypatch):
    copy = tmp_path / "rows.csv"
    copy.write_text("text,label\n" + "".join(f"row {row},{'ab'[row % 2]}\n" for row in range(100)))
    first, text = streamed(source(copy), None)
    assert text == f"file {copy}"
    calls, read = [], kept.read_data
    monkeypatch.setattr(kept, "read_data", lambda *given: (calls.append(given), read(*given))[1])
    for changed in ({"rows": 41}, {"seed": 1}, {"label": None}, {"columns": ("text", "label")}):
        streamed(source(copy, **changed), None)
    assert len(calls) == 4
    with copy.open("a") as file:
        file.write("one more,a\n")
    assert total_of(streamed(source(copy), None)[0]["train"]) == total_of(first["train"]) + 1
    assert len(calls) == 5


def test_groups_are_kept_whole(shards):
    train = streamed(source(shards, group=("who",)), None)[0]["train"]
    who, counts = np.unique(train["who"].to_numpy(), return_counts=True)
    assert (counts == 5).all()
    assert 40 <= train.num_rows <= 45
    assert len(who) == train.num_rows // 5
    assert "whole groups of who at random" in notes_of(train)[0]


def test_rows_without_a_group_stand_alone_and_columns_name_a_group_together():
    table = pa.table({"a": ["x", "x", None, None, None, "x"], "b": ["1", "2", None, None, None, "1"]})
    groups = [
        frozenset(numbers_of(drawn(table, Draw(rows=1, seed=seed, group=("a", "b")))).tolist()) for seed in range(60)
    ]
    assert set(groups) == {frozenset(group) for group in ([1, 6], [2], [3], [4], [5])}


def test_a_group_that_cannot_be_kept_whole_is_refused(monkeypatch):
    monkeypatch.setattr("modaxfer.data.tables.draws._LARGEST_GROUP", 50)
    table = pa.table({"who": ["same"] * 300})
    with pytest.raises(DataError, match=r"too many rows to be kept whole \(column 'who'\). Got: 300 rows, where 5"):
        drawn(table, Draw(rows=5, seed=0, group=("who",)))


def test_of_many_parts_few_rows_wait(shards, monkeypatch):
    expected = read_data(shards, Selection(draw=Draw(rows=40, seed=0, label="label")))["train"]
    waiting, unite = [], split_files._united
    monkeypatch.setattr(split_files, "_PARTS_KEPT", 1)
    monkeypatch.setattr(
        split_files,
        "_united",
        lambda tables, *given: (waiting.append(sum(each.num_rows for each in tables)), unite(tables, *given))[1],
    )
    table = read_data(shards, Selection(draw=Draw(rows=40, seed=0, label="label")))["train"]
    assert table.equals(expected, check_metadata=True)
    assert max(waiting) < 4 * 40


def test_what_cannot_be_a_stream_is_refused(tmp_path, monkeypatch):
    (tmp_path / "photos" / "cat").mkdir(parents=True)
    (tmp_path / "photos" / "cat" / "1.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"nothing here that can be read as a stream.*only the names are read"):
        streamed(source(tmp_path / "photos"), None)
    (tmp_path / "train.conll").write_text("a O\n")
    with pytest.raises(DataError, match=r"tagged words is read whole, not as a stream"):
        streamed(source(tmp_path / "train.conll"), None)
    with pytest.raises(UnavailableError, match=r"does not exist"):
        streamed(source(tmp_path / "nowhere"), None)
    with pytest.raises(UnavailableError, match=r"neither --data-dir nor MODAXFER_DATA"):
        streamed(source("nowhere"), None)
    (tmp_path / "train.csv").write_text("text,label\na,b\n")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"rows of a stream cannot be kept.*MODAXFER_CACHE"):
        streamed(source(tmp_path / "train.csv"), None)


def test_damaged_rows_are_said(shards):
    streamed(source(shards), None)
    for path in (cache_folder() / STREAMS).rglob("train.parquet"):
        path.write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"rows that were kept of a stream are damaged.*delete that folder"):
        streamed(source(shards), None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("owner/name", HubSource(dataset="owner/name")),
        ("owner/na-me:con.fig@refs/pr/1", HubSource(dataset="owner/na-me", config="con.fig", revision="refs/pr/1")),
        ("owner/name@abc", HubSource(dataset="owner/name", revision="abc")),
        ("rows.csv", None),
        ("./rows", None),
        ("/owner/name", None),
        ("a/b/c", None),
    ],
)
def test_names_of_the_hub(text, expected):
    assert hub_data(text) == expected


def test_what_stands_on_the_disk_is_no_name_of_the_hub(tmp_path, monkeypatch):
    (tmp_path / "owner" / "name").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert hub_data("owner/name") is None


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A folder in place of a data set of the hub, which `datasets` reads as it reads one there."""
    folder = tmp_path / "dataset"
    (folder / "data").mkdir(parents=True)
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])})
    for split, count in (("train", 300), ("dev", 20), ("extra", 5)):
        rows = {"text": [f"{split} {row}" for row in range(count)], "label": [row % 2 for row in range(count)]}
        table = datasets.Dataset.from_dict(rows, features).with_format("arrow")[:]
        pq.write_table(table, folder / "data" / f"{split}-00000-of-00001.parquet")
    commits = ["c0"]
    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", lambda *_, **__: SimpleNamespace(sha=commits[-1]))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return SimpleNamespace(folder=folder, commits=commits)


def of_hub(hub, **settings):
    return StreamSource(of=HubSource(dataset=str(hub.folder)), **({"rows": 40, "label": "label"} | settings))


def test_the_hub_is_read_batch_by_batch_and_nothing_of_it_is_copied(hub, monkeypatch):
    monkeypatch.setattr(datasets.DatasetBuilder, "download_and_prepare", lambda *_, **__: pytest.fail("made a copy"))
    tables, text = streamed(of_hub(hub), None)
    assert text == f"hub {hub.folder}@c0"
    assert list(tables) == ["train", "validation"]
    train = tables["train"]
    assert set(train["label"].to_pylist()) == {"no", "yes"}
    assert (total_of(train), total_of(tables["validation"])) == (300, 20)
    assert [f"train {number - 1}" for number in numbers_of(train)] == train["text"].to_pylist()
    assert "splits left out: extra" in " ".join(notes_of(train))
    assert streamed(of_hub(hub, columns=("label",)), None)[0]["train"].column_names == ["label"]


def test_a_commit_is_read_once_and_a_hub_that_is_away_is_said(hub, monkeypatch):
    first = streamed(of_hub(hub), None)[0]["train"]
    reads, read = [], kept.read_hub
    monkeypatch.setattr(kept, "read_hub", lambda *given: (reads.append(given), read(*given))[1])
    streamed(of_hub(hub), None)
    assert not reads
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    tables, text = streamed(of_hub(hub), None)
    assert tables["train"].to_pydict() == first.to_pydict()
    assert "HF_HUB_OFFLINE forbids the network): the rows are those kept of commit c0" in notes_of(tables["train"])[0]
    assert text.endswith("@c0")
    with pytest.raises(UnavailableError, match=r"HF_HUB_OFFLINE forbids the network, and no rows of it are kept in"):
        streamed(of_hub(hub, seed=1), None)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    hub.commits.append("c1")
    assert streamed(of_hub(hub), None)[1].endswith("@c1")
    assert [given[0].revision for given in reads] == ["c1"]


def test_a_data_set_of_the_hub_without_a_training_split_is_refused(hub):
    (hub.folder / "data" / "train-00000-of-00001.parquet").unlink()
    with pytest.raises(DataError, match=r"no training split.*extra"):
        streamed(of_hub(hub), None)


def test_all_rows_of_the_hub_pass_file_by_file(hub, monkeypatch):
    data = hub.folder / "data"
    table = pq.read_table(data / "train-00000-of-00001.parquet")
    (data / "train-00000-of-00001.parquet").unlink()
    for part in range(3):
        pq.write_table(table.slice(100 * part, 100), data / f"train-{part:05d}-of-00003.parquet")
    monkeypatch.setattr("modaxfer.data.streaming.hub._BATCH", 30)
    columns = Columns(needed=frozenset(["label"]), beside=frozenset(["row_id"]))
    passing = passing_hub(HubSource(dataset=str(hub.folder)), "c0", columns)
    assert {split: len(parts) for split, parts in passing.parts.items()} == {"train": 3, "validation": 1}
    assert (passing.state, passing.notes) == ("c0", (f"{hub.folder}: splits left out: extra",))
    blocks = list(passing.blocks("train"))
    assert blocks[0][0].column_names == ["label"]
    assert [label for block, _ in blocks for label in block["label"].to_pylist()] == ["no", "yes"] * 150
    assert [int(numbers_of(block)[0]) for block, _ in blocks] == [1, 31, 61, 91, 101, 131, 161, 191, 201, 231, 261, 291]
    opened = []
    monkeypatch.setattr(
        "modaxfer.data.streaming.hub._batches",
        lambda rows, schema, read=hub_rows._batches: (opened.append(rows), read(rows, schema))[1],
    )
    behind = list(passing.blocks("train", Place(1, 45, 100)))
    assert [(place, int(numbers_of(block)[0])) for block, place in behind][:2] == [
        (Place(1, 45, 100), 146), (Place(1, 60, 100), 161),
    ]  # fmt: skip
    assert int(numbers_of(behind[-1][0])[-1]) == 300
    assert len(opened) == 2, "the first file is not asked for again"


def test_a_hub_that_breaks_off_is_said(hub, monkeypatch):
    def broken(*_):
        raise ConnectionError("reset by peer")
        yield

    monkeypatch.setattr("modaxfer.data.streaming.hub._batches", broken)
    passing = passing_hub(HubSource(dataset=str(hub.folder)), "c0", Columns(needed=frozenset(["text"])))
    with pytest.raises(DataError, match=r"cannot be read further.*reset by peer.*goes on from there"):
        next(passing.blocks("train"))
