"""What a run prints at its end, and tables for commands."""

from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console
from rich.table import Table

from modaxfer.reports import figures
from modaxfer.reports.terminal import summary, table

BASELINES = "chance 0.310   majority 0.220   simple (tf-idf + logistic regression) 0.703"


def test_the_summary_of_a_run(run):
    result = run.classes()
    (run.root / "report.html").touch()
    assert summary(result, run.root).splitlines() == [
        "bert with lora on legal-sentiment",
        f"test f1_macro  0.713  [0.673, 0.753]   {BASELINES}",
        f"test accuracy  0.717  [0.677, 0.757]   {BASELINES}",
        "Beats chance (0.310) and the majority class (0.220); "
        "no evidence of a difference from the simple bar (tf-idf + logistic regression, 0.703).",
        "f1_macro elsewhere: validation 0.720, train 0.856",
        "time 1 min 41 s (load 1.2 s, train 1 min 35 s), 123 examples/s, peak memory 812 MB",
        "warning: 3 rows were cut to 512 tokens",
        f"report   {run.root / 'report.html'}",
    ]


def test_without_a_page_the_run_itself_is_named(run):
    assert summary(run.classes(), run.root).endswith(f"\nrun      {run.root}")


def test_without_matplotlib_the_summary_says_how_to_get_figures(run, monkeypatch):
    monkeypatch.setattr(figures, "find_spec", lambda name: None)
    assert summary(run.classes(), run.root).endswith("figures  not drawn: pip install 'modaxfer[plots]'")


def test_a_failed_run_shows_its_reason_and_no_score(run):
    lines = summary(run.failed()).splitlines()
    assert lines[0] == "The run failed, so there is no score: loss is not a number at step 2."
    assert not any("test " in line for line in lines)


def test_a_sample_is_said_loudly(run):
    text = summary(run.classes(data={"source": "sample made by legal (seed 0)"}))
    assert "THIS IS A SAMPLE, NOT THE REAL DATA: sample made by legal (seed 0)" in text.splitlines()


def test_little_is_known_and_nothing_is_made_up(run):
    result = run.classes(
        intervals={}, baselines={}, time_s={}, examples_per_s=None, peak_memory_mb=None, warnings=(),
        metrics={"test": {"accuracy": 0.5}, "primary": "accuracy"},
    )  # fmt: skip
    assert summary(result).splitlines() == [
        "bert with lora on legal-sentiment",
        "test accuracy  0.500",
        "Chance, the majority class and the simple bar were not measured.",
    ]


ROWS = [{"name": "[bold]vit[/bold]", "score": 0.5}, {"name": "日本", "score": None}]


def test_a_table_elsewhere_than_on_a_terminal_is_aligned_text():
    assert table(ROWS, ["name", "score"]).splitlines() == ["name              score", "[bold]vit[/bold]  0.5", "日本"]


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("TERM", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    return monkeypatch


def shown(made):
    console = Console(file=io.StringIO(), force_terminal=True, width=60, color_system="standard")
    console.print(made)
    return console.file.getvalue()


def test_a_table_on_a_terminal_is_rich_and_takes_cells_as_text(terminal):
    made = table(ROWS, ["name", "score"])
    assert isinstance(made, Table)
    assert "[bold]vit[/bold]" in shown(made)


def test_a_table_has_no_colours_of_its_own_to_be_switched_off(terminal):
    terminal.setenv("NO_COLOR", "1")
    codes = {part.split("m")[0] for part in shown(table(ROWS, ["name", "score"])).split("\x1b[")[1:]}
    assert codes <= {"1", "0"}


def test_a_dumb_terminal_gets_text(terminal):
    terminal.setenv("TERM", "dumb")
    assert isinstance(table(ROWS, ["name"]), str)


def test_a_table_without_rows_shows_its_columns():
    assert table([], ["name", "score"]) == "name  score"
