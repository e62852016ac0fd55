"""What a run prints at its end."""

from __future__ import annotations

import re

import pytest

from modaxfer.reports import figures
from modaxfer.reports.facts import cost_facts
from modaxfer.reports.terminal import summary

BASELINES = "chance 0.310   majority 0.220   simple (tf-idf + logistic regression) 0.703"


def test_the_summary_of_a_run(run):
    result = run.classes()
    (run.root / "report.html").touch()
    assert summary(result, run.root).splitlines() == [
        "bert with lora on legal-sentiment",
        f"test f1_macro  0.713  [0.673, 0.753]   {BASELINES}",
        "test accuracy  0.717  [0.677, 0.757]   chance 0.310   majority 0.220   simple 0.703",
        "Beats chance (0.310) and the majority class (0.220); "
        "no evidence of a difference from the simple bar (tf-idf + logistic regression, 0.703).",
        "f1_macro elsewhere: validation 0.720, train 0.856",
        "time 1 min 41 s (load 1.2 s, train 1 min 35 s), 123 examples/s, peak memory 812 MB",
        "warning: 3 rows were cut to 512 tokens",
        f"report   {run.root / 'report.html'}",
    ]


def test_utilisation_stands_behind_the_examples(run):
    told = {"total": 10**16, "per_step": 10**13, "per_example": 10**10, "per_s": 212_345_678_901}
    peak = {"peak_per_s": 10**12, "peak_source": "some data sheet", "mfu": 0.2123}
    assert ", 123 examples/s, peak memory" in summary(run.classes(model_flops=told))
    result = run.classes(model_flops=told | peak)
    assert ", 123 examples/s (MFU 21 %), peak memory" in summary(result)
    facts = dict(cost_facts(result))
    assert facts["model FLOPs per example"] == "10 GFLOP"
    assert facts["model FLOP/s"] == "212 GFLOP/s"
    assert facts["model FLOPs utilisation"] == "21 % of 1 TFLOP/s (some data sheet)"


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


def test_columns_are_aligned_and_a_baseline_that_was_not_measured_leaves_a_gap(run):
    lines = summary(run.regression()).splitlines()[1:3]
    assert [line.rstrip() for line in lines] == [
        "test rmse  40.602  [37.602, 43.602]   chance 160.0   mean 118.0   simple (gradient-boosted trees) 41.602",
        "test r2    0.910",
    ]


def test_a_fused_model_has_a_line_per_part(run):
    lines = summary(run.fused()).splitlines()
    assert lines[0] == "vit + bert with fusion on legal-sentiment, through serialise"
    assert lines[3:6] == [
        "image alone  0.580  [0.540, 0.620]   all parts minus it [0.090, 0.170]   ✓ all parts do better",
        "text alone   0.700  [0.660, 0.740]   all parts minus it [-0.020, 0.050]  ≈ no evidence of a difference",
        "table alone  0.330" + 55 * " " + "? no interval of the difference, so no claim",
    ]


def test_a_shared_model_has_a_line_per_task(run):
    lines = summary(run.shared()).splitlines()
    assert lines[:7] == [
        "bert with multitask on rt-polarity + legal-sentiment + prices + digits",
        "test mean_primary  0.700",
        "rt-polarity, test accuracy      0.810  [0.769, 0.851]   alone 0.780   difference [0.010, 0.050]   ✓ gain",
        "legal-sentiment, test f1_macro  0.610  [0.580, 0.640]   alone 0.620   difference [-0.050, 0.030]  "
        "≈ no evidence",
        "prices, test rmse               120.5  [114.5, 126.5]   alone 101.0   difference [9.000, 30.000]  ✗ harm",
        "digits, test accuracy           0.970  [0.921, 1.018]" + 45 * " " + "not trained alone",
        "Sharing gains on rt-polarity; sharing harms prices; no evidence that sharing changes legal-sentiment; "
        "what sharing did to digits is not known, for want of a training of each by itself.",
    ]


def test_a_warning_is_one_line_and_moves_no_cursor(run):
    text = summary(run.classes(warnings=("class a\nmodaxfer: all is well\x1b[2J",)))
    assert "warning: class a\\nmodaxfer: all is well\\x1b[2J" in text


@pytest.mark.parametrize("kind", ["classes", "regression", "fused", "shared"])
def test_a_narrow_terminal_gets_the_same_words_in_shorter_lines(run, kind):
    result = getattr(run, kind)()
    wide, narrow = summary(result), summary(result, width=80).splitlines()
    assert max(map(len, narrow)) <= 80
    assert set(re.findall(r"[0-9.]{4,}", wide)) == set(re.findall(r"[0-9.]{4,}", " ".join(narrow)))


def test_where_scores_are_wide_their_baselines_are_named_once(run):
    lines = summary(run.classes(), width=80).splitlines()[1:4]
    assert lines[0] == "               score  95 % interval   chance  majority  simple"
    assert lines[1] == "test f1_macro  0.713  [0.673, 0.753]  0.310   0.220     0.703"
