"""Rows go through frozen bodies once: for training, for scores, for each part of a row, and for runs that follow."""

from __future__ import annotations

import pytest

import modaxfer
from modaxfer.runner.training import features

pytestmark = pytest.mark.recipe

QUICK = {"strategy": "fusion", "batch_size": 8, "precision": "fp32", "device": "cpu", "quiet": True, "epochs": 2}


@pytest.fixture
def encoded(monkeypatch):
    """Return the names of the splits that went through the bodies, in their order."""
    names, through_bodies = [], features._pooled

    def noted(session, split, name):
        names.append(name)
        return through_bodies(session, split, name)

    monkeypatch.setattr(features, "_pooled", noted)
    return names


@pytest.fixture
def train(tiny, own_rows, tmp_path):
    def run(name, **options):
        encoders = [str(tiny("bert")), str(tiny("vit"))]
        return modaxfer.train(
            encoder=encoders, output=str(tmp_path / name), set=options, **QUICK, **own_rows("text")
        ).result

    return run


def test_a_second_head_on_the_same_features_encodes_nothing(train, encoded):
    train("first", **{"strategy.how": "gated"})
    assert sorted(encoded) == ["test", "train", "validation"]
    train("second", **{"strategy.how": "vote"})
    assert len(encoded) == 3


def test_scores_from_kept_features_are_those_of_the_whole_model(train, encoded):
    kept = train("kept", **{"strategy.how": "concat"})
    anew = train("anew", **{"strategy.how": "concat", "train.cache": False})
    assert "test" in encoded
    assert kept.metrics["test"] == pytest.approx(anew.metrics["test"])
    assert kept.metrics["train"] == pytest.approx(anew.metrics["train"])
    for part in kept.ablation:
        assert kept.ablation[part]["metrics"] == pytest.approx(anew.ablation[part]["metrics"])


def test_what_has_moved_is_not_read_from_the_features_of_what_it_was(train, encoded):
    train("before", **{"strategy.how": "concat"})
    encoded.clear()
    train("moved", **{"strategy.how": "concat", "strategy.underneath": "full"})
    # Scores go through the whole model; the parts of a row through the bodies as they are now.
    assert encoded == ["test"]
