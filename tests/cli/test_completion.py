"""What a shell is given to complete command lines with."""

from __future__ import annotations

import pytest

from modaxfer.cli import main


@pytest.fixture
def shell(capsys):
    def run(*words):
        with pytest.raises(SystemExit) as stop:
            main.run(list(words))
        assert stop.value.code == 0
        return capsys.readouterr().out

    return run


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script_that_asks_modaxfer(shell, name):
    assert f"{main.COMPLETION}={name}_complete" in shell("completion", name)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("modaxfer train --strategy lo", "plain,lora"),
        ("modaxfer train --encoder ber", "plain,bert"),
        ("modaxfer train --task dig", "plain,digits"),
        ("modaxfer compare --strategy full,lor", "plain,full,lora"),
        ("modaxfer train --stra", "plain,--strategy"),
        ("modaxfer comple", "plain,completion"),
    ],
)
def test_names_flags_and_commands_are_completed(shell, monkeypatch, line, offered):
    monkeypatch.setenv(main.COMPLETION, "bash_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split()) - 1))
    assert offered in shell().splitlines()
