"""Lines fit a terminal, and none goes around the door that fits them."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest

import modaxfer
from modaxfer.cli.layout import indented
from modaxfer.cli.output import print_lines
from modaxfer.fitted_lines import fit
from modaxfer.runner.progress import Progress

ROOM = Path(modaxfer.__file__).parent
DATA = "data       own/data: 1,234 train, 400 validation, 400 test rows (fingerprint 0123456789ab), and 中文 beside"
PLACE = f"report   {'folder/' * 20}report.html"
LONG = [DATA, f"warning: {'many words ' * 20}", f"  epoch 1: {'loss 0.1, ' * 20}", PLACE]


class Terminal(io.StringIO):
    """A stream that is taken for a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("width", [40, 80])
def test_lines_of_a_run_and_of_a_command_go_on_below_themselves_on_a_terminal(monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    shown = Terminal()
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, shown)
    for line in LONG:
        Progress().say(line)
        print_lines(line)
        print_lines(line, err=True)
    lines = shown.getvalue().splitlines()
    assert [line for line in lines if len(line) > width and "folder/folder" not in line] == []
    assert sum(line.endswith(PLACE.split()[1]) for line in lines) == 3
    assert lines[1].startswith(" " * 11)
    assert " ".join(shown.getvalue().split()).count(" ".join(DATA.split())) == 3


def test_a_log_has_one_line_for_each_and_commands_and_json_stay_whole(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    Progress().say(DATA)
    assert capsys.readouterr().err == f"{DATA}\n"
    monkeypatch.setattr(sys, "stdout", shown := Terminal())
    command = f"  modaxfer train {'--set key=value ' * 9}"
    print_lines(command)
    print_lines(DATA, whole=True)
    assert shown.getvalue().split("\n") == [command, DATA, ""]


def test_commands_inside_sentences_and_behind_a_fix_stay_whole(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    inside = f"run `pip install --no-deps {'a-long-name==0.1.0 ' * 3}` and then go on as before with what you have"
    assert f"`pip install --no-deps {'a-long-name==0.1.0 ' * 3}`" in fit(inside, Terminal()).split("\n")[1]
    assert fit(f"  fix: pip install '{'a' * 20}>=1, <2' 'other'", Terminal()).count("\n") == 0
    install = "pip install --no-deps a-very-long-name-of-a-package==0.1.0"
    assert indented("  install  ", install, 40) == [f"  install  {install}"]
    assert indented("  folder  ", f"{'/folder' * 9} and more words", 40)[0] == f"  folder  {'/folder' * 9}"


def test_nothing_is_printed_that_does_not_fit():
    # Read by a program that has asked for them; and three words without an end of line.
    asked = {"export/carried/answers.py", "testing/checks/observed.py", "runner/progress.py"}
    writes = re.compile(r"(?:click\.s?echo|std(?:out|err)\.write(?:lines)?|\bprint)\((?!.*\bfit\()(?!click\.style)")
    texts = {path.relative_to(ROOM).as_posix(): path.read_text("utf-8") for path in ROOM.rglob("*.py")}
    assert {name for name, text in texts.items() if writes.search(text)} == asked
