"""Runs that are damaged or were written by others, as the command line meets them: one line, exit 2, the file named."""

from __future__ import annotations

import json
import shutil

import pytest

import modaxfer
from modaxfer.cli import main

GONE = object()


@pytest.fixture(scope="module")
def original(tiny, own_rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "texts"
    rows = own_rows("text")
    modaxfer.train(encoder=str(tiny("bert")), strategy="frozen", output=str(folder), device="cpu", quiet=True, **rows)
    return folder


@pytest.fixture
def run(original, tmp_path):
    return shutil.copytree(original, tmp_path / "run")


@pytest.fixture
def said(capsys):
    def shell(*words):
        with pytest.raises(SystemExit) as stop:
            main.run([str(word) for word in words])
        err = capsys.readouterr().err
        assert "modaxfer: unexpected" not in err
        assert stop.value.code == 2, err
        return err.splitlines()[-1]

    return shell


def changed(path, keys, value):
    values = json.loads(path.read_text())
    inner = values
    for key in keys[:-1]:
        inner = inner[key]
    if value is GONE:
        del inner[keys[-1]]
    else:
        inner[keys[-1]] = value
    path.write_text(json.dumps(values))


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff\xfe\x00", b"[" * 100_000, b'{"schema": 1}', b""])
@pytest.mark.parametrize("command", ["report", "evaluate"])
def test_a_damaged_result_is_named(run, said, command, content):
    (run / "result.json").write_bytes(content)
    assert f"a file of the run is damaged (file {run}/result.json). Got: " in said(command, run)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("metrics",), [1]),
        (("metrics", "test"), "x"),
        (("tasks",), [1]),
        (("tasks",), {"a": "b"}),
        (("baselines",), "x"),
        (("encoder",), GONE),
    ],
)
def test_a_result_of_wrong_kinds_is_named(run, said, keys, value):
    changed(run / "result.json", keys, value)
    assert "result.json). Got: " in said("report", run)


@pytest.mark.parametrize(
    ("keys", "value", "words"),
    [
        (("towers",), GONE, "KeyError: 'towers'"),
        (("towers",), 3, "TypeError"),
        (("towers", 0), {}, "KeyError"),
        (("towers", 0, "encoder_options"), {"wheels": 1}, "wheels"),
        (("towers", 0, "layout"), {"kind": 5}, "max_tokens"),
        (("towers", 0, "readout"), {}, "layers"),
        (("towers", 0, "encoder_options", "max_tokens"), "64", "max_tokens is '64'"),
        (("towers", 0, "encoder_options", "max_tokens"), -1, "max_tokens: got -1"),
        (("towers", 0, "encoder", "checkpoint"), 7, "encoder.checkpoint is 7"),
        (("towers", 0, "readout", "layers"), [], "readout.layers is []"),
        (("towers", 0, "readout", "weights"), ["1"], "readout.weights is ['1']"),
        (("towers", 0, "readout", "pooling"), "max", "pooling: got 'max'"),
        (("towers", 0, "segments"), -1, "segments is -1"),
        (("classes",), ["a"], "classes is ['a']"),
        (("files",), ["a"], "files is ['a']"),
    ],
)
def test_a_damaged_description_of_a_model_is_named(run, own_rows, said, keys, value, words):
    changed(run / "model" / "model.json", keys, value)
    line = said("predict", run, own_rows("text")["data"])
    assert "a file of the run is damaged (file " in line
    assert "model/model.json). Got: " in line
    assert words in line


@pytest.mark.parametrize(
    ("keys", "value", "words"),
    [
        (("towers", 0, "encoder", "id"), "os:system", "unknown encoder"),
        (("towers", 0, "bridge", "id"), "os:system", "unknown bridge"),
        (("head", "kind"), "os:system", "unknown head"),
        (("criterion", "problem"), "os:system", "unknown problem"),
        (("towers", 0, "adapter"), {"method": "os.system", "options": {}, "targets": []}, "no such adapter"),
    ],
)
def test_what_a_model_names_is_looked_up_among_what_is_installed(run, own_rows, said, keys, value, words):
    changed(run / "model" / "model.json", keys, value)
    assert words in said("predict", run, own_rows("text")["data"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "is not valid YAML"),
        ("zzz: 1", "unknown key zzz"),
        ("strategy: lora", "the run's config names no task, or several"),
        ("data: none.csv", "none.csv"),
    ],
)
def test_a_damaged_config_is_named(run, said, text, words):
    (run / "config.yaml").write_text(text)
    assert words in said("evaluate", run)
