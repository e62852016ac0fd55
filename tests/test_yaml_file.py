"""Config files as people, and attackers, write them."""

from __future__ import annotations

import os

import pytest

from modaxfer.errors import ConfigError
from modaxfer.yaml_file import read_yaml

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [1", r"is not valid YAML\. Got: while parsing.*Fix: correct the line"),
        (b"seed: 1\nepochs: 2\nseed: 3\n", r"the key 'seed' is given twice.*line 3"),
        (b"set:\n  rank: 1\n  rank: 2\n", r"the key 'rank' is given twice"),
        (b"", r"must hold one mapping of keys to values\. Got: nothing"),
        (b"- a\n- b\n", r"must hold one mapping.*Got: list"),
        (b"1: a\n", r"has keys that are no words\. Got: 1"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", r"is not text in UTF-8"),
        (b"a\x00b: 1", r"is not valid YAML"),
        (b"a: !!python/object/apply:os.system ['true']", r"is not valid YAML.*could not determine a constructor"),
        (b"when: 2026-13-45\n", r"holds a value that is none.*put it in quotes"),
        (BOMB.encode(), r"is too deep, or its aliases stand for too much\. Allowed: 10,000 values, 20 levels"),
        (b"a: &a [*a]\n", r"is too deep"),
        (b"a: " + b"[" * 30 + b"]" * 30, r"is too deep"),
        (b"a: " + b"[" * 200_000, r"is too deep"),
        (b"x: '" + b"y" * (1 << 20) + b"'", r"is too large for a config"),
    ],
)
def test_what_is_no_config_is_refused_with_the_reason(tmp_path, content, message):
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        read_yaml(path)


def test_a_folder_a_missing_file_and_a_pipe_nobody_fills_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"the config is a folder, not a file\. .*Fix: name the file in it"):
        read_yaml(tmp_path)
    (tmp_path / "config.yaml").touch()
    with pytest.raises(ConfigError, match=rf"is a folder.*Fix: --config {tmp_path}/config\.yaml"):
        read_yaml(tmp_path)
    with pytest.raises(ConfigError, match=r"cannot read config file .*Got: No such file"):
        read_yaml(tmp_path / "none.yaml")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="the config is no regular file"):
        read_yaml(tmp_path / "pipe")


def test_what_a_shell_puts_for_a_command_is_read():
    reading, writing = os.pipe()
    os.write(writing, b"seed: 1\n")
    os.close(writing)
    assert read_yaml(__import__("pathlib").Path(f"/dev/fd/{reading}")) == {"seed": 1}
    os.close(reading)


def test_windows_marks_and_merged_keys_are_read(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_bytes(b"\xef\xbb\xbfseed: 1\r\nset: &s {rank: 8}\r\nother:\r\n  <<: *s\r\n  rank: 4\r\n")
    assert read_yaml(path) == {"seed": 1, "set": {"rank": 8}, "other": {"rank": 4}}
