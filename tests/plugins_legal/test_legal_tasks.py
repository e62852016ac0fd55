import csv
import functools
import hashlib
import http.server
import os
import threading
import tomllib
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from answers import answers_of
from modaxfer.data.tables.files import read_table
from modaxfer.registry import registry
from modaxfer.spec import DownloadSource, RemoteFile
from modaxfer.tasks.load import load_task
from modaxfer_legal import plugin, sample, sigmalaw

PLUGIN = Path(__file__).parents[2] / "plugins" / "legal"
TASKS = {spec.name: spec for spec in plugin.modaxfer_tasks()}


def real_data(name):
    folder = Path(os.environ.get("MODAXFER_DATA", "")) / name
    if not os.environ.get("MODAXFER_DATA") or not folder.is_dir():
        pytest.skip(f"needs the real data: MODAXFER_DATA must name a folder that holds {name}")
    return folder


@pytest.fixture
def no_data(tmp_path, monkeypatch):
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.delenv("MODAXFER_DATA", raising=False)


def test_the_distribution_announces_the_plugin():
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["modaxfer"] == {"legal": "modaxfer_legal.plugin"}
    (point,) = (point for point in entry_points(group="modaxfer") if point.name == "legal")
    assert point.load() is plugin
    assert registry().get("task", "legal-sentiment").id == "legal/legal-sentiment"


def test_without_data_or_network_a_sample_is_read_and_said(no_data):
    data = load_task(TASKS["legal-sentiment"])
    assert data.source.startswith("sample made by modaxfer_legal.sample:legal_sentiment")
    assert data.warnings[0].startswith("NOT REAL DATA: task 'legal-sentiment'")
    assert "HF_HUB_OFFLINE" in data.warnings[0]
    assert data.dropped == {}
    assert set(answers_of(data)["test"].tolist()) == {0, 1, 2}


def test_the_sample_is_600_sentences_each_in_one_split():
    tables = sample.legal_sentiment(0)
    sentences = {split: set(table["sentence"].to_pylist()) for split, table in tables.items()}
    assert {split: len(found) for split, found in sentences.items()} == {"train": 480, "test": 120}
    assert not sentences["train"] & sentences["test"]
    for row in [row for table in tables.values() for row in table.to_pylist()]:
        assert row["party"] in row["sentence"]
        assert row["sentence"] == row["sentence"].lower()
    assert sample.legal_sentiment(0)["train"].equals(tables["train"])
    assert not sample.legal_sentiment(1)["train"].equals(tables["train"])


def test_the_sample_can_be_learnt_and_not_from_words_alone(no_data):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score

    data = load_task(TASKS["legal-sentiment"])
    texts = {split: [f"{row['party']} {row['sentence']}" for row in rows] for split, rows in data.splits.items()}
    words = TfidfVectorizer(ngram_range=(1, 2)).fit(texts["train"])
    model = LogisticRegression(C=10, max_iter=500).fit(words.transform(texts["train"]), data.targets["train"])
    score = f1_score(answers_of(data)["test"], model.predict(words.transform(texts["test"])), average="macro")
    assert 0.45 < score < 0.75


def write_raw(folder, rows):
    folder.mkdir(parents=True, exist_ok=True)
    for split, found in rows.items():
        with (folder / f"{split}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(["content", "aspect", "sentiment", "from", "to"])
            writer.writerows(found)


def test_the_authors_columns_are_read(tmp_path):
    rows = [("he won", "he", 1, 0, 2), ("she said “no, he lost", "he", -1, 13, 15), ("he  sat", "he", 0, 0, 2)]
    write_raw(tmp_path, {"train": rows, "test": rows[:1]})
    tables = sigmalaw.read(tmp_path)
    assert tables["train"].to_pylist() == [
        {"sentence": "he won", "party": "he", "label": "positive"},
        {"sentence": "she said “no, he lost", "party": "he", "label": "negative"},
        {"sentence": "he  sat", "party": "he", "label": "neutral"},
    ]
    assert tables["test"].num_rows == 1


def served(spec, url, folder):
    """Return `spec` with its download source alone, whose files come from `folder` by way of `url`."""
    (source,) = (source for source in spec.sources if isinstance(source, DownloadSource))
    files = {
        name: RemoteFile(url=f"{url}/{name}", sha256=hashlib.sha256((folder / name).read_bytes()).hexdigest())
        for name in source.files
    }
    return replace(spec, sources=(replace(source, files=files),))


@pytest.fixture
def serve():
    """Serve a folder over HTTP on the loopback device."""
    running = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    def start(folder):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
        running.append(server)
        threading.Thread(target=functools.partial(server.serve_forever, poll_interval=0.05), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def test_the_download_gives_a_task(tmp_path, monkeypatch, serve, no_data):
    monkeypatch.delenv("HF_HUB_OFFLINE")
    rows = [(f"case {n} was won", "case", (-1, 0, 1)[n % 3], 0, 4) for n in range(60)]
    write_raw(tmp_path / "raw", {"train": rows, "test": [*rows[:2], ("case x was lost", "case", -1, 0, 4)]})
    data = load_task(served(TASKS["legal-sentiment"], serve(tmp_path / "raw"), tmp_path / "raw"))
    assert data.source.startswith("download http://127.0.0.1")
    assert data.classes == ("negative", "neutral", "positive")
    assert data.dropped == {"also_in_test": 2}
    assert len(data.splits["test"]) == 3


@pytest.mark.weights
def test_legal_sentiment_on_the_real_data():
    folder = real_data("legal-sentiment")
    spec = TASKS["legal-sentiment"]
    data = load_task(spec, data_dir=folder.parent)
    assert {split: len(rows) for split, rows in data.splits.items()} == {"train": 1873, "validation": 330, "test": 668}
    assert data.dropped == {"also_in_test": 33, "duplicate": 118}
    assert data.warnings == ()
    sentences = {split: set(rows["sentence"]) for split, rows in data.splits.items()}
    assert sum(map(len, sentences.values())) == len(set.union(*sentences.values()))
    official = {
        split: set(read_table(folder / f"{split}.parquet")["sentence"].to_pylist()) for split in ("train", "test")
    }
    assert len(official["train"] & official["test"]) == 24


@pytest.mark.weights
def test_the_real_download_gives_the_rows_of_the_folder(tmp_path, monkeypatch, serve):
    """The authors' files are rebuilt from the folder byte by byte: their checksums are those that the task names."""
    folder = real_data("legal-sentiment")
    spec = TASKS["legal-sentiment"]
    numbers = {"negative": -1, "neutral": 0, "positive": 1}
    write_raw(
        tmp_path / "raw",
        {
            split: [
                (row["sentence"], row["party"], numbers[row["label"]], row["from"], row["to"])
                for row in read_table(folder / f"{split}.parquet").to_pylist()
            ]
            for split in ("train", "test")
        },
    )
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    mirrored = served(spec, serve(tmp_path / "raw"), tmp_path / "raw")
    (official,) = (source for source in spec.sources if isinstance(source, DownloadSource))
    (rebuilt,) = mirrored.sources
    assert {name: f.sha256 for name, f in rebuilt.files.items()} == {
        name: f.sha256 for name, f in official.files.items()
    }
    assert load_task(mirrored).fingerprint == load_task(spec, data_dir=folder.parent).fingerprint


@pytest.mark.weights
@pytest.mark.parametrize("name", ["unfair-tos", "unfair-clauses"])
def test_unfair_terms_on_the_real_data(name):
    folder = real_data("unfair-tos")
    data = load_task(TASKS[name], data_dir=folder.parent)
    assert {split: len(rows) for split, rows in data.splits.items()} == {
        "train": 9463,
        "validation": 2823,
        "test": 3816,
    }
    assert data.dropped == {"also_in_test": 796, "also_in_validation": 49, "duplicate": 436}
    companies = {split: set(rows["company"]) for split, rows in data.splits.items()}
    assert {split: len(found) for split, found in companies.items()} == {"train": 30, "validation": 10, "test": 10}
    unfair = answers_of(data)["test"] if name == "unfair-tos" else answers_of(data)["test"].any(axis=1)
    assert unfair.sum() == 302
