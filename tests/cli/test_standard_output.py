"""Consoles that know few letters, pipes whose reader has gone, libraries that talk: real processes and real pipes."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import warnings

import pytest

from modaxfer.cli.libraries import Heard, hushed
from modaxfer.cli.standard_output import TolerantStream

CLI = [sys.executable, "-m", "modaxfer"]
LIST = ["list", "--json"]


def start(*words, **streams):
    environment = {**os.environ, "MODAXFER_PLUGINS": "", **streams.pop("environment", {})}
    return subprocess.Popen([*CLI, *words], env=environment, **streams)


@pytest.mark.parametrize(
    "words", [LIST, ["--help"], *(pytest.param(words, marks=pytest.mark.slow) for words in (["list"], ["show", "vit"]))]
)
def test_a_reader_that_goes_early_is_no_error(words):
    reading, writing = os.pipe()
    os.close(reading)
    process = start(*words, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert process.communicate()[1] == ""
    assert process.returncode == 0


def test_nobody_reads_either_stream():
    reading, writing = os.pipe()
    os.close(reading)
    process = start("list", stdout=writing, stderr=writing)
    mistaken = start("train", "--lr", "1", stdout=writing, stderr=writing)
    os.close(writing)
    assert process.wait() == 0
    assert mistaken.wait() == 2


def test_streams_that_are_closed_from_the_start():
    done = subprocess.run(["sh", "-c", f"{sys.executable} -m modaxfer list >&- 2>&-"], check=False)
    assert done.returncode == 0


@pytest.mark.parametrize(
    "encoding", ["cp1252", *(pytest.param(each, marks=pytest.mark.slow) for each in ("ascii", "utf-8"))]
)
def test_letters_that_a_console_does_not_know_are_escaped(encoding, tmp_path):
    name = tmp_path / "größe-日本-\x1b[31m.yaml"
    process = start(
        "train", "--config", str(name), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        environment={"PYTHONIOENCODING": encoding, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    out, err = process.communicate()
    assert process.returncode == 2
    assert out == b""
    shown = {"ascii": r"gr\xf6\xdfe-\u65e5\u672c", "cp1252": r"größe-\u65e5\u672c", "utf-8": "größe-日本"}[encoding]
    assert rf"{shown}-\x1b[31m.yaml" in err.decode(encoding)


def test_a_run_outlives_the_reader_of_its_progress():
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", buffering=1) as file:
        stream = TolerantStream(file)
        assert stream.write("one\n") == 4
        stream.write("two\n")
        stream.flush()


def test_what_libraries_say_is_kept_from_the_terminal_and_noted_in_the_log(capsys, tmp_path):
    with hushed() as heard, warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning("old", FutureWarning, "/x/site-packages/sklearn/base.py", 1)
        warnings.showwarning("old", FutureWarning, "/x/site-packages/sklearn/base.py", 2)
        record = logging.LogRecord("PIL.Image", logging.WARNING, "", 1, "large %s", ("picture",), None)
        logging.lastResort.handle(record)
        heard.write(tmp_path)
    assert capsys.readouterr().err == ""
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert lines == [
        {"library": "sklearn", "warning": "old"},
        {"library": "PIL", "warning": "large picture"},
    ]


def test_debug_lets_libraries_speak():
    shown = warnings.showwarning
    with hushed(False):
        assert warnings.showwarning is shown
    with hushed():
        assert warnings.showwarning is not shown
    assert warnings.showwarning is shown


def test_nothing_heard_writes_no_log(tmp_path):
    Heard().write(tmp_path)
    assert list(tmp_path.iterdir()) == []
