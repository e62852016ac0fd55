"""Scores by name: what is asked, and what is refused before anything is encoded."""

from __future__ import annotations

import numpy as np
import pytest

from modaxfer.contracts import Judged
from modaxfer.errors import DataError, RefusedError, RunFailedError, UnknownNameError
from modaxfer.registry import load_target, registry
from modaxfer.testing.material.encoded_rows import drawn, encoded_rows
from modaxfer.transferability import check_fit, default_scores, judge, judged


@pytest.mark.parametrize("problem", ["binary", "multiclass", "multilabel", "regression"])
def test_the_default_scores_fit(problem):
    names = default_scores(problem)
    assert names == ("k-nn", "linear-probe", "h-score")
    for name in names:
        check_fit(name, problem)


def test_targets_without_a_closed_form_have_none():
    assert default_scores("tagging") == ()
    with pytest.raises(RefusedError, match=r"k-nn cannot judge a tagging task.*measure short runs instead"):
        check_fit("k-nn", "tagging")


def test_a_name_that_nobody_has():
    with pytest.raises(UnknownNameError, match=r"did you mean logme\? `modaxfer list transferability` shows all"):
        check_fit("logm", "binary")


@pytest.mark.parametrize("entry", registry().all("transferability score"), ids=lambda entry: entry.name)
def test_every_score_is_a_function_that_says_what_it_is(entry):
    assert load_target(entry.spec.target).__doc__.startswith("Return")


def test_what_predicts_says_its_predictions():
    encoded = encoded_rows(*drawn())
    for entry in registry().all("transferability score"):
        if not entry.spec.needs_source_head:
            assert (judged(entry.name, encoded).predictions is not None) == entry.spec.predicts


def test_the_same_rows_are_judged_alike():
    encoded = encoded_rows(*drawn(signal=0.3))
    assert judged("k-nn", encoded).value == judged("k-nn", encoded).value


def test_a_score_of_no_number_is_told(monkeypatch):
    monkeypatch.setattr(judge, "call_target", lambda *_, **__: Judged(value=np.nan, layers=()))
    with pytest.raises(RunFailedError, match=r"score modaxfer/logme gives nothing by which encoders .*\. Got: nan"):
        judged("logme", encoded_rows(*drawn()))


def test_an_encoder_that_says_the_same_of_all_rows():
    with pytest.raises(RefusedError, match=r"says the same of every row"):
        judged("h-score", encoded_rows(np.ones((20, 4)), np.arange(20) % 2))


def test_arrays_of_other_rows():
    with pytest.raises(DataError, match=r"Got: layers \(1, 120, 6\), targets of 119 rows"):
        encoded_rows(drawn()[0], np.arange(119) % 3)
