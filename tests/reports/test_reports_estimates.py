"""What is said of a target without its labels stands in the summary and in the report."""

from __future__ import annotations

from dataclasses import replace

from modaxfer.reports.estimates import estimate_facts
from modaxfer.reports.facts import data_facts
from modaxfer.reports.terminal import summary

ESTIMATES = {
    "validators": {"im": 0.5, "dev": 0.8125},
    "source_only": {"im": 0.4},
    "accuracy": {
        "atc": {"value": 0.75, "interval": [0.7, 0.8]},
        "doc": {"value": 0.5, "interval": [0.4, 0.6]},
        "measured": 0.7,
    },
}
ACCURACY = "ATC 0.750 [0.700, 0.800], DOC 0.500 [0.400, 0.600], measured 0.700"


def test_estimates_stand_beside_what_was_measured(run):
    result = replace(run.classes(), estimates=ESTIMATES)
    said = dict(estimate_facts(result))
    assert said == {
        "accuracy on test, estimated without its labels": ACCURACY,
        "validators": "im 0.500 (source-only 0.400), dev 0.812",
    }
    assert said.items() <= dict(data_facts(result)).items()
    assert f"accuracy on test, estimated without its labels: {ACCURACY}" in summary(result).splitlines()


def test_a_run_that_adapts_to_nothing_says_nothing(run):
    assert estimate_facts(run.classes()) == ()
    assert estimate_facts(replace(run.classes(), estimates={"accuracy": {"measured": 0.7}})) == ()
