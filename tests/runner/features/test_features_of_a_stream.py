"""Features of rows that pass by: those of the whole, in files that are made once each."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import datasets
import huggingface_hub
import numpy as np
import pandas as pd
import pytest

import modaxfer
from modaxfer.data.download import cache_folder
from modaxfer.errors import DataError, ModaxferError
from modaxfer.runner.features import blocks, passing_files, passing_rows
from modaxfer.runner.rows import prepare

TEXTS = [f"one two {'three ' * (row % 5)}" if row % 7 else "" for row in range(20)]


@pytest.fixture(autouse=True)
def small_files(monkeypatch):
    monkeypatch.setattr(passing_files, "PER_FILE", 8)
    monkeypatch.setattr(passing_files, "BLOCK", 3)


@pytest.fixture
def rows(tmp_path):
    folder = tmp_path / "rows"
    folder.mkdir()
    for part in range(2):
        frame = pd.DataFrame({"text": TEXTS[10 * part : 10 * part + 10], "label": 0})
        frame.to_parquet(folder / f"train-{part}.parquet")
    pd.DataFrame({"text": ["six", "seven"], "label": 1}).to_parquet(folder / "test.parquet")
    return folder


def asked(tiny, **more):
    return {"encoder": tiny("bert"), "text": "text", "precision": "fp32", "quiet": True, **more}


def streamed(tiny, rows, output, **more):
    folder = modaxfer.features(rows, **asked(tiny, stream=True, output=output, **more))
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.parquet"))}


def read(folder):
    return pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))], ignore_index=True)


def test_they_are_those_of_the_whole_and_the_cache_stays_as_it_is(rows, tiny, tmp_path):
    kept = sorted(cache_folder().rglob("*"))
    files = streamed(tiny, rows, tmp_path / "vectors")
    assert sorted(cache_folder().rglob("*")) == kept
    assert list(files) == ["test-00000.parquet", *(f"train-{number:05d}.parquet" for number in range(3))]
    whole = modaxfer.features(rows, **asked(tiny, output=tmp_path / "whole.parquet"))
    expected, made = pd.read_parquet(whole), read(tmp_path / "vectors")
    made = pd.concat([made[made["split"] == "train"], made[made["split"] == "test"]], ignore_index=True)
    assert made.columns.tolist() == expected.columns.tolist()
    for column in ("row_id", "split", "reason"):
        assert made[column].tolist() == expected[column].tolist()
    np.testing.assert_allclose(made.filter(like="feature_"), expected.filter(like="feature_"), atol=1e-6)
    assert made["reason"].tolist().count("no input") == 3


def test_whoever_is_stopped_goes_on_behind_what_is_written(rows, tiny, tmp_path, monkeypatch):
    unbroken = streamed(tiny, rows, tmp_path / "unbroken")
    encoded, encode = [], blocks.BlockEncoder.encoded

    def stopping(self, block, split):
        if len(encoded) == 7:  # In the third file.
            raise KeyboardInterrupt
        encoded.append(block.ids)
        return encode(self, block, split)

    monkeypatch.setattr(blocks.BlockEncoder, "encoded", stopping)
    output = tmp_path / "vectors"
    with pytest.raises(KeyboardInterrupt):
        streamed(tiny, rows, output)
    assert sorted(path.name for path in output.glob("*.parquet")) == ["train-00000.parquet", "train-00001.parquet"]
    assert not list(output.glob(".*.tmp"))
    first = encoded[:6]
    monkeypatch.setattr(
        blocks.BlockEncoder, "encoded", lambda *given: (encoded.append(given[1].ids), encode(*given))[1]
    )
    encoded.clear()
    assert streamed(tiny, rows, output) == unbroken
    assert not {name for ids in first for name in ids} & {name for ids in encoded for name in ids}

    (output / "train-00001.parquet").unlink()
    encoded.clear()
    assert streamed(tiny, rows, output) == unbroken
    assert [name for ids in encoded for name in ids] == [f"train-{number}" for number in range(9, 17)]
    monkeypatch.setattr(blocks, "open_features", lambda *_: pytest.fail("weights were loaded for nothing"))
    assert streamed(tiny, rows, output) == unbroken


def test_a_folder_belongs_to_one_request_and_one_state_of_the_rows(rows, tiny, tmp_path, no_weights):
    output = tmp_path / "vectors"
    output.mkdir()
    (output / "mine.txt").write_text("")
    with pytest.raises(ModaxferError, match="not empty and holds no features"):
        streamed(tiny, rows, output)
    (output / "mine.txt").unlink()
    with pytest.raises(AssertionError, match="weights were loaded"):
        streamed(tiny, rows, output)
    with pytest.raises(ModaxferError, match=r"features of another request. Got: flags"):
        streamed(tiny, rows, output, layer=1)
    pd.DataFrame({"text": ["more"], "label": 1}).to_parquet(rows / "test.parquet")
    with pytest.raises(ModaxferError, match=r"features of another request. Got: state"):
        streamed(tiny, rows, output)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"output": "f.parquet"}, r"into a folder of parquet files. Got: f.parquet.*or add --limit N"),
        ({"output": None}, r"into a folder of parquet files. Got: no --output"),
        ({"text": (), "number": "label"}, r"cells of a table mean is found in all rows.*--number label.*--limit N"),
        ({"text": ()}, r"cells of a table mean is found in all rows.*no column named"),
        ({"text": "txt"}, r"'txt' is not in the data"),
        ({"label": "sense"}, r"label column 'sense' is not in the data"),
        ({"split": "validation"}, r"no such split. Got: validation. Allowed: train, test"),
        ({"layer": 9}, r"--layer is no layer of this encoder.*Got: 9"),
        ({"layer": "auto"}, "--layer auto is chosen by the labels of a task"),
        ({"set": {"cache": "true"}}, r"not kept in the cache as well. Got: cache: true|not kept in the cache"),
        ({"data": None, "task": "digits"}, r"task are cleaned and divided as a whole, not as a stream"),
        ({"data": "nowhere.csv"}, r"nothing here that can be read as a stream|no such file|not there"),
        ({"data": "owner/name"}, r"rows of a stream are not there.*HF_HUB_OFFLINE forbids the network"),
        ({"data": "owner/name", "stream": False}, r"no such file or folder.*data set owner/name .* with --stream"),
        ({"data": pd.DataFrame({"text": ["a"]})}, "rows in memory are all encoded. Got: stream"),
        ({"data": pd.DataFrame({"text": ["a"]}), "stream": False, "limit": 3}, "rows in memory are all enc.*limit"),
        ({"engine": "local"}, "a stream is read by one process, and an engine starts a job for each file"),
        ({"encoder": "vit"}, r"bridge .*render.* learns from all rows before it draws one.*--limit N"),
    ],
)
def test_refused_before_weights(given, told, rows, tiny, no_weights, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    usual = asked(tiny, data=rows, stream=True, output="vectors")
    if given.get("encoder") == "vit":
        given = {"encoder": tiny("vit")}
    with pytest.raises(ModaxferError, match=told):
        modaxfer.features(**usual | given)
    assert not (tmp_path / "vectors").exists()


def test_a_folder_that_lies_is_refused(rows, tiny, tmp_path):
    output = tmp_path / "vectors"
    streamed(tiny, rows, output, split="test")
    frame = read(output)
    assert frame["row_id"].tolist() == ["test-1", "test-2"]
    assert "split" not in frame
    (output / "_shards.json").write_text('{"test-00000.parquet": [1]}')
    with pytest.raises(ModaxferError, match=r"cannot be read. Got: .*_shards.json.*all files are made again"):
        streamed(tiny, rows, output, split="test")


def test_parts_of_objects_pass_and_what_is_cut_is_told_once(tiny, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("modaxfer.data.tables.records._BLOCK", 3)
    cells = [{"review": {"text": text}, "stars": 1} for text in ["one", "word " * 600, "two"]]
    cells += [{"stars": 2}] * 3 + [{"review": {"text": "word " * 600}, "stars": 3}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, cells)))
    given = asked(tiny, text="review.text", label="stars", quiet=False)
    modaxfer.features(tmp_path / "rows.jsonl", **given, stream=True, output=tmp_path / "vectors")
    told = capsys.readouterr().err
    assert "warning: 3 of 7 rows of train have no features; the column reason says why" in told
    (line,) = [line for line in told.splitlines() if "2 " in line and "cut" in line]
    whole = modaxfer.features(tmp_path / "rows.jsonl", **given, output=tmp_path / "whole.parquet")
    assert line.replace("warning: ", "warning: train: ") in capsys.readouterr().err
    pd.testing.assert_frame_equal(read(tmp_path / "vectors"), pd.read_parquet(whole), atol=1e-6)


def test_a_row_that_cannot_be_prepared_does_not_stop_the_others(tiny, tmp_path, monkeypatch):
    def refusing(bridge, given, read=prepare.bridged):
        if any("three" in row["text"] for row in given):
            raise DataError("too many words", got="three")
        return read(bridge, given)

    monkeypatch.setattr(prepare, "bridged", refusing)
    monkeypatch.setattr(passing_rows, "LOOKED_AT", 1)
    pd.DataFrame({"text": ["one two ", "three", "one two "], "label": 0}).to_parquet(tmp_path / "train.parquet")
    streamed(tiny, tmp_path / "train.parquet", tmp_path / "vectors")
    frame = read(tmp_path / "vectors")
    assert frame["reason"].fillna("").tolist() == ["", "too many words: three", ""]
    assert frame["feature_0"].notna().tolist() == [True, False, True]


def test_rows_of_which_none_can_be_read_are_refused(tiny, no_weights, tmp_path):
    pd.DataFrame({"text": ["", " "] * 50}).to_parquet(tmp_path / "train.parquet")
    with pytest.raises(ModaxferError, match=r"not one row can be read.*train.parquet"):
        streamed(tiny, tmp_path / "train.parquet", tmp_path / "vectors")


def test_a_split_without_rows_is_refused(rows, tiny, no_weights, tmp_path, monkeypatch):
    read_files = passing_rows.passing_files

    def emptied(*given):
        found = read_files(*given)
        return replace(found, parts={**found.parts, "test": [lambda skip: iter(())]})

    monkeypatch.setattr(passing_rows, "passing_files", emptied)
    with pytest.raises(ModaxferError, match=r"a split holds no rows.*Got: test. Fix: leave it out with --split"):
        streamed(tiny, rows, tmp_path / "vectors")


def test_a_limit_draws_the_rows_that_it_draws_elsewhere(rows, tiny, tmp_path):
    frames = []
    for place, more in enumerate(({"stream": True}, {})):
        output = tmp_path / f"{place}.parquet"
        modaxfer.features(rows, **asked(tiny, output=output, limit=12, seed=3, **more))
        frames.append(pd.read_parquet(output))
    pd.testing.assert_frame_equal(*frames)
    assert frames[0]["split"].value_counts().to_dict() == {"train": 12, "test": 2}
    whole = pd.read_parquet(modaxfer.features(rows, **asked(tiny, output=tmp_path / "whole.parquet")))
    some = whole.set_index("row_id").loc[frames[0]["row_id"]].reset_index()
    np.testing.assert_allclose(some.filter(like="feature_"), frames[0].filter(like="feature_"), atol=1e-6)
    more = modaxfer.features(rows, **asked(tiny, limit=20, seed=3, as_frame=True))
    assert set(frames[0]["row_id"]) < set(more.index)


def test_a_data_set_of_the_hub_goes_on_with_the_commit_that_it_began_with(rows, tiny, tmp_path, monkeypatch, capsys):
    opened, revisions, commits = datasets.load_dataset, [], ["c0"]

    def load(name, config, revision, streaming):
        revisions.append((name, config, revision))
        return opened(str(rows), streaming=True)

    monkeypatch.setattr(datasets, "load_dataset", load)
    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", lambda *_, **__: SimpleNamespace(sha=commits[-1]))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(datasets.DatasetBuilder, "download_and_prepare", lambda *_, **__: pytest.fail("made a copy"))
    output = tmp_path / "vectors"
    files = streamed(tiny, "owner/name:plain", output)
    frame = read(output)
    assert frame["row_id"].tolist() == ["test-1", "test-2", *(f"train-{number}" for number in range(1, 21))]
    local = streamed(tiny, rows, tmp_path / "local")
    expected = read(tmp_path / "local")
    np.testing.assert_allclose(frame.filter(like="feature_"), expected.filter(like="feature_"), atol=1e-6)
    assert list(files) == list(local)

    commits.append("c1")
    (output / "train-00001.parquet").unlink()
    modaxfer.features("owner/name:plain", **asked(tiny, stream=True, output=output) | {"quiet": False})
    assert "hub owner/name:plain@main is c1 now; what was begun goes on with c0" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in sorted(output.glob("*.parquet"))} == files
    assert revisions == [("owner/name", "plain", "c0")] * 2


def test_pictures_pass_in_smaller_blocks(tiny, tmp_path, monkeypatch):
    from PIL import Image

    monkeypatch.setattr(passing_files, "PER_FILE_DECODED", 4)
    monkeypatch.setattr(passing_files, "BLOCK_DECODED", 2)
    for number in range(5):
        Image.new("RGB", (8, 8), (50 * number, 0, 0)).save(tmp_path / f"{number}.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    names = [*(f"{number}.png" for number in range(5)), "broken.png", "../out.png"]
    pd.DataFrame({"photo": names, "row_id": [*"abcdef", None]}).to_csv(tmp_path / "photos.csv", index=False)
    given = {"encoder": tiny("vit"), "image": "photo", "precision": "fp32", "quiet": True}
    modaxfer.features(tmp_path / "photos.csv", stream=True, output=tmp_path / "vectors", **given)
    whole = modaxfer.features(tmp_path / "photos.csv", output=tmp_path / "whole.parquet", **given)
    made, expected = read(tmp_path / "vectors"), pd.read_parquet(whole)
    assert made["row_id"].tolist() == [*"abcdef", "7"]
    assert made["reason"].tolist() == expected["reason"].tolist()
    assert made["reason"].notna().tolist() == [False] * 5 + [True] * 2
    np.testing.assert_allclose(made.filter(like="feature_"), expected.filter(like="feature_"), atol=1e-5)
    told = json.loads((tmp_path / "vectors" / "_shards.json").read_text())
    assert told == {
        "train-00000.parquet": [4, 0, [0, 0, 0], [0, 4, 0]],
        "train-00001.parquet": [3, 2, [0, 4, 0], None],
    }
