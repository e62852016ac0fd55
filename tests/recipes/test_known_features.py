"""Rows go through frozen bodies once: for training, for scores, for each part of a row, and for runs that follow."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

import modaxfer
from modaxfer.runner.training import features

pytestmark = pytest.mark.recipe

QUICK = {"strategy": "fusion", "batch_size": 8, "precision": "fp32", "device": "cpu", "quiet": True, "epochs": 2}


@contextmanager
def noted():
    """Note the names of the splits that go through the bodies, in their order."""
    names, through_bodies = [], features._pooled

    def note(session, split, name):
        names.append(name)
        return through_bodies(session, split, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "_pooled", note)
        yield names


@pytest.fixture(scope="module")
def train(tiny, own_rows, tmp_path_factory):
    """Return a function that joins the vectors of two bodies, to a result and what was encoded for it."""

    def run(**options):
        encoders, folder = [str(tiny("bert")), str(tiny("vit"))], tmp_path_factory.mktemp("joined") / "run"
        with noted() as names:
            run = modaxfer.train(encoder=encoders, output=str(folder), set=options, **QUICK, **own_rows("text"))
        return run.result, names

    return run


@pytest.fixture(scope="module")
def first(train):
    return train(**{"strategy.how": "concat"})


def test_a_second_head_on_the_same_features_encodes_nothing(first, train):
    assert sorted(first[1]) == ["test", "train", "validation"]
    assert train(**{"strategy.how": "vote"})[1] == []


def test_scores_from_kept_features_are_those_of_the_whole_model(first, train):
    kept = first[0]
    anew, encoded = train(**{"strategy.how": "concat", "train.cache": False})
    assert "test" in encoded
    assert kept.metrics["test"] == pytest.approx(anew.metrics["test"])
    assert kept.metrics["train"] == pytest.approx(anew.metrics["train"])
    for part in kept.ablation:
        assert kept.ablation[part]["metrics"] == pytest.approx(anew.ablation[part]["metrics"])


@pytest.mark.usefixtures("first")
def test_what_has_moved_is_not_read_from_the_features_of_what_it_was(train):
    # Scores go through the whole model; the parts of a row through the bodies as they are now.
    assert train(**{"strategy.how": "concat", "strategy.underneath": "full"})[1] == ["test"]
