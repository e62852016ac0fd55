import functools
import hashlib
import http.server
import sys
import threading
import time
import urllib.request

import datasets
import huggingface_hub
import pyarrow as pa
import pytest

from modaxfer.data import download, read_data, sources
from modaxfer.data.origin import file_of
from modaxfer.data.sources import find_rows
from modaxfer.errors import DataError, PluginError
from modaxfer.spec import (
    TEXT,
    DownloadSource,
    Field,
    FolderSource,
    HubSource,
    PackageSource,
    RemoteFile,
    SampleSource,
    Target,
    TaskSpec,
)

CSV = b"text,label\na,x\nb,y\n"


def task(*origins):
    return TaskSpec(name="mine", fields=(Field(name="text", signal=TEXT),), target=Target(), sources=origins)


def made_rows(seed=None):
    return {"train": pa.table({"text": [f"seed {seed}"], "label": ["x"]})}


def no_rows(seed=None):
    return {"test": pa.table({"text": ["a"]})}


def read_as_train(folder):
    return {"train": pa.table({"text": [path.name for path in sorted(folder.iterdir())]})}


HERE = f"{__name__}:"
SAMPLE = SampleSource(target=HERE + "made_rows")
PACKAGE = PackageSource(distribution="pluggy", target=HERE + "made_rows")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MODAXFER_DATA", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)


@pytest.fixture
def data_dir(tmp_path):
    folder = tmp_path / "data" / "mine"
    folder.mkdir(parents=True)
    (folder / "train.csv").write_bytes(CSV)
    return folder.parent


@pytest.fixture
def server(tmp_path):
    """A web server on the loopback device that counts requests by path."""
    served = tmp_path / "served"
    served.mkdir()
    (served / "train.csv").write_bytes(CSV)
    seen = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            seen.append(self.path)

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=served))
    threading.Thread(target=functools.partial(running.serve_forever, poll_interval=0.05), daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}", seen
    running.shutdown()
    running.server_close()


def remote(url, content=CSV, **files):
    checksum = hashlib.sha256(content).hexdigest()
    return DownloadSource(files={"train.csv": RemoteFile(url=url, sha256=checksum), **files})


def test_a_folder_below_data_dir(data_dir):
    found = find_rows(task(FolderSource(name="mine"), SAMPLE), data_dir)
    assert found.tables["train"].num_rows == 2
    assert found.source == f"folder {data_dir / 'mine'}"
    assert found.root == data_dir / "mine"
    assert found.warnings == ()


def test_the_environment_names_the_folder(data_dir, monkeypatch):
    monkeypatch.setenv("MODAXFER_DATA", str(data_dir))
    assert find_rows(task(FolderSource(name="mine")), None).source == f"folder {data_dir / 'mine'}"


def test_an_absolute_name_may_be_a_file(data_dir):
    path = data_dir / "mine" / "train.csv"
    found = find_rows(task(FolderSource(name=str(path))), None)
    assert (found.source, found.root) == (f"file {path}", path.parent)


def test_a_folder_may_have_a_reader(data_dir):
    found = find_rows(task(FolderSource(name="mine", reader=HERE + "read_as_train")), data_dir)
    assert found.tables["train"]["text"].to_pylist() == ["train.csv"]
    assert file_of(found.tables["train"]) == f"folder {data_dir / 'mine'} train"


def test_a_broken_folder_is_an_error_and_no_reason_for_another_source(data_dir):
    (data_dir / "mine" / "train.csv").write_bytes(b"text,label\nonly one\n")
    with pytest.raises(DataError, match=r"the row has 1 cells"):
        find_rows(task(FolderSource(name="mine"), SAMPLE), data_dir)


def test_an_absent_folder_is_said_when_another_source_steps_in(tmp_path):
    found = find_rows(task(FolderSource(name="mine"), PACKAGE), tmp_path)
    assert found.source.startswith("package pluggy ")
    (warning,) = found.warnings
    assert f"folder mine: {tmp_path / 'mine'} does not exist" in warning
    assert find_rows(task(FolderSource(name="mine"), PACKAGE), None).warnings == ()


def test_a_sample_says_loudly_what_it_is():
    found = find_rows(task(FolderSource(name="mine"), SAMPLE), None)
    assert found.source.startswith("sample made by ")
    assert found.tables["train"]["text"].to_pylist() == ["seed 0"]
    assert found.root is None
    (warning,) = found.warnings
    assert warning.startswith("NOT REAL DATA: task 'mine'")
    assert "folder mine: neither --data-dir nor MODAXFER_DATA is given" in warning


def test_without_any_source_every_reason_is_given(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    gone = PackageSource(distribution="no-such-distribution", target="no_such:rows")
    spec = task(FolderSource(name="mine"), remote("http://127.0.0.1:1/train.csv"), gone)
    with pytest.raises(DataError) as caught:
        find_rows(spec, tmp_path)
    message = str(caught.value)
    assert "no source has the rows of task 'mine'" in message
    assert "folder mine: " in message
    assert "http://127.0.0.1:1/train.csv: not in the cache, and HF_HUB_OFFLINE forbids the network" in message
    assert "package no-such-distribution: no distribution of this name is installed; the name stands in the" in message
    assert "pip install" not in message
    assert "--data-dir" in message


def test_a_source_without_a_training_split_is_its_authors_mistake():
    with pytest.raises(PluginError, match=r"sample .* brings no training split of task 'mine' \(.*\)\. Got: test"):
        find_rows(task(SampleSource(target=HERE + "no_rows")), None)


def test_a_download_is_fetched_once(server, monkeypatch):
    url, seen = server
    spec = task(remote(f"{url}/train.csv"))
    first = find_rows(spec, None)
    assert first.tables["train"].to_pylist() == [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]
    assert first.source == f"download {url}/train.csv"
    assert [path.name for path in first.root.iterdir()] == ["train.csv"]
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert find_rows(spec, None).tables["train"].num_rows == 2
    assert len(seen) == 1


def test_a_damaged_file_in_the_cache_is_fetched_again(server):
    url, seen = server
    spec = task(remote(f"{url}/train.csv"))
    root = find_rows(spec, None).root
    (root / "train.csv").write_text("text,label\nforged,x\n")
    assert find_rows(spec, None).tables["train"]["text"].to_pylist() == ["a", "b"]
    assert len(seen) == 2


def test_a_wrong_checksum_is_never_used(server, tmp_path):
    url, _ = server
    found = find_rows(task(remote(f"{url}/train.csv", b"other"), SAMPLE), None)
    assert "has SHA-256" in found.warnings[0]
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_a_file_that_the_server_lacks(server):
    url, _ = server
    with pytest.raises(DataError, match=r"HTTPError: HTTP Error 404"):
        find_rows(task(remote(f"{url}/gone.csv")), None)


def test_no_network_is_found_out_quickly(monkeypatch):
    monkeypatch.setattr(download, "CONNECT_SECONDS", 0.1)
    release = threading.Event()
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: release.wait(30))
    start = time.perf_counter()
    with pytest.raises(DataError, match=r"no answer within 0\.1 s"):
        find_rows(task(remote("http://nowhere.invalid/train.csv")), None)
    assert time.perf_counter() - start < 3
    release.set()


def test_refused_connections_are_named():
    with pytest.raises(DataError, match=r"http://127\.0\.0\.1:1/train\.csv: URLError: .*refused"):
        find_rows(task(remote("http://127.0.0.1:1/train.csv")), None)


def test_the_hub_is_read_at_its_revision(monkeypatch):
    asked = {}

    def load_dataset(name, config, revision):
        asked.update(name=name, config=config, revision=revision)
        features = datasets.Features(
            {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])}
        )
        rows = datasets.Dataset.from_dict({"text": ["a"], "label": [1]}, features)
        return datasets.DatasetDict({"train": rows})

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", lambda *_, **__: "there")
    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    found = find_rows(task(HubSource(dataset="a/b", revision="abc", config="en")), None)
    assert asked == {"name": "a/b", "config": "en", "revision": "abc"}
    assert found.source == "hub a/b@abc"
    assert found.tables["train"].to_pylist() == [{"text": "a", "label": "yes"}]
    assert b"huggingface" not in found.tables["train"].schema.metadata


def test_an_unreachable_hub_makes_room_for_the_next(monkeypatch):
    def unreachable(*_, **__):
        raise ConnectionError("no route")

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", unreachable)
    found = find_rows(task(HubSource(dataset="a/b", revision="abc"), SAMPLE), None)
    assert "hub a/b@abc: ConnectionError: no route" in found.warnings[0]


def test_offline_the_hub_is_asked_for_its_cache_only(monkeypatch):
    def not_cached(*_, **__):
        raise ConnectionError("not cached")

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(sources, "_require_hub", lambda _: pytest.fail("asked the network"))
    monkeypatch.setattr(datasets, "load_dataset", not_cached)
    with pytest.raises(DataError, match=r"hub a/b@abc: ConnectionError: not cached"):
        find_rows(task(HubSource(dataset="a/b", revision="abc")), None)


def test_the_cache_folder(monkeypatch, tmp_path):
    assert download.cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("MODAXFER_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert download.cache_folder() == tmp_path / ".cache" / "modaxfer"


def test_a_named_data_folder_is_never_replaced_by_made_up_rows(tmp_path, monkeypatch):
    with pytest.raises(
        DataError, match=r"--data-dir does not hold the rows of task 'mine'\. Got: folder set: .*set does"
    ):
        find_rows(task(FolderSource(name="set"), SAMPLE), tmp_path)
    monkeypatch.setenv("MODAXFER_DATA", str(tmp_path))
    assert "NOT REAL DATA" in find_rows(task(FolderSource(name="set"), SAMPLE), None).warnings[0]


def test_a_named_data_folder_that_a_task_does_not_read_is_said(tmp_path):
    assert find_rows(task(PACKAGE), tmp_path).warnings == (
        f"task 'mine' takes nothing from --data-dir {tmp_path}: package pluggy brings its rows",
    )
    assert find_rows(task(PACKAGE), None).warnings == ()


def test_media_of_a_package_are_found_beside_the_files_that_it_ships(tmp_path, monkeypatch):
    (tmp_path / "train.csv").write_bytes(b"image,label\npictures/1.png,x\n")
    monkeypatch.setattr(sys.modules[__name__], "made_rows", lambda: read_data(tmp_path / "train.csv"))
    assert find_rows(task(PACKAGE), None).root == tmp_path
    monkeypatch.setattr(sys.modules[__name__], "made_rows", lambda: {"train": pa.table({"label": ["x"]})})
    assert find_rows(task(PACKAGE), None).root is None
