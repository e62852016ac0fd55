"""What a long stretch of work says of itself, on a terminal and in a log."""

from __future__ import annotations

import io
import itertools
import sys
from contextlib import suppress

import pytest

from modaxfer.runner import progress
from modaxfer.runner.progress import Progress


@pytest.fixture
def clock(monkeypatch):
    """Let each look at the clock be one second later than the last."""
    ticks = itertools.count()
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(ticks)))


def test_a_log_gets_few_lines_with_rows_per_second_and_the_time_left(clock, capsys):
    with Progress().bar("training (tune)", 102_720) as advance:
        for _ in range(3210):
            advance(32)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "  training (tune): 320 of 102,720, 32 rows/s, 0:53:20 left"
    assert len(lines) == 9
    assert lines[1].startswith("  training (tune): 640 of ")


def test_a_warning_is_said_once_however_often_it_is_told(capsys):
    shown = Progress()
    for warning in ("few rows", "few rows", "no width", "few rows"):
        shown.warn(warning)
    Progress(enabled=False).warn("few rows")
    assert capsys.readouterr().err == "warning: few rows\nwarning: no width\n"


def test_of_a_stream_it_says_what_has_gone_by(clock, capsys):
    advance = Progress().passing("reading shards as a stream")
    for _ in range(100):
        advance(1_000)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "  reading shards as a stream: 10,000 rows, 1,000 rows/s"
    assert len(lines) == 4


def test_quiet_says_nothing(clock, capsys):
    with Progress(enabled=False).bar("training", 640, "steps") as advance:
        for _ in range(20):
            advance(32)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_terminal_is_never_wider_than_it_is(monkeypatch, width):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    with Progress().bar("training (a name as long as this one is)", 102_720) as advance:
        advance(102_720)
    from rich.text import Text

    lines = [Text.from_ansi(part).plain for line in shown.getvalue().split("\n") for part in line.split("\r")]
    assert any("training" in line for line in lines)
    assert max(map(len, lines)) <= width


def test_a_terminal_says_that_libraries_come_in_until_they_are_there(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    with suppress(ImportError), Progress().loading():
        before = shown.getvalue()
        raise ImportError
    assert before == "loading libraries ..."
    assert shown.getvalue() == f"{before}\r{' ' * len(before)}\r"


def test_elsewhere_nothing_is_said_of_libraries(capsys):
    with Progress().loading():
        pass
    assert capsys.readouterr().err == ""
